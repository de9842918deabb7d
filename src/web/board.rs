//! What goes on at this moment: callers, agents, and today's figures; once, or as a stream. However many look, the engine
//! is asked at most once a second, and not at all while nobody looks.

use super::{
    Problem, Web,
    access::{Sight, Viewer},
    auth::Caller,
    events::{HEARTBEAT, HEARTBEAT_EVERY, OUTBOX, TAKEN_WITHIN, answer},
};
use crate::{
    calls::{agents::Occupation, time::Steady},
    desk::{
        board::{AtWork, Board as AtThisMoment, Line},
        settings::Settings,
    },
    routing::{
        availability,
        contacts::Named,
        eligibility::Objection,
        ids::{CallId, ChannelId, UserId},
        people::User,
        zone::Zone,
    },
    store::figures::Alike,
};
use axum::{
    Json,
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{Mutex, mpsc},
    time::interval,
};
use utoipa::{IntoParams, ToSchema};

/// How old what is shown may be.
const LOOK_EVERY_MS: i64 = 1000;
const FIGURES_EVERY_MS: i64 = 2000;
/// Counting takes at most this part of the time.
const FIGURES_REST: i64 = 20;
/// More agents than these are counted only.
const AGENTS_MAX: usize = 500;
/// Within this time a call is answered well.
const ANSWERED_WITHIN_SECONDS: i64 = 20;

/// What goes on at this moment.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Board {
    pub at: DateTime<Utc>,
    /// In the order in which they arrived.
    pub calls: Vec<BoardCall>,
    /// By name.
    pub agents: Vec<BoardAgent>,
    /// How many agents there are besides: no more than 500 are shown.
    pub more_agents: usize,
    pub today: Figures,
}

/// A live call.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BoardCall {
    pub call_id: CallId,
    pub channel: BoardChannel,
    pub from: String,
    pub contact: Option<Named>,
    #[schema(pattern = "^(ringing|waiting|connecting|talking|voicemail)$")]
    pub state: &'static str,
    pub arrived_at: DateTime<Utc>,
    /// Since when an agent is being connected, or they talk.
    pub since: Option<DateTime<Utc>>,
    pub agent: Option<BoardPerson>,
    /// Handed on to this telephone outside.
    pub outside: Option<String>,
    /// Who is rung for it.
    pub ringing: Vec<BoardPerson>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BoardChannel {
    pub id: ChannelId,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BoardPerson {
    pub id: UserId,
    pub name: String,
}

/// What an agent does.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BoardAgent {
    pub id: UserId,
    pub name: String,
    /// `talking`, `connecting`, `wrapping_up`, `ringing`, `free`, or why they are not rung.
    pub state: &'static str,
    /// Why they are away, as they say.
    pub reason: Option<String>,
    pub since: Option<DateTime<Utc>>,
    /// When they will be back, or done with their wrap-up.
    pub until: Option<DateTime<Utc>>,
    /// With whom they talk.
    pub caller: Option<String>,
}

/// Of the calls that arrived since midnight in the account's time zone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Figures {
    pub since: DateTime<Utc>,
    pub arrived: u64,
    pub answered: u64,
    /// Nobody took them: a message was left, or the caller gave up.
    pub missed: u64,
    /// A message was left.
    pub voicemail: u64,
    /// The caller gave up.
    pub abandoned: u64,
    /// Of those that were missed: they came when it was closed.
    pub after_hours: u64,
    /// Half of the callers who were answered waited no longer.
    pub median_answer_seconds: Option<i64>,
    pub service_level: ServiceLevel,
}

/// How many of `of` calls were answered `within_seconds`. Calls that came when it was closed don't count, nor do callers
/// who gave up within `short_seconds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct ServiceLevel {
    pub within_seconds: i64,
    pub short_seconds: i64,
    pub answered: u64,
    pub of: u64,
    pub percent: Option<u64>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Of this channel only.
    pub channel: Option<ChannelId>,
}

/// What goes on at this moment, as far as whoever asks may see it: supervisors see what is of their teams.
#[utoipa::path(get, path = "/board", tag = "board", params(Asked), responses(
    (status = 200, body = Board), (status = 403), (status = 404)
))]
pub async fn show(
    caller: Caller,
    State(web): State<Web>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Board>, Problem> {
    let Query(asked) = asked.map_err(|error| Problem::malformed(error.body_text()))?;
    look(&caller, &web, &asked).await.map(Json)
}

/// The same as server-sent events that never end: each is called `board` and has the whole picture as its data. One is
/// sent at once, and then whenever something has changed, at most once a second, and every 15 seconds in any case.
#[utoipa::path(get, path = "/board/stream", tag = "board", params(Asked), responses(
    (status = 200, content_type = "text/event-stream", body = String), (status = 403), (status = 404), (status = 429)
))]
pub async fn stream(
    caller: Caller,
    State(web): State<Web>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|error| Problem::malformed(error.body_text()))?;
    let first = look(&caller, &web, &asked).await?;
    let place = web.streams.open(caller.pass)?;
    let (outbox, inbox) = mpsc::channel(OUTBOX);
    tokio::spawn(Looking { caller, web, asked, outbox }.run(first));
    Ok(answer(inbox, place))
}

