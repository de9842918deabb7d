//! The live board: who is ringing and waiting now, and what everybody is doing. It is shown as it is when it is asked
//! for; its script then keeps it so.

use super::{
    super::{
        Web,
        access::{Sight, Viewer},
        board::{Asked, Board, BoardAgent, BoardCall, look},
    },
    layout::{Layout, Signed},
    refusal::Refusal,
    show,
};
use crate::routing::ids::ChannelId;
use askama::Template;
use axum::{
    Router,
    extract::{RawQuery, State},
    response::Response,
    routing::get,
};
use chrono::{DateTime, SecondsFormat, Utc};

/// More names than these are counted only.
const NAMES_MAX: usize = 4;
/// What calls and agents can be at, and the shape that goes with the word.
const STATES: [(&str, &str); 15] = [
    ("ringing", "warn"),
    ("waiting", "bad"),
    ("connecting", "busy"),
    ("talking", "busy"),
    ("voicemail", ""),
    ("wrapping_up", "busy"),
    ("free", "good"),
    ("away", "warn"),
    ("out_of_office", ""),
    ("outside_working_hours", ""),
    ("not_connected", ""),
    ("not_registered", "bad"),
    ("no_microphone", "bad"),
    ("unreachable", "bad"),
    ("over", ""),
];

pub fn routes() -> Router<Web> {
    Router::new().route("/board", get(show_page))
}

#[derive(Template)]
#[template(path = "board.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    /// For a large screen: nothing but the board.
    wall: bool,
    board: Board,
    calls: Vec<CallRow>,
    agents: Vec<AgentRow>,
    /// The first is empty: all of them.
    channels: Vec<(String, String)>,
    chosen: String,
    states: Vec<(&'static str, &'static str, String)>,
    /// The account's time zone, in which today began.
    zone: &'static str,
    in_line: usize,
    longest: Option<i64>,
    free: usize,
    talking: usize,
}

/// A call, as its row shows it.
#[derive(Default)]
struct CallRow {
    id: String,
    state: &'static str,
    shape: &'static str,
    word: String,
    /// RFC 3339.
    since: String,
    seconds: String,
    caller: String,
    number: String,
    channel: String,
    /// Who talks or is rung.
    with: Vec<String>,
}

#[derive(Default)]
struct AgentRow {
    id: String,
    name: String,
    state: &'static str,
    shape: &'static str,
    word: String,
    /// Why they are away; with whom they talk.
    about: String,
    since: String,
    seconds: String,
    until: String,
}

async fn show_page(
    State(web): State<Web>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = query.unwrap_or_default();
    let field = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    };
    let wall = field("wall").is_some();
    // One that is no channel's id is shown as all of them.
    let channel = field("channel").and_then(|id| id.parse::<ChannelId>().ok());
    let asked = Asked { channel };
    let board = look(&signed.caller, &web, &asked).await.map_err(|problem| signed.refuse(problem))?;
    let settings = web.desk.settings();
    let viewer = Viewer::new(&signed.caller, &settings);
    let seen = settings.channels.values().filter(|channel| viewer.channel(channel.id) == Sight::All);
    let mut channels: Vec<_> = seen.map(|channel| (channel.id.to_string(), channel.name.clone())).collect();
    channels.sort_by_cached_key(|(_, name)| name.to_lowercase());
    channels.insert(0, (String::new(), signed.layout.t("board-all-channels")));
    let layout = signed.layout;
    let chosen = channel.map(|channel| channel.to_string()).unwrap_or_default();
    Ok(show(&page(layout, wall, board, channels, chosen, web.ground.account.name())))
}

fn page(
    layout: Layout,
    wall: bool,
    board: Board,
    channels: Vec<(String, String)>,
    chosen: String,
    zone: &'static str,
) -> Page {
    let word = |state: &str| layout.t(&format!("state-{state}"));
    let in_line = board.calls.iter().filter(|call| is_in_line(call));
    let waits = in_line.clone().map(|call| (board.at - call.arrived_at).num_seconds());
    Page {
        wall,
        calls: board.calls.iter().map(|call| call_row(call, board.at, word(call.state))).collect(),
        agents: board.agents.iter().map(|agent| agent_row(agent, board.at, word(agent.state))).collect(),
        channels,
        chosen,
        states: STATES.map(|(state, shape)| (state, shape, word(state))).into(),
        zone,
        in_line: in_line.clone().count(),
        longest: waits.max(),
        free: board.agents.iter().filter(|agent| matches!(agent.state, "free" | "ringing")).count(),
        talking: board.calls.iter().filter(|call| call.state == "talking").count(),
        layout,
        board,
    }
}

