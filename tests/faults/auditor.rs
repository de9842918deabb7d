//! Compares three records that know nothing of each other: the store, the telephone company's own, and what was
//! acknowledged to clients. Counts what is lost, doubled or stuck.

use crate::agent::Heard;
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
};
use strowger::providers::simulator::{Event, Purpose, Record, Status, Story, Webhook};

/// A call in the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub id: String,
    pub sid: String,
    pub state: String,
    pub outcome: Option<String>,
    pub agent: Option<String>,
    pub ticket: String,
    pub ended_ms: Option<i64>,
    pub is_live: bool,
}

/// An offer in the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    pub id: String,
    pub call: String,
    pub agent: String,
    pub at_ms: i64,
    pub ended_ms: Option<i64>,
    pub cause: Option<String>,
}

/// A message in the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub call: String,
    pub recording: String,
    /// Its sound is in the data folder.
    pub has_sound: bool,
}

/// A ticket in the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticket {
    pub id: String,
    pub call: Option<String>,
}

/// Everything that is known, by whom.
#[derive(Debug, Clone)]
pub struct Evidence {
    pub calls: Vec<Call>,
    pub offers: Vec<Offer>,
    pub tickets: Vec<Ticket>,
    pub messages: Vec<Message>,
    /// Work that is not done, as it is written down.
    pub jobs: Vec<String>,
    pub quarantine: Vec<String>,
    /// Webhooks that wait to be recorded.
    pub spooled: usize,
    /// The telephone company's record.
    pub company: Record,
    /// What agents heard.
    pub heard: Vec<Heard>,
    /// Agents who were not offered a call when all were free.
    pub unoffered: Vec<String>,
}

/// What is to be compared.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope {
    /// Everybody has hung up and everything had its time.
    pub settled: bool,
    /// The wall clock jumped: instants in the store are not in order.
    pub clock_jumped: bool,
    /// Nothing could be written down, not even in the spool: who was held or heard the message of last resort then, and
    /// is gone, may be in no book. It is the one exception.
    pub nowhere_to_write: bool,
}

/// What is wrong, each in a sentence.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    pub lost: BTreeSet<String>,
    pub doubled: BTreeSet<String>,
    pub stuck: BTreeSet<String>,
    /// Callers who heard the telephone company's error voice, or got what is no document.
    pub unanswered: BTreeSet<String>,
}

impl Verdict {
    pub fn is_clean(&self) -> bool {
        self == &Self::default()
    }

    pub fn add(&mut self, other: Self) {
        self.lost.extend(other.lost);
        self.doubled.extend(other.doubled);
        self.stuck.extend(other.stuck);
        self.unanswered.extend(other.unanswered);
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            ("lost", &self.lost),
            ("doubled", &self.doubled),
            ("stuck", &self.stuck),
            ("unanswered", &self.unanswered),
        ];
        for (kind, sentences) in all {
            for sentence in sentences.iter().take(8) {
                writeln!(f, "  {kind}: {sentence}")?;
            }
            if sentences.len() > 8 {
                writeln!(f, "  {kind}: and {} more", sentences.len() - 8)?;
            }
        }
        Ok(())
    }
}