/// Somebody who looks. It ends when they are gone, too slow, or may look no more.
struct Looking {
    caller: Caller,
    web: Web,
    asked: Asked,
    outbox: mpsc::Sender<Bytes>,
}

impl Looking {
    async fn run(mut self, mut shown: Board) {
        let mut second = interval(Duration::from_millis(LOOK_EVERY_MS.unsigned_abs()));
        let mut heartbeat = interval(HEARTBEAT_EVERY);
        heartbeat.tick().await;
        if !self.say(&shown).await {
            return;
        }
        loop {
            let is_due = tokio::select! {
                _ = second.tick() => false,
                () = self.outbox.closed() => return,
                _ = heartbeat.tick() => true,
            };
            if !self.is_welcome() {
                return;
            }
            match look(&self.caller, &self.web, &self.asked).await {
                Ok(now) if now.is_as(&shown) && !is_due => {}
                Ok(now) => {
                    if !self.say(&now).await {
                        return;
                    }
                    shown = now;
                }
                // The engine is busy, or stops: whoever looks sees what was last.
                Err(problem) if problem.status() == 503 => {
                    if is_due && !self.send(HEARTBEAT.into()).await {
                        return;
                    }
                }
                Err(_) => return,
            }
        }
    }

    /// The token is good, or the session; it can do what it can do now.
    fn is_welcome(&mut self) -> bool {
        let Some(pass) = self.caller.pass else { return true };
        let now = Caller::with_pass(pass, &self.web.desk.settings(), self.web.clock.now().at);
        now.map(|caller| self.caller = caller).is_some()
    }

    async fn say(&self, board: &Board) -> bool {
        let Ok(data) = serde_json::to_string(board) else { return false };
        self.send(format!("event: board\ndata: {data}\n\n").into()).await
    }

    async fn send(&self, part: Bytes) -> bool {
        self.outbox.send_timeout(part, TAKEN_WITHIN).await.is_ok()
    }
}

/// What was seen last, for everybody who looks.
#[derive(Debug, Clone, Default)]
pub struct Boards(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    board: Option<(Steady, Arc<AtThisMoment>)>,
    figures: Option<Counted>,
}

#[derive(Debug, Clone)]
struct Counted {
    since: DateTime<Utc>,
    good_until: Steady,
    figures: Arc<Vec<Alike>>,
}

impl Boards {
    async fn look(&self, web: &Web) -> Result<(Arc<AtThisMoment>, Counted), Problem> {
        let mut seen = self.0.lock().await;
        let now = web.clock.now();
        let board = match &seen.board {
            Some((at, board)) if now.steady.ms_since(*at) < LOOK_EVERY_MS => board.clone(),
            _ => {
                let board = Arc::new(web.desk.board().await?);
                seen.board = Some((now.steady, board.clone()));
                board
            }
        };
        let since = midnight(&web.ground.account, now.at);
        if let Some(known) = &seen.figures
            && known.since == since
            && known.good_until > now.steady
        {
            return Ok((board, known.clone()));
        }
        let figures = Arc::new(web.reader.figures(since).await?);
        let took_ms = web.clock.now().steady.0 - now.steady.0;
        let good_until = now.steady.plus_ms(FIGURES_EVERY_MS.max(took_ms.saturating_mul(FIGURES_REST)));
        let counted = Counted { since, good_until, figures };
        seen.figures = Some(counted.clone());
        Ok((board, counted))
    }
}

/// The latest midnight in this zone.
fn midnight(zone: &Zone, at: DateTime<Utc>) -> DateTime<Utc> {
    let local = zone.local(at).date().and_time(NaiveTime::MIN).and_utc();
    let offset = |at| TimeDelta::seconds(i64::from(zone.offset_seconds(at)));
    let about = local - offset(at);
    // The clocks may have been set since.
    (local - offset(about)).min(at)
}

