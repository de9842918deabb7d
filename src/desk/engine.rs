//! The one loop. It takes every event that waits, decides them in order, records all of them in one transaction, and
//! only then acts: answers webhooks, tells softphones, starts jobs. What was not recorded was never said.

use super::{
    Desk, Envelope, Health, Input, Outcome, Providers, QUEUE, TicketPatch, Webhook,
    documents::{self, Sounds},
    jobs::{self, Report, Runner},
    settings::{Ground, Refused, Settings},
    softphones::{ClientFrame, Frame, Opened, Origin, Said, SocketId, Softphones},
    wrong,
};
use crate::{
    calls::{
        decision::{Decision, Job, Say, TicketChange, Write},
        event::{Arrival, Event},
        switchboard::{Facts, Switchboard},
        time::Now,
    },
    clock::Clock,
    providers::{Document, Reading, Reply, addresses::Addresses},
    routing::{
        ids::{ChannelId, Ids, JobId, TicketId, UserId},
        load::{COUNTED_FOR, Load, TicketType},
    },
    store::{
        self, Writer,
        answers::AnswerRow,
        batch::{Batch, NotCommitted},
        decisions::DecisionRow,
        events::EventRow,
        jobs::JobRow,
        quarantine::QuarantineRow,
        settings::Change,
        voicemails::Voicemail,
    },
    tickets::ticket::Ticket,
};
use anyhow::Context;
use chrono::TimeDelta;
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{error, info, warn};

/// How many events are decided and recorded together at the most.
const BATCH: usize = 256;
/// Answers stay in memory this long after they were given; later doubles find them in the store.
const ANSWERS_KEPT_MS: i64 = 15 * 60 * 1000;
/// A deadline is looked at again at least this often, as the machine may have slept meanwhile.
const NAP: Duration = Duration::from_secs(5);
/// How often loads are recounted and old answers forgotten.
const CHORES_EVERY_MS: i64 = 60 * 60 * 1000;

/// What the engine needs from outside.
pub struct Surroundings {
    pub clock: Clock,
    pub ground: Arc<Ground>,
    pub providers: Arc<Providers>,
    pub runner: Runner,
    pub public_url: String,
    pub sounds: Sounds,
    /// Where ids come from.
    pub seed: u64,
}

pub struct Engine {
    around: Surroundings,
    writer: Writer,
    queue: mpsc::Receiver<Envelope>,
    desk: Desk,
    publish: watch::Sender<Arc<Settings>>,
    health: Arc<Health>,
    softphones: Softphones,
    memory: Memory,
    chores_at_ms: i64,
}

/// What is known of the store without reading it: projections, all rebuilt from it at a start and after a failure.
struct Memory {
    settings: Arc<Settings>,
    board: Switchboard,
    load: Load,
    /// The tickets of live calls.
    tickets: HashMap<TicketId, Ticket>,
    /// Every call that ever came, by a hash of what its telephone company calls it.
    known_calls: HashSet<u128>,
    answers: Answers,
    ids: Ids,
}

/// Everything that one round wants recorded and done.
#[derive(Default)]
struct Round {
    batch: Batch,
    says: Vec<(Say, Option<usize>)>,
    jobs: Vec<JobRow>,
    outcomes: Vec<Option<Outcome>>,
    opened: Vec<Opened>,
    revoked: Vec<crate::routing::ids::TokenId>,
    settings_changed: bool,
}

/// Why a round came to nothing.
enum Broken {
    /// Deciding it panicked.
    Panicked(String),
    Store(NotCommitted),
}

/// Answers to webhooks of the last minutes, by event key.
#[derive(Default)]
struct Answers {
    by_key: HashMap<[u8; 32], Arc<Reply>>,
    by_age: VecDeque<(i64, [u8; 32])>,
}

impl Answers {
    fn get(&self, key: &[u8; 32]) -> Option<Arc<Reply>> {
        self.by_key.get(key).cloned()
    }

    fn keep(&mut self, key: [u8; 32], reply: Arc<Reply>, now: Now) {
        self.by_key.insert(key, reply);
        self.by_age.push_back((now.steady.0, key));
        while let Some(&(at, key)) = self.by_age.front()
            && at < now.steady.0 - ANSWERS_KEPT_MS
        {
            self.by_age.pop_front();
            self.by_key.remove(&key);
        }
    }
}