impl Evidence {
    /// Reads the store in this data folder, beside a running daemon or without one, and changes nothing.
    pub async fn gather(data: &Path, company: Record, heard: Vec<Heard>) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new().filename(data.join("strowger.db")).read_only(true);
        let mut store = SqliteConnection::connect_with(&options).await?;
        let mut rows = store.begin().await?;
        let calls = sqlx::query(
            "select id, provider_call_id, state, outcome, agent, ticket, ended_ms, live is not null from calls",
        );
        let calls = calls.try_map(|row: sqlx::sqlite::SqliteRow| {
            Ok(Call {
                id: row.try_get(0)?,
                sid: row.try_get(1)?,
                state: row.try_get(2)?,
                outcome: row.try_get(3)?,
                agent: row.try_get(4)?,
                ticket: row.try_get(5)?,
                ended_ms: row.try_get(6)?,
                is_live: row.try_get(7)?,
            })
        });
        let calls = calls.fetch_all(&mut *rows).await?;
        let offers = sqlx::query("select id, call, agent, at_ms, ended_ms, cause from offers");
        let offers = offers.try_map(|row: sqlx::sqlite::SqliteRow| {
            Ok(Offer {
                id: row.try_get(0)?,
                call: row.try_get(1)?,
                agent: row.try_get(2)?,
                at_ms: row.try_get(3)?,
                ended_ms: row.try_get(4)?,
                cause: row.try_get(5)?,
            })
        });
        let offers = offers.fetch_all(&mut *rows).await?;
        let tickets = sqlx::query_as::<_, (String, Option<String>)>("select id, call from tickets");
        let tickets = tickets.fetch_all(&mut *rows).await?;
        let messages =
            sqlx::query_as::<_, (String, String, String)>("select call, recording, sha256 from voicemails");
        let messages = messages.fetch_all(&mut *rows).await?;
        let jobs = sqlx::query_scalar("select document || coalesce(' ' || error, '') from jobs")
            .fetch_all(&mut *rows)
            .await?;
        let quarantine = sqlx::query_scalar("select error || ': ' || document from quarantine")
            .fetch_all(&mut *rows)
            .await?;
        let sound = |sha256: &str| data.join("voicemail").join(format!("{sha256}.wav")).exists();
        Ok(Self {
            calls,
            offers,
            tickets: tickets.into_iter().map(|(id, call)| Ticket { id, call }).collect(),
            messages: messages
                .into_iter()
                .map(|(call, recording, sha256)| Message { call, recording, has_sound: sound(&sha256) })
                .collect(),
            jobs,
            quarantine,
            spooled: spooled(data),
            company,
            heard,
            unoffered: Vec::new(),
        })
    }

    pub fn audit(&self, scope: Scope) -> Verdict {
        let mut verdict = Verdict::default();
        self.audit_acknowledged(scope, &mut verdict);
        self.audit_frames(&mut verdict);
        self.audit_messages(scope, &mut verdict);
        self.audit_tickets(&mut verdict);
        self.audit_legs(scope, &mut verdict);
        self.audit_documents(&mut verdict);
        if scope.settled {
            self.audit_rest(&mut verdict);
            self.audit_last_words(&mut verdict);
        }
        verdict
    }

    fn call_of(&self, sid: &str) -> Option<&Call> {
        self.calls.iter().find(|call| call.sid == sid)
    }

    /// What got a 2xx is in the store.
    fn audit_acknowledged(&self, scope: Scope, verdict: &mut Verdict) {
        let known: BTreeSet<&str> = self.calls.iter().map(|call| call.id.as_str()).collect();
        let mut sids = BTreeSet::new();
        for call in &self.calls {
            if !sids.insert(&call.sid) {
                verdict.doubled.insert(format!("the call {} is written twice", call.sid));
            }
            if !self.company.calls.iter().any(|story| story.sid == call.sid) {
                verdict.doubled.insert(format!("nobody ever placed the call {}", call.sid));
            }
        }
        for story in &self.company.calls {
            let named = story.webhooks().filter(|webhook| is_good(webhook)).filter_map(|webhook| {
                let (_, rest) = webhook.url.split_once("/c/")?;
                rest.split('/').next()
            });
            for call in named.collect::<BTreeSet<_>>() {
                if !known.contains(call) {
                    verdict
                        .lost
                        .insert(format!("the call {call} ({}) that webhooks were answered for", story.sid));
                }
            }
            let acknowledged = story.webhooks().any(is_good);
            let excused = !scope.settled && self.spooled > 0 || scope.nowhere_to_write;
            if acknowledged && self.call_of(&story.sid).is_none() && !(excused && only_safe(story)) {
                verdict.lost.insert(format!("the call {}, which was answered 2xx", story.sid));
            }
        }
    }

    /// What agents heard is in the store.
    fn audit_frames(&self, verdict: &mut Verdict) {
        let offers: BTreeMap<&str, &Offer> =
            self.offers.iter().map(|offer| (offer.id.as_str(), offer)).collect();
        let mut winners = BTreeMap::new();
        let mut busy_with: BTreeMap<&str, &str> = BTreeMap::new();
        for Heard { agent, frame } in &self.heard {
            let text = |key: &str| frame[key].as_str().unwrap_or_default();
            let stored = offers.get(text("offer_id")).filter(|offer| offer.agent == *agent);
            let cause = stored.and_then(|offer| offer.cause.as_deref()).unwrap_or("open");
            let id = text("offer_id");
            match text("type") {
                "offer" if stored.is_none() => {
                    verdict.lost.insert(format!("the offer {id} that an agent saw"));
                }
                "offer_won" => {
                    if !matches!(cause, "won" | "connection_failed" | "caller_hung_up") {
                        verdict.lost.insert(format!("the offer {id} was won, and is {cause} in the store"));
                    }
                    if winners.insert(id, agent).is_some_and(|before| before != agent) {
                        verdict.doubled.insert(format!("the offer {id} was won by two agents"));
                    }
                }
                // Clients hear of a miss as of any ring that expired.
                "offer_ended" if (cause, text("cause")) == ("missed", "expired") => {}
                "offer_ended" if cause != text("cause") && !matches!(cause, "won" | "connection_failed") => {
                    let heard = text("cause");
                    verdict.lost.insert(format!("the offer {id} ended as {heard}, and is {cause}"));
                }
                "welcome" => {
                    busy_with.remove(agent.as_str());
                    if let Some(call) = frame["call"]["call_id"].as_str() {
                        busy_with.insert(agent, call);
                    }
                }
                "call" if text("state") == "ended" => {
                    busy_with.retain(|busy, call| busy != agent || *call != text("call_id"));
                }
                "call" => {
                    let call = text("call_id");
                    if busy_with.insert(agent, call).is_some_and(|before| before != call) {
                        verdict.doubled.insert(format!("an agent has two calls, one is {call}"));
                    }
                }
                _ => {}
            }
        }
    }

    /// Every message is kept, or still at the telephone company.
    fn audit_messages(&self, scope: Scope, verdict: &mut Verdict) {
        for message in self.messages.iter().filter(|message| !message.has_sound) {
            verdict.lost.insert(format!("the sound of the message {}", message.recording));
        }
        let with_sound =
            self.company.recordings.iter().filter(|recording| recording.seconds > recording.silent_seconds);
        for recording in with_sound {
            let kept = self.messages.iter().filter(|message| message.recording == recording.sid).count();
            let sid = &recording.sid;
            match kept {
                0 if recording.is_deleted => {
                    verdict.lost.insert(format!("the message {sid}, kept nowhere"));
                }
                0 if scope.settled => {
                    let call = self.call_of(&recording.call_sid);
                    let told = self.company.calls.iter().find(|story| story.sid == recording.call_sid);
                    let told: Vec<String> = told.into_iter().flat_map(Story::problems).collect();
                    verdict.stuck.insert(format!(
                        "the message {sid} is still at the telephone company; its call is {call:?}, {told:?}"
                    ));
                }
                2.. => {
                    verdict.doubled.insert(format!("the message {sid} is kept {kept} times"));
                }
                _ => {}
            }
        }
    }

    fn audit_tickets(&self, verdict: &mut Verdict) {
        let ids: BTreeSet<&str> = self.tickets.iter().map(|ticket| ticket.id.as_str()).collect();
        for call in self.calls.iter().filter(|call| !ids.contains(call.ticket.as_str())) {
            verdict.lost.insert(format!("the ticket of the call {}", call.sid));
        }
        let mut firsts = BTreeSet::new();
        for ticket in &self.tickets {
            let Some(call) = &ticket.call else { continue };
            let known = self.calls.iter().any(|known| known.id == *call && known.ticket == ticket.id);
            if !firsts.insert(call) || !known {
                verdict.doubled.insert(format!("the ticket {} beside that of its call {call}", ticket.id));
            }
        }
    }

    /// One caller, one agent; one agent, one caller.
    fn audit_legs(&self, scope: Scope, verdict: &mut Verdict) {
        for story in &self.company.calls {
            let mut up = BTreeSet::new();
            for event in &story.events {
                let Event::Leg { sid, status } = event else { continue };
                match status {
                    Status::InProgress => drop(up.insert(sid)),
                    status if status.is_over() => drop(up.remove(sid)),
                    _ => {}
                }
                if up.len() > 1 {
                    verdict.doubled.insert(format!("two agents talk on the call {}", story.sid));
                }
            }
        }
        if scope.clock_jumped {
            return;
        }
        let mut spans: BTreeMap<&str, Vec<(i64, i64, &str)>> = BTreeMap::new();
        let mut won: BTreeMap<&str, Vec<(i64, &Offer)>> = BTreeMap::new();
        for offer in self.offers.iter().filter(|offer| offer.cause.as_deref() == Some("won")) {
            let from = offer.ended_ms.unwrap_or_default();
            won.entry(&offer.call).or_default().push((from, offer));
            let call = self.calls.iter().find(|call| call.id == offer.call);
            let Some(call) = call.filter(|call| call.agent.as_ref() == Some(&offer.agent)) else { continue };
            let story = self.company.calls.iter().find(|story| story.sid == call.sid);
            if story.is_some_and(went_on) {
                continue;
            }
            let span = (from, call.ended_ms.unwrap_or(i64::MAX), call.sid.as_str());
            spans.entry(&offer.agent).or_default().push(span);
        }
        for (agent, mut calls) in spans {
            calls.sort_unstable();
            for pair in calls.windows(2) {
                if pair[0].1 > pair[1].0 && pair[0].2 != pair[1].2 {
                    let (one, other) = (pair[0].2, pair[1].2);
                    verdict.doubled.insert(format!("the agent {agent} had {one} and {other} at once"));
                }
            }
        }
        for (call, mut offers) in won {
            offers.sort_unstable_by_key(|(from, _)| *from);
            // Who wins a call after somebody else was offered it after that one's conversation.
            if offers.windows(2).any(|pair| pair[1].1.at_ms < pair[0].0) {
                verdict.doubled.insert(format!("the call {call} was won twice"));
            }
        }
    }

    /// Everybody got documents, and nothing but documents.
    fn audit_documents(&self, verdict: &mut Verdict) {
        for story in &self.company.calls {
            let sid = &story.sid;
            if story.ending == Some(strowger::providers::simulator::Ending::ApplicationError) {
                let why: Vec<String> = story.problems().collect();
                let last = &why[why.len().saturating_sub(4)..];
                verdict.unanswered.insert(format!("the call {sid} ended with the error voice: {last:?}"));
            }
            for event in &story.events {
                match event {
                    Event::Problem(problem) => {
                        verdict.unanswered.insert(format!("the call {sid}: {problem}"));
                    }
                    Event::Error { code, url, message } if *code >= 12_000 => {
                        verdict.unanswered.insert(format!("the call {sid}: {code} at {url}: {message}"));
                    }
                    _ => {}
                }
            }
            let refused = story.webhooks().filter_map(|webhook| {
                let answer = webhook.answer.as_ref().ok()?;
                (answer.status >= 300).then(|| format!("{} was answered {}", webhook.url, answer.status))
            });
            verdict.unanswered.extend(refused);
        }
    }

    /// Nothing is left open.
    fn audit_rest(&self, verdict: &mut Verdict) {
        for story in self.company.live_calls() {
            verdict.stuck.insert(format!("the call {} is still at the telephone company", story.sid));
        }
        for leg in self.company.live_legs() {
            verdict.stuck.insert(format!("the leg {} is still at the telephone company", leg.sid));
        }
        for call in self.calls.iter().filter(|call| call.state != "ended" || call.is_live) {
            verdict.stuck.insert(format!("the call {} is {} in the store and over", call.sid, call.state));
        }
        let open = |offer: &&Offer| offer.ended_ms.is_none() || offer.cause.is_none();
        for offer in self.offers.iter().filter(open) {
            verdict.stuck.insert(format!("the offer {} is open", offer.id));
        }
        verdict.stuck.extend(self.jobs.iter().map(|job| format!("the job {job}")));
        verdict.stuck.extend(self.quarantine.iter().map(|event| format!("in quarantine: {event}")));
        if self.spooled > 0 {
            verdict.stuck.insert(format!("{} webhooks are set aside", self.spooled));
        }
        for agent in &self.unoffered {
            verdict.stuck.insert(format!("the agent {agent} is not offered calls any more"));
        }
        for story in &self.company.calls {
            // As far as it could be known: the word of it may have died on its way.
            let told = |webhook: &&Webhook| {
                let leg_is_up = webhook.purpose == Purpose::LegStatus
                    && webhook.param("CallStatus") == Some("in-progress");
                let has_talked = webhook.param("DialCallStatus") == Some("completed");
                is_good(webhook) && (leg_is_up || has_talked)
            };
            let talked = story.webhooks().any(|webhook| told(&webhook));
            let outcome = self.call_of(&story.sid).and_then(|call| call.outcome.as_deref());
            if talked && matches!(outcome, Some("abandoned" | "rejected")) {
                let outcome = outcome.unwrap_or_default();
                verdict.lost.insert(format!("they talked on the call {}; it is {outcome}", story.sid));
            }
        }
    }

    /// The last that an agent heard leaves them free.
    fn audit_last_words(&self, verdict: &mut Verdict) {
        let mut open: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let mut call: BTreeMap<&str, String> = BTreeMap::new();
        for Heard { agent, frame } in &self.heard {
            let text = |key: &str| frame[key].as_str().unwrap_or_default().to_owned();
            let open = open.entry(agent).or_default();
            match text("type").as_str() {
                "welcome" => {
                    let offers = frame["offers"].as_array().into_iter().flatten();
                    *open =
                        offers.filter_map(|offer| offer["offer_id"].as_str().map(str::to_owned)).collect();
                    call.remove(agent.as_str());
                    if let Some(id) = frame["call"]["call_id"].as_str() {
                        call.insert(agent, id.to_owned());
                    }
                }
                "offer" => drop(open.insert(text("offer_id"))),
                "offer_ended" | "offer_lost" | "offer_won" => drop(open.remove(&text("offer_id"))),
                "call" if text("state") == "ended" => drop(call.remove(agent.as_str())),
                "call" => drop(call.insert(agent, text("call_id"))),
                _ => {}
            }
        }
        for (agent, offers) in open {
            let left = offers.iter().map(|offer| format!("the agent {agent} still sees the offer {offer}"));
            verdict.stuck.extend(left);
        }
        for (agent, call) in call {
            verdict.stuck.insert(format!("the agent {agent} still sees the call {call}"));
        }
    }
}