/// What the caller sees of what goes on at this moment.
pub async fn look(caller: &Caller, web: &Web, asked: &Asked) -> Result<Board, Problem> {
    caller.must_not_be_agent()?;
    let channel = asked.channel;
    let settings = web.desk.settings();
    let viewer = Viewer::new(caller, &settings);
    let channels = settings.channels.keys().copied().filter(|id| viewer.channel(*id) == Sight::All);
    let channels: HashSet<ChannelId> =
        channels.filter(|id| channel.is_none_or(|channel| channel == *id)).collect();
    if channel.is_some() && channels.is_empty() {
        return Err(Problem::not_found());
    }
    let (board, counted) = web.boards.look(web).await?;
    let of_channel = |line: &&Line| match channel {
        Some(channel) => line.channel == channel,
        None => true,
    };
    let seen: Vec<&Line> =
        board.calls.iter().filter(of_channel).filter(|line| viewer.line(line.channel, line.agent)).collect();
    let calls = seen.iter().map(|line| shown_call(line, &settings)).collect();
    let mut agents = shown_agents(&board, &channels, viewer, &settings);
    let more_agents = agents.len().saturating_sub(AGENTS_MAX);
    agents.truncate(AGENTS_MAX);
    let counts = |alike: &&Alike| channels.contains(&alike.channel) && viewer.line(alike.channel, None);
    let short_seconds = i64::from(web.ground.times.short_abandon_seconds);
    let today = figures(counted.figures.iter().filter(counts), counted.since, short_seconds);
    Ok(Board { at: board.at, calls, agents, more_agents, today })
}

impl Board {
    /// But for the time, nothing has changed.
    fn is_as(&self, other: &Self) -> bool {
        let what = |board: &Self| (board.more_agents, board.today.clone());
        self.calls == other.calls && self.agents == other.agents && what(self) == what(other)
    }
}

fn shown_call(line: &Line, settings: &Settings) -> BoardCall {
    let channel = settings.channels.get(&line.channel).map(|channel| channel.name.clone());
    let person = |id: UserId| BoardPerson { id, name: settings.name_of(id) };
    BoardCall {
        call_id: line.id,
        channel: BoardChannel { id: line.channel, name: channel.unwrap_or_default() },
        from: line.from.to_string(),
        contact: line.from.number().and_then(|number| settings.contacts.named(number)),
        state: line.state,
        arrived_at: line.arrived_at,
        since: line.since,
        agent: line.agent.map(person),
        outside: line.outside.clone(),
        ringing: line.ringing.iter().copied().map(person).collect(),
    }
}

/// Those whom these channels ring.
fn shown_agents(
    board: &AtThisMoment,
    channels: &HashSet<ChannelId>,
    viewer: Viewer<'_>,
    settings: &Settings,
) -> Vec<BoardAgent> {
    let rules = channels.iter().filter_map(|id| settings.channels.get(id)).map(|channel| &channel.rule);
    let routed: HashSet<UserId> =
        rules.flat_map(|rule| settings.people.routed(&rule.users, &rule.teams)).collect();
    let known: HashMap<UserId, &AtWork> =
        board.agents.iter().map(|at_work| (at_work.agent, at_work)).collect();
    let of_agent: HashMap<UserId, &Line> =
        board.calls.iter().filter_map(|line| Some((line.agent?, line))).collect();
    let ringing: HashSet<UserId> = board.calls.iter().flat_map(|line| line.ringing.iter().copied()).collect();
    let users = routed.iter().filter_map(|id| settings.people.users.get(id));
    let seen = users.filter(|user| viewer.user(user.id) == Sight::All);
    let mut agents: Vec<BoardAgent> = seen
        .map(|user| {
            let line = of_agent.get(&user.id).copied();
            let is_rung = ringing.contains(&user.id);
            shown_agent(user, known.get(&user.id).copied(), line, is_rung, viewer, board.at)
        })
        .collect();
    agents.sort_by_cached_key(|agent| (agent.name.to_lowercase(), agent.id));
    agents
}

fn shown_agent(
    user: &User,
    known: Option<&AtWork>,
    line: Option<&Line>,
    is_rung: bool,
    viewer: Viewer<'_>,
    at: DateTime<Utc>,
) -> BoardAgent {
    let caller = line.filter(|line| viewer.line(line.channel, line.agent)).map(|line| line.from.to_string());
    let agent = BoardAgent {
        id: user.id,
        name: user.name.clone(),
        state: "not_connected",
        reason: None,
        since: None,
        until: None,
        caller,
    };
    let Some(known) = known else { return agent };
    let since = line.and_then(|line| line.since);
    match known.occupation {
        Occupation::Talking(_) => return BoardAgent { state: "talking", since, ..agent },
        Occupation::Connecting(_) => return BoardAgent { state: "connecting", since, ..agent },
        Occupation::WrappingUp { .. } => {
            let (since, until) = (known.idle_since, known.wraps_up_until);
            return BoardAgent { state: "wrapping_up", since, until, ..agent };
        }
        Occupation::Free => {}
    }
    let objection = availability::away(user, &known.by_hand, at).or_else(|| known.phone.objection());
    match objection {
        Some(objection) => {
            let (reason, until) = match &objection {
                Objection::Away { reason, until } => (reason.clone(), *until),
                Objection::OutOfOffice { until } => (None, Some(*until)),
                _ => (None, None),
            };
            BoardAgent { state: objection.code(), reason, until, ..agent }
        }
        None if is_rung => BoardAgent { state: "ringing", ..agent },
        None => BoardAgent { state: "free", since: known.idle_since, ..agent },
    }
}