impl Engine {
    /// Takes up where the store left off. Answers the engine, to be run, and the door to it.
    pub async fn start(around: Surroundings, mut writer: Writer) -> anyhow::Result<(Self, Desk)> {
        let memory = recall(&around, &mut writer).await?;
        let (sender, queue) = mpsc::channel(QUEUE);
        let (publish, settings) = watch::channel(memory.settings.clone());
        let health = Arc::new(Health::default());
        let desk = Desk::new(sender, settings, health.clone());
        let chores_at_ms = around.clock.now().steady.0 + CHORES_EVERY_MS;
        let softphones = Softphones::default();
        let mut engine = Self {
            around,
            writer,
            queue,
            desk: desk.clone(),
            publish,
            health,
            softphones,
            memory,
            chores_at_ms,
        };
        engine.resume_jobs().await?;
        info!(
            calls.live = engine.memory.board.calls().count(),
            epoch = engine.writer.epoch(),
            batch = engine.writer.last_batch(),
            "the engine took up where the store left off"
        );
        Ok((engine, desk))
    }

    /// Runs until `stop` resolves, then finishes what waits. Err: another daemon has taken over.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        tokio::pin!(stop);
        loop {
            let nap = self.time_to_next_deadline();
            let first = tokio::select! {
                biased;
                () = &mut stop => break,
                first = self.queue.recv() => first,
                () = tokio::time::sleep(nap) => Some(Envelope { input: Input::Tick, reply: None }),
            };
            let Some(first) = first else { break };
            let envelopes = self.drain(first);
            self.take(envelopes).await?;
            self.do_chores().await;
        }
        self.finish().await
    }

    async fn finish(mut self) -> anyhow::Result<()> {
        self.queue.close();
        while let Some(first) = self.queue.recv().await {
            let envelopes = self.drain(first);
            self.take(envelopes).await?;
        }
        self.softphones.close_all();
        let now = self.around.clock.now().at;
        self.writer.stop(now.timestamp_millis()).await.context("cannot close the database")
    }

    fn drain(&mut self, first: Envelope) -> Vec<Envelope> {
        let mut envelopes = vec![first];
        while envelopes.len() < BATCH
            && let Ok(next) = self.queue.try_recv()
        {
            envelopes.push(next);
        }
        envelopes
    }

    fn time_to_next_deadline(&self) -> Duration {
        let now = self.around.clock.now().steady;
        let Some(deadline) = self.memory.board.next_deadline() else { return NAP };
        let ms = deadline.ms_since(now).max(0);
        Duration::from_millis(u64::try_from(ms).unwrap_or(0)).min(NAP)
    }

    /// Decides, records and acts on all of them together. If that fails, one by one: a bad event must not fail the
    /// others, and while the store is away they wait here.
    async fn take(&mut self, envelopes: Vec<Envelope>) -> anyhow::Result<()> {
        let inputs: Vec<&Input> = envelopes.iter().map(|envelope| &envelope.input).collect();
        let broken = match self.attempt(&inputs).await {
            Ok(round) => return self.act(round, envelopes).await,
            Err(broken) => broken,
        };
        if let Broken::Store(NotCommitted::Fenced) = broken {
            anyhow::bail!("another strowger has taken over the database");
        }
        self.recover().await?;
        if envelopes.len() == 1 {
            return self.take_alone(envelopes, broken).await;
        }
        for envelope in envelopes {
            Box::pin(self.take(vec![envelope])).await?;
        }
        Ok(())
    }

    /// The one event that failed by itself.
    async fn take_alone(&mut self, mut envelopes: Vec<Envelope>, mut broken: Broken) -> anyhow::Result<()> {
        loop {
            let error = match broken {
                Broken::Panicked(error) => error,
                Broken::Store(NotCommitted::Fenced) => {
                    anyhow::bail!("another strowger has taken over the database")
                }
                Broken::Store(NotCommitted::Failed(error)) if is_about_this_event(&error) => {
                    error.to_string()
                }
                Broken::Store(NotCommitted::Failed(error)) => {
                    self.store_is_down(&error);
                    tokio::time::sleep(Duration::from_millis(250)).await;
                    self.recover().await?;
                    match self.attempt(&[&envelopes[0].input]).await {
                        Ok(round) => return self.act(round, envelopes).await,
                        Err(again) => broken = again,
                    }
                    continue;
                }
            };
            self.quarantine(&envelopes[0].input, &error).await;
            if let Some(reply) = envelopes.pop().and_then(|envelope| envelope.reply) {
                let _ = reply.send(Outcome::Unavailable);
            }
            return Ok(());
        }
    }

    fn store_is_down(&self, error: &sqlx::Error) {
        if !self.health.store_down.swap(true, Ordering::Relaxed) {
            error!(%error, "the store takes no writes; callers are held until it does");
        }
    }

    /// Decides everything and records it. On failure nothing of it is in the store, and memory is ahead of it.
    async fn attempt(&mut self, inputs: &[&Input]) -> Result<Round, Broken> {
        let mut round = Round::default();
        for (index, input) in inputs.iter().enumerate() {
            let outcome = self.decide(input, index, &mut round).await?;
            round.outcomes.push(outcome);
        }
        if !round.batch.is_empty() {
            self.writer.commit(&round.batch).await.map_err(Broken::Store)?;
        }
        if self.health.store_down.swap(false, Ordering::Relaxed) {
            info!("the store takes writes again");
        }
        Ok(round)
    }

    async fn decide(
        &mut self,
        input: &Input,
        index: usize,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        match input {
            Input::Webhook(webhook) => self.webhook(webhook, index, round).await,
            Input::SocketOpened(opened) => {
                round.opened.push(opened.clone());
                Ok(None)
            }
            Input::SocketClosed { agent, socket } => {
                if self.softphones.close(*agent, *socket) {
                    self.happen(Event::AgentDisconnected { agent: *agent }, None, round)?;
                }
                Ok(None)
            }
            Input::Frame { agent, socket, frame } => self.frame(*agent, *socket, frame, index, round),
            Input::Event(event) => self.happen(event.clone(), None, round).map(|_| None),
            Input::Job(report) => self.job(report, round),
            Input::Save(change) => self.save(change.clone(), round),
            Input::Ticket { ticket, patch } => self.change_ticket(*ticket, patch, round).await,
            Input::Tick => self.happen(Event::TimePassed, None, round).map(|_| None),
        }
    }

    /// Hands an event to the switchboard and gathers what comes of it.
    fn happen(
        &mut self,
        event: Event,
        index: Option<usize>,
        round: &mut Round,
    ) -> Result<Option<Reply>, Broken> {
        let now = self.around.clock.now();
        let memory = &mut self.memory;
        memory.load.expire(now.at);
        let facts = Facts {
            people: &memory.settings.people,
            channels: &memory.settings.channels,
            times: self.around.ground.times,
            load: &memory.load,
            now,
        };
        let name = event.name();
        let quiet = matches!(event, Event::TimePassed);
        let document = if quiet { None } else { Some(store::to_json(&event)) };
        let board = &mut memory.board;
        let decision = catch_unwind(AssertUnwindSafe(|| board.handle(event, facts))).map_err(panicked)?;
        if let Some(document) = document {
            round.batch.events.push(EventRow { at: now.at, document });
        }
        let reply = self.encode(&decision);
        self.gather(decision, name, now, index, round);
        Ok(reply)
    }

    fn encode(&self, decision: &Decision) -> Option<Reply> {
        let answer = decision.answer.as_ref()?;
        let ended = decision.write.iter().find_map(|write| match write {
            Write::Call(call) => Some(call.as_ref()),
            _ => None,
        });
        let call = answer.call.and_then(|id| self.memory.board.call(id)).or(ended)?;
        let settings = &self.memory.settings;
        let channel = settings.channels.get(&call.channel);
        let sounds = &self.around.sounds;
        let document = documents::document(answer.instruction.clone(), call.id, channel, settings, sounds);
        Some(self.write(&call.provider, call.channel, &document))
    }

    fn write(&self, provider: &str, channel: ChannelId, document: &Document) -> Reply {
        let addresses = self.addresses(provider, channel);
        match self.around.providers.get(provider) {
            Some(company) => company.write(&addresses, document),
            None => Reply { content_type: "text/plain".into(), body: String::new() },
        }
    }

    fn addresses(&self, provider: &str, channel: ChannelId) -> Addresses {
        Addresses { public_url: self.around.public_url.clone(), provider: provider.to_owned(), channel }
    }

    fn gather(&mut self, decision: Decision, event: &str, now: Now, index: Option<usize>, round: &mut Round) {
        round.says.extend(decision.say.into_iter().map(|say| (say, index)));
        for write in decision.write {
            self.gather_write(write, event, now, round);
        }
        for job in decision.later {
            self.add_job(job, now, round);
        }
    }

    fn add_job(&mut self, job: Job, now: Now, round: &mut Round) {
        let id = JobId(self.memory.ids.next(now.at.timestamp_millis()));
        let sent_at = Some(now.at);
        let row = JobRow { id, job, due_at: now.at, tries: 0, sent_at, failed_at: None, error: None };
        round.batch.jobs.insert(id, row.clone());
        round.jobs.push(row);
    }

    fn gather_write(&mut self, write: Write, event: &str, now: Now, round: &mut Round) {
        let batch = &mut round.batch;
        match write {
            Write::Call(call) => {
                if call.is_over() {
                    self.memory.tickets.remove(&call.ticket);
                }
                self.memory.known_calls.insert(fingerprint(&call.provider, &call.provider_call_id));
                batch.calls.insert(call.id, call);
            }
            Write::Offer(row) => {
                batch.offers.insert(row.offer.id, row);
            }
            Write::Decided(decided) => {
                let id = self.memory.ids.next(now.at.timestamp_millis());
                batch.decisions.push(DecisionRow::new(id, event, decided));
            }
            Write::Ticket(change) => self.ticket_changes(change, round),
            Write::Agent(row) => {
                batch.agents.insert(row.agent, row);
            }
            Write::Cursor { channel, cursor } => {
                batch.cursors.insert(channel, cursor);
            }
            Write::Voicemail { call, recording, sha256, at } => {
                let (recording, seconds) = (recording.id, recording.seconds);
                batch.voicemails.push(Voicemail { call, recording, seconds, sha256, kept_at: at });
            }
        }
    }

    fn ticket_changes(&mut self, change: TicketChange, round: &mut Round) {
        let id = match change {
            TicketChange::Open { ticket, call, channel, at } => {
                let mut opened = Ticket::open(ticket, TicketType::Calling, at);
                (opened.call, opened.channel) = (Some(call), Some(channel));
                self.memory.tickets.insert(ticket, opened);
                ticket
            }
            TicketChange::Assign { ticket, .. } | TicketChange::Unassign { ticket } => ticket,
        };
        // A ticket that is not of a live call (its recording came late) has no owner to take away.
        let Some(ticket) = self.memory.tickets.get_mut(&id) else { return };
        match change {
            TicketChange::Open { .. } => {}
            TicketChange::Assign { owner, at, .. } => ticket.assign(owner, at),
            TicketChange::Unassign { .. } => ticket.unassign(),
        }
        ticket.weigh(&mut self.memory.load);
        round.batch.tickets.insert(id, ticket.clone());
    }

    // Webhooks

    async fn webhook(
        &mut self,
        webhook: &Webhook,
        index: usize,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        if let Some(reply) = self.memory.answers.get(&webhook.key) {
            return Ok(Some(Outcome::Reply(reply)));
        }
        let Some(event) = self.resolve(webhook) else {
            return self.late(webhook, round).await;
        };
        let reply = match event {
            Some(event) => self.happen(event, Some(index), round)?,
            None => None,
        };
        let nothing = || self.write(&webhook.provider, webhook.channel, &Document::Nothing);
        let reply = Arc::new(reply.unwrap_or_else(nothing));
        let now = self.around.clock.now();
        self.memory.answers.keep(webhook.key, reply.clone(), now);
        round.batch.answers.push(AnswerRow {
            event_key: crate::audio::hex(&webhook.key),
            at: now.at,
            content_type: reply.content_type.clone(),
            body: reply.body.clone(),
        });
        Ok(Some(Outcome::Reply(reply)))
    }

    /// What a webhook means. `None`: its call is not live. `Some(None)`: nothing.
    fn resolve(&self, webhook: &Webhook) -> Option<Option<Event>> {
        let board = &self.memory.board;
        let live = |provider_call_id: &str| {
            let id = board.find(&webhook.provider, provider_call_id)?;
            board.call(id).filter(|call| call.channel == webhook.channel)
        };
        let is_new = |arrival: &Arrival| {
            let known = fingerprint(&arrival.provider, &arrival.provider_call_id);
            !self.memory.known_calls.contains(&known)
        };
        match &webhook.reading {
            Reading::Arrived(arrival) | Reading::Fallback(arrival) => {
                let is_live = live(&arrival.provider_call_id).is_some();
                (is_live || is_new(arrival)).then(|| Some(Event::CallArrived(arrival.clone())))
            }
            Reading::Event { provider_call_id, event } => {
                let call = board.call(event.call()?)?;
                let theirs = call.provider == webhook.provider
                    && call.channel == webhook.channel
                    && provider_call_id.as_ref().is_none_or(|id| *id == call.provider_call_id);
                theirs.then(|| Some(event.clone()))
            }
            Reading::Status { arrival, over } => match live(&arrival.provider_call_id) {
                Some(call) => Some(over.then_some(Event::CallerHungUp { call: call.id })),
                None => is_new(arrival).then(|| over.then(|| Event::CallMissed(arrival.clone()))),
            },
            Reading::Recorded { arrival, recording } => {
                let Some(recording) = recording.clone().filter(|recording| recording.seconds > 0) else {
                    return Some(None);
                };
                match live(&arrival.provider_call_id) {
                    Some(call) => Some(Some(Event::RecordingReady { call: call.id, recording })),
                    None => is_new(arrival)
                        .then(|| Some(Event::MessageFound { arrival: arrival.clone(), recording })),
                }
            }
            Reading::Nothing => Some(None),
        }
    }

    /// A webhook of a call that is over changes nothing, but for one thing: what a caller said is not lost.
    async fn late(&mut self, webhook: &Webhook, round: &mut Round) -> Result<Option<Outcome>, Broken> {
        let (provider_call_id, recording) = match &webhook.reading {
            Reading::Event { provider_call_id: Some(id), event: Event::RecordingReady { recording, .. } } => {
                (id, recording)
            }
            Reading::Recorded { arrival, recording: Some(recording) } => {
                (&arrival.provider_call_id, recording)
            }
            _ => return Ok(Some(Outcome::Late)),
        };
        if recording.seconds == 0 {
            return Ok(Some(Outcome::Late));
        }
        let found =
            store::calls::at_provider(self.writer.connection(), &webhook.provider, provider_call_id).await;
        let kept = match found.map_err(|error| Broken::Store(NotCommitted::Failed(error)))? {
            Some(call) => call.keep(recording.clone()),
            None => {
                warn!(provider = webhook.provider, "a recording of a call that nobody knows");
                return Ok(Some(Outcome::Late));
            }
        };
        let now = self.around.clock.now();
        self.add_job(kept, now, round);
        let reply = Arc::new(self.write(&webhook.provider, webhook.channel, &Document::Nothing));
        self.memory.answers.keep(webhook.key, reply.clone(), now);
        Ok(Some(Outcome::Reply(reply)))
    }

    // Softphones

    fn frame(
        &mut self,
        agent: UserId,
        socket: SocketId,
        said: &ClientFrame,
        index: usize,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        let event = match &said.said {
            Said::Accept { offer_id } => Event::OfferAccepted { agent, offer: *offer_id },
            Said::Decline { offer_id } => Event::OfferDeclined { agent, offer: *offer_id },
            Said::HangUp { call_id } => Event::AgentHungUp { agent, call: *call_id },
            Said::Availability(by_hand) => Event::AvailabilitySet { agent, by_hand: by_hand.clone() },
            Said::Ready => Event::AgentReady { agent },
            Said::Media { registered, microphone } => {
                let (registered, microphone) = (registered.unwrap_or(true), microphone.unwrap_or(true));
                let (registered, microphone) = self.softphones.media(agent, socket, registered, microphone);
                Event::MediaChanged { agent, registered, microphone }
            }
            Said::Resume { token } => {
                match self.softphones.resume(agent, socket, token, self.around.clock.now()) {
                    Some((registered, microphone)) => Event::MediaChanged { agent, registered, microphone },
                    None => {
                        let frame = Frame::error(
                            "resume_expired",
                            "the token is used up or too old; nothing is lost",
                        );
                        self.softphones.answer(agent, &frame, Some((agent, socket, said.reference.as_ref())));
                        return Ok(None);
                    }
                }
            }
            Said::Pong => return Ok(None),
        };
        self.happen(event, Some(index), round).map(|_| None)
    }

    // Jobs

    fn job(&mut self, report: &Report, round: &mut Round) -> Result<Option<Outcome>, Broken> {
        let now = self.around.clock.now();
        let event = match &report.result {
            jobs::Result::Done { event, next } => {
                round.batch.jobs_over.push(report.id);
                if let Some(next) = next {
                    self.add_job(next.clone(), now, round);
                }
                event.clone()
            }
            jobs::Result::Again { tries, seconds, error } => {
                let seconds = i64::try_from(*seconds).unwrap_or(i64::MAX / 1000);
                round.batch.jobs_tried.push(store::jobs::Tried {
                    id: report.id,
                    due_at: now.at + TimeDelta::seconds(seconds),
                    tries: *tries,
                    failed_at: None,
                    error: error.clone(),
                });
                None
            }
            jobs::Result::GivenUp { tries, error, event } => {
                error!(job.id = %report.id, %error, "a job is given up");
                round.batch.jobs_tried.push(store::jobs::Tried {
                    id: report.id,
                    due_at: now.at,
                    tries: *tries,
                    failed_at: Some(now.at),
                    error: error.clone(),
                });
                event.clone()
            }
        };
        if let Some(event) = event {
            self.happen(event, None, round)?;
        }
        Ok(None)
    }

    // Settings and tickets

    fn save(&mut self, change: Change, round: &mut Round) -> Result<Option<Outcome>, Broken> {
        match self.memory.settings.with(change, &self.around.ground) {
            Err(refused) => Ok(Some(Outcome::Refused(refused))),
            Ok((settings, stored)) => {
                self.memory.settings = Arc::new(settings);
                if let Change::RevokeToken(token) = &stored {
                    round.revoked.push(*token);
                }
                round.batch.settings.push(stored.clone());
                round.settings_changed = true;
                self.happen(Event::SettingsChanged, None, round)?;
                Ok(Some(Outcome::Saved(stored)))
            }
        }
    }

    async fn change_ticket(
        &mut self,
        id: TicketId,
        patch: &TicketPatch,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        let live = self.memory.tickets.get(&id).or_else(|| round.batch.tickets.get(&id)).cloned();
        let stored = match live {
            Some(ticket) => Some(ticket),
            None => store::tickets::one(self.writer.connection(), id)
                .await
                .map_err(|error| Broken::Store(NotCommitted::Failed(error)))?,
        };
        let Some(mut ticket) = stored else { return Ok(Some(Outcome::Refused(Refused::NotFound))) };
        if let Err(refused) = self.patch(&mut ticket, patch) {
            return Ok(Some(Outcome::Refused(refused)));
        }
        ticket.weigh(&mut self.memory.load);
        if let Some(live) = self.memory.tickets.get_mut(&id) {
            *live = ticket.clone();
        }
        round.batch.tickets.insert(id, ticket.clone());
        Ok(Some(Outcome::Ticket(Box::new(ticket))))
    }

    fn patch(&self, ticket: &mut Ticket, patch: &TicketPatch) -> Result<(), Refused> {
        let people = &self.memory.settings.people;
        let now = self.around.clock.now().at;
        match patch.owner {
            Some(Some(owner)) if !people.users.contains_key(&owner) => {
                return Err(wrong("/owner", "there is no user of this id"));
            }
            Some(Some(owner)) => ticket.assign(owner, now),
            Some(None) => ticket.unassign(),
            None => {}
        }
        if let Some(team) = patch.team {
            if team.is_some_and(|team| !people.teams.contains_key(&team)) {
                return Err(wrong("/team", "there is no team of this id"));
            }
            ticket.team = team;
        }
        if let Some(status) = patch.status {
            ticket.set_status(status, now, &self.around.ground.account);
        }
        Ok(())
    }

    // Acting

    /// Everything is on the disk: now it may be said and done.
    async fn act(&mut self, round: Round, envelopes: Vec<Envelope>) -> anyhow::Result<()> {
        if round.settings_changed {
            self.publish.send_replace(self.memory.settings.clone());
        }
        for (say, index) in &round.says {
            match say {
                Say::FindCaller { .. } | Say::FindLeg { .. } | Say::FindRecordings { .. } => {
                    self.around.runner.ask(say.clone(), &self.desk);
                }
                _ => {
                    let origin = index.and_then(|index| origin(&envelopes[index].input));
                    self.softphones.tell(say, origin);
                }
            }
        }
        for job in round.jobs {
            self.around.runner.start(job, &self.desk, Duration::ZERO);
        }
        for (outcome, envelope) in round.outcomes.into_iter().zip(envelopes) {
            if let (Some(outcome), Some(reply)) = (outcome, envelope.reply) {
                answer(reply, outcome);
            }
        }
        for token in round.revoked {
            self.softphones.drop_token(token);
        }
        self.welcome(round.opened).await
    }

    /// New sockets get a picture of what is on the disk, and everything that comes after it.
    async fn welcome(&mut self, opened: Vec<Opened>) -> anyhow::Result<()> {
        let mut connected = Vec::new();
        for opened in opened {
            let now = self.around.clock.now();
            match self.softphones.open(&opened) {
                Err(refusal) => {
                    let _ = opened.outbox.try_send(refusal.text(None));
                }
                Ok(first) => {
                    self.softphones.welcome(opened.agent, opened.socket, &self.memory.board, now);
                    if first {
                        connected.extend(self.presence(opened.agent));
                    }
                }
            }
        }
        if connected.is_empty() {
            return Ok(());
        }
        let envelopes =
            connected.into_iter().map(|event| Envelope { input: Input::Event(event), reply: None });
        Box::pin(self.take(envelopes.collect())).await
    }

    fn presence(&self, agent: UserId) -> [Event; 2] {
        let (registered, microphone) = self.softphones.media_of(agent);
        [Event::AgentConnected { agent }, Event::MediaChanged { agent, registered, microphone }]
    }

    // When something broke

    /// Forgets everything that is not in the store, and reads it anew. While the store can't be read, it tries again.
    async fn recover(&mut self) -> anyhow::Result<()> {
        loop {
            match recall(&self.around, &mut self.writer).await {
                Ok(memory) => {
                    self.memory = memory;
                    break;
                }
                Err(error) => {
                    warn!(error = format!("{error:#}"), "the store can't be read; trying again");
                    self.health.store_down.store(true, Ordering::Relaxed);
                    self.writer.reconnect().await;
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
            }
        }
        self.publish.send_replace(self.memory.settings.clone());
        for event in self.softphones.agents().into_iter().flat_map(|agent| self.presence(agent)) {
            self.desk.tell(Input::Event(event));
        }
        Ok(())
    }

    /// Puts aside an event that can't be decided or recorded, as it came.
    async fn quarantine(&mut self, input: &Input, error: &str) {
        error!(error, "an event is put into quarantine");
        let now = self.around.clock.now().at;
        let id = self.memory.ids.next(now.timestamp_millis());
        let row = QuarantineRow { id, at: now, error: error.to_owned(), document: format!("{input:?}") };
        let batch = Batch { quarantine: vec![row], ..Batch::default() };
        if let Err(error) = self.writer.commit(&batch).await {
            error!(%error, "it could not be recorded either");
        }
        if let Err(error) = self.recover().await {
            error!(error = format!("{error:#}"), "memory could not be read anew");
        }
    }

    /// Takes up the jobs that were not done when the daemon stopped. A cut-in that shows a sign of having worked, or
    /// whose call went on, is over.
    async fn resume_jobs(&mut self) -> anyhow::Result<()> {
        let now = self.around.clock.now();
        let rows = store::jobs::open(self.writer.connection()).await.context("cannot read the jobs")?;
        let mut over = Vec::new();
        for row in rows {
            let pointless = match &row.job {
                Job::CutIn { call, attempt, .. } => !self.memory.board.awaits_cut_in(*call, *attempt),
                Job::BringBack { call, .. } => self.memory.board.call(*call).is_none(),
                _ => false,
            };
            if pointless {
                over.push(row.id);
                continue;
            }
            let wait = (row.due_at - now.at).num_milliseconds().clamp(0, 3_600_000);
            let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0));
            self.around.runner.start(row, &self.desk, wait);
        }
        let batch = Batch { jobs_over: over, ..Batch::default() };
        if !batch.is_empty() {
            self.writer.commit(&batch).await.context("cannot write the jobs")?;
        }
        Ok(())
    }

    /// Once an hour: forget old answers, and count what the load should be.
    async fn do_chores(&mut self) {
        let now = self.around.clock.now();
        if now.steady.0 < self.chores_at_ms {
            return;
        }
        self.chores_at_ms = now.steady.0 + CHORES_EVERY_MS;
        if let Err(error) = self.recount(now).await {
            warn!(%error, "the loads could not be recounted");
        }
        if let Err(error) = store::answers::prune(self.writer.connection(), now.at).await {
            warn!(%error, "old answers could not be forgotten");
        }
        if let Err(error) = self.writer.checkpoint().await {
            warn!(%error, "the write-ahead log could not be emptied");
        }
    }

    /// Compares the load in memory with what the store says, and takes the store's word.
    async fn recount(&mut self, now: Now) -> sqlx::Result<()> {
        let counted = recount(&mut self.writer, now).await?;
        self.memory.load.expire(now.at);
        let before: HashMap<_, _> = self.memory.load.counts().collect();
        let after: HashMap<_, _> = counted.counts().collect();
        if before != after {
            error!(
                differences = before.len().abs_diff(after.len()),
                "the load in memory was wrong and is repaired"
            );
        }
        self.memory.load = counted;
        Ok(())
    }
}