impl Page {
    fn blank_call(&self) -> CallRow {
        CallRow::default()
    }

    fn blank_agent(&self) -> AgentRow {
        AgentRow::default()
    }

    /// Today's figures by the names of their messages, which the script knows too.
    fn today(&self) -> [(&'static str, String); 6] {
        let today = &self.board.today;
        let or_none = |value: Option<String>| value.unwrap_or_else(|| "–".into());
        [
            ("answered", today.answered.to_string()),
            ("missed", today.missed.to_string()),
            ("voicemail", today.voicemail.to_string()),
            ("abandoned", today.abandoned.to_string()),
            ("median", or_none(today.median_answer_seconds.map(lasting))),
            ("level", or_none(today.service_level.percent.map(|percent| format!("{percent} %")))),
        ]
    }

    /// What is going on, likewise.
    fn now(&self) -> [(&'static str, String); 4] {
        [
            ("in-line", self.in_line.to_string()),
            ("longest", self.longest.map_or_else(|| "–".into(), lasting)),
            ("free", self.free.to_string()),
            ("talking", self.talking.to_string()),
        ]
    }

    /// What the service level counts.
    fn definition(&self) -> String {
        let level = &self.board.today.service_level;
        let numbers = [
            ("within", level.within_seconds.into()),
            ("short", level.short_seconds.into()),
            ("answered", level.answered.into()),
            ("of", level.of.into()),
        ];
        super::messages::message(self.layout.language, "board-level-definition", &numbers)
    }

    /// Where today began, in the address of an export.
    fn since(&self) -> String {
        rfc3339(self.board.today.since)
    }

    fn at(&self) -> String {
        rfc3339(self.board.at)
    }
}

fn is_in_line(call: &BoardCall) -> bool {
    matches!(call.state, "ringing" | "waiting")
}

fn call_row(call: &BoardCall, at: DateTime<Utc>, word: String) -> CallRow {
    let since = call.since.unwrap_or(call.arrived_at);
    let mut with: Vec<String> = match (&call.agent, &call.outside) {
        (Some(agent), _) => vec![agent.name.clone()],
        (None, Some(number)) => vec![number.clone()],
        (None, None) => call.ringing.iter().take(NAMES_MAX).map(|person| person.name.clone()).collect(),
    };
    if call.agent.is_none() && call.ringing.len() > NAMES_MAX {
        with.push(format!("+{}", call.ringing.len() - NAMES_MAX));
    }
    CallRow {
        id: call.call_id.to_string(),
        state: call.state,
        shape: shape(call.state),
        word,
        since: rfc3339(since),
        seconds: lasting((at - since).num_seconds()),
        caller: call.contact.as_ref().map(|contact| contact.name.clone()).unwrap_or_default(),
        number: call.from.clone(),
        channel: call.channel.name.clone(),
        with,
    }
}

fn agent_row(agent: &BoardAgent, at: DateTime<Utc>, word: String) -> AgentRow {
    AgentRow {
        id: agent.id.to_string(),
        name: agent.name.clone(),
        state: agent.state,
        shape: shape(agent.state),
        word,
        about: agent.reason.clone().or_else(|| agent.caller.clone()).unwrap_or_default(),
        since: agent.since.map(rfc3339).unwrap_or_default(),
        seconds: agent.since.map(|since| lasting((at - since).num_seconds())).unwrap_or_default(),
        until: agent.until.map(rfc3339).unwrap_or_default(),
    }
}

fn shape(state: &str) -> &'static str {
    STATES.iter().find(|(known, _)| *known == state).map_or("", |(_, shape)| shape)
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// `0:07`, `12:07`, `1:02:07`.
fn lasting(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::lasting;

    #[test]
    fn how_long_something_lasts_is_read_like_a_clock() {
        let table =
            [(-3, "0:00"), (7, "0:07"), (59, "0:59"), (60, "1:00"), (3599, "59:59"), (3727, "1:02:07")];
        for (seconds, expected) in table {
            assert_eq!(lasting(seconds), expected);
        }
    }
}