fn figures<'a>(all: impl Iterator<Item = &'a Alike>, since: DateTime<Utc>, short_seconds: i64) -> Figures {
    let mut figures = Figures { since, ..Figures::default() };
    let (mut waits, mut short, mut in_time) = (Vec::new(), 0, 0);
    for alike in all {
        let calls = alike.calls;
        figures.arrived += calls;
        match alike.outcome.as_deref() {
            Some("answered") => {
                figures.answered += calls;
                let Some(seconds) = alike.seconds else { continue };
                waits.push((seconds, calls));
                in_time += if seconds <= ANSWERED_WITHIN_SECONDS { calls } else { 0 };
            }
            Some("voicemail") => figures.voicemail += calls,
            Some("abandoned") => {
                figures.abandoned += calls;
                let gave_up_soon = alike.seconds.is_some_and(|seconds| seconds <= short_seconds);
                short += if gave_up_soon && !alike.after_hours { calls } else { 0 };
            }
            _ => {}
        }
        figures.after_hours += if alike.after_hours { calls } else { 0 };
    }
    figures.missed = figures.voicemail + figures.abandoned;
    figures.median_answer_seconds = median(waits);
    let of = (figures.answered + figures.missed).saturating_sub(figures.after_hours + short);
    figures.service_level = ServiceLevel {
        within_seconds: ANSWERED_WITHIN_SECONDS,
        short_seconds,
        answered: in_time,
        of,
        percent: (in_time * 100 + of / 2).checked_div(of),
    };
    figures
}

/// Of values that are there so many times each.
fn median(mut values: Vec<(i64, u64)>) -> Option<i64> {
    values.sort_unstable();
    let count: u64 = values.iter().map(|(_, times)| times).sum();
    let mut passed = 0;
    values.into_iter().find_map(|(value, times)| {
        passed += times;
        (passed * 2 >= count).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::ids::Ids;

    fn alike(outcome: Option<&str>, after_hours: bool, seconds: Option<i64>, calls: u64) -> Alike {
        let channel = ChannelId(Ids::new(1).next(1));
        Alike { channel, outcome: outcome.map(str::to_owned), after_hours, seconds, calls }
    }

    #[test]
    fn the_service_level_leaves_out_what_came_when_it_was_closed_and_who_gave_up_at_once() {
        let all = [
            alike(Some("answered"), false, Some(4), 3),
            alike(Some("answered"), false, Some(20), 2),
            alike(Some("answered"), false, Some(21), 1),
            alike(Some("voicemail"), false, None, 2),
            alike(Some("voicemail"), true, None, 7),
            alike(Some("abandoned"), false, Some(5), 4),
            alike(Some("abandoned"), false, Some(6), 1),
            alike(Some("abandoned"), true, Some(2), 1),
            alike(Some("rejected"), false, None, 1),
            alike(None, false, None, 2),
        ];
        let figures = figures(all.iter(), DateTime::default(), 5);
        let expected = Figures {
            since: DateTime::default(),
            arrived: 24,
            answered: 6,
            missed: 15,
            voicemail: 9,
            abandoned: 6,
            after_hours: 8,
            median_answer_seconds: Some(4),
            service_level: ServiceLevel {
                within_seconds: 20,
                short_seconds: 5,
                answered: 5,
                of: 9,
                percent: Some(56),
            },
        };
        assert_eq!(figures, expected);
    }

    #[test]
    fn of_no_calls_there_is_no_median_and_no_service_level() {
        let none = figures(std::iter::empty(), DateTime::default(), 5);
        assert_eq!((none.median_answer_seconds, none.service_level.percent), (None, None));
        assert_eq!(median(vec![(9, 1), (1, 1), (5, 1)]), Some(5));
        assert_eq!(median(vec![(9, 1), (1, 1)]), Some(1), "half of them waited no longer");
    }

    #[test]
    fn midnight_is_the_one_before_in_the_zone_also_when_the_clocks_were_set_today() {
        let zone = Zone::bundled("Europe/Vienna");
        for (at, expected) in [
            ("2026-06-05T08:00:00Z", "2026-06-04T22:00:00Z"),
            ("2026-06-04T22:00:00Z", "2026-06-04T22:00:00Z"),
            ("2026-06-04T21:59:59Z", "2026-06-03T22:00:00Z"),
            ("2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z"),
            ("2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z"),
        ] {
            let at: DateTime<Utc> = at.parse().expect("an instant");
            assert_eq!(midnight(&zone, at), expected.parse::<DateTime<Utc>>().expect("an instant"), "{at}");
        }
    }
}