/// Reads everything that the engine keeps in memory.
async fn recall(around: &Surroundings, writer: &mut Writer) -> anyhow::Result<Memory> {
    let now = around.clock.now();
    let stored = store::settings::all(writer.connection()).await.context("cannot read the settings")?;
    let settings = Settings::load(stored, &around.ground).map_err(|(change, refused)| {
        anyhow::anyhow!("a stored setting is not valid: {change:?}: {refused:?}")
    })?;
    let load = recount(writer, now).await.context("cannot count the tickets")?;
    let connection = writer.connection();
    let tickets = store::tickets::of_live_calls(connection).await.context("cannot read the tickets")?;
    let ids = store::calls::provider_call_ids(connection).await.context("cannot read the calls")?;
    let calls = store::calls::live(connection).await.context("cannot read the live calls")?;
    let agents = store::agents::all(connection).await.context("cannot read the agents")?;
    let cursors = store::cursors::all(connection).await.context("cannot read the cursors")?;
    let since = now.at - TimeDelta::milliseconds(ANSWERS_KEPT_MS);
    let recent = store::answers::since(connection, since).await.context("cannot read the answers")?;

    let seed = around.seed ^ u64::try_from(writer.last_batch()).unwrap_or(0).rotate_left(32);
    let mut board = Switchboard::new(Ids::new(seed));
    agents.into_iter().for_each(|row| board.restore_agent(row, now));
    cursors.into_iter().for_each(|(channel, cursor)| board.restore_cursor(channel, cursor));
    let facts = Facts {
        people: &settings.people,
        channels: &settings.channels,
        times: around.ground.times,
        load: &load,
        now,
    };
    calls.into_iter().for_each(|call| board.restore_call(call, facts));
    let mut answers = Answers::default();
    recent.into_iter().for_each(|(key, reply)| answers.keep(key, Arc::new(reply), now));
    Ok(Memory {
        settings: Arc::new(settings),
        board,
        load,
        tickets: tickets.into_iter().map(|ticket| (ticket.id, ticket)).collect(),
        known_calls: ids.iter().map(|(provider, id)| fingerprint(provider, id)).collect(),
        answers,
        ids: Ids::new(!seed),
    })
}