/// How many webhooks wait in the spool.
pub fn spooled(data: &Path) -> usize {
    let files = std::fs::read_dir(data.join("spool")).into_iter().flatten().flatten();
    let lines = |path| std::fs::read(path).map_or(0, |bytes| bytes.split(|byte| *byte == b'\n').count() - 1);
    files.map(|file| lines(file.path())).sum()
}

/// An agent's side ended by itself, and the caller is back in the line: asked there at once, or by the fallback where
/// nobody answered.
fn went_on(story: &Story) -> bool {
    let answered = |webhook: &Webhook, word: &str| {
        webhook.answer.as_ref().is_ok_and(|answer| answer.status < 300 && answer.body.contains(word))
    };
    let mut after_talk = story.webhooks().skip_while(|webhook| webhook.purpose != Purpose::DialAction);
    after_talk.any(|webhook| match webhook.purpose {
        Purpose::DialAction => answered(webhook, "Redirect"),
        Purpose::Fallback => answered(webhook, ""),
        _ => false,
    })
}

fn is_good(webhook: &Webhook) -> bool {
    webhook.answer.as_ref().is_ok_and(|answer| (200..300).contains(&answer.status))
}

/// The caller was only ever served without the store.
fn only_safe(story: &Story) -> bool {
    let asked = |purpose| !matches!(purpose, Purpose::Status | Purpose::LegStatus | Purpose::RecordingStatus);
    let mut answers = story.webhooks().filter(|webhook| is_good(webhook) && asked(webhook.purpose));
    answers.all(|webhook| {
        let body = webhook.answer.as_ref().map_or("", |answer| answer.body.as_str());
        !body.contains("/c/")
    })
}