async fn recount(writer: &mut Writer, now: Now) -> sqlx::Result<Load> {
    let since = (now.at - COUNTED_FOR).timestamp_millis();
    let mut load = Load::default();
    for ticket in store::tickets::counted(writer.connection(), since).await? {
        ticket.weigh(&mut load);
    }
    for (user, at_ms) in store::tickets::last_assigned(writer.connection()).await? {
        load.remember_assignment(user, store::instant(at_ms));
    }
    Ok(load)
}

fn answer(reply: oneshot::Sender<Outcome>, outcome: Outcome) {
    // Whoever asked may be gone by now; then the answer is kept for when they ask again.
    let _ = reply.send(outcome);
}

fn origin(input: &Input) -> Origin<'_> {
    match input {
        Input::Frame { agent, socket, frame } => Some((*agent, *socket, frame.reference.as_ref())),
        _ => None,
    }
}

fn fingerprint(provider: &str, provider_call_id: &str) -> u128 {
    let hash =
        Sha256::new().chain_update(provider).chain_update([0]).chain_update(provider_call_id).finalize();
    let mut first = [0; 16];
    first.copy_from_slice(&hash[..16]);
    u128::from_be_bytes(first)
}

/// The store is well, but will not have this event.
fn is_about_this_event(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            error.is_unique_violation() || error.is_foreign_key_violation() || error.is_check_violation()
        }
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => false,
        _ => true,
    }
}

fn panicked(payload: Box<dyn std::any::Any + Send>) -> Broken {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    Broken::Panicked(text.unwrap_or_else(|| "panicked".into()))
}
