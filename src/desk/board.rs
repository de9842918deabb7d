//! What goes on at this moment, out of the engine's memory: every live call, and what each agent does. It is copied only
//! when somebody looks; what it means to whoever looks, and what they may see of it, is not decided here.

use crate::{
    calls::{
        agents::{Agent, Occupation},
        call::{Call, Caller, State},
        switchboard::Switchboard,
        time::Now,
    },
    routing::{
        availability::{ByHand, Phone},
        ids::{CallId, ChannelId, UserId},
    },
};
use chrono::{DateTime, Utc};

#[derive(Debug, Clone)]
pub struct Board {
    pub at: DateTime<Utc>,
    /// In the order in which they arrived.
    pub calls: Vec<Line>,
    /// Everybody of whom anything is known, in no order.
    pub agents: Vec<AtWork>,
}

/// One live call.
#[derive(Debug, Clone)]
pub struct Line {
    pub id: CallId,
    pub channel: ChannelId,
    pub from: Caller,
    pub state: &'static str,
    pub arrived_at: DateTime<Utc>,
    /// Since when an agent is being connected, or they talk.
    pub since: Option<DateTime<Utc>>,
    pub agent: Option<UserId>,
    /// Handed on to this telephone outside.
    pub outside: Option<String>,
    /// Whose softphones or devices ring for it.
    pub ringing: Vec<UserId>,
}

/// What one agent does.
#[derive(Debug, Clone)]
pub struct AtWork {
    pub agent: UserId,
    pub by_hand: ByHand,
    pub phone: Phone,
    pub occupation: Occupation,
    pub wraps_up_until: Option<DateTime<Utc>>,
    pub idle_since: Option<DateTime<Utc>>,
}

impl Board {
    pub(super) fn of(board: &Switchboard, now: Now) -> Self {
        let mut calls: Vec<Line> = board.calls().map(line).collect();
        calls.sort_unstable_by_key(|call| call.id);
        let agents = board.known_agents().map(|(agent, known)| at_work(agent, known, now)).collect();
        Self { at: now.at, calls, agents }
    }
}

fn line(call: &Call) -> Line {
    let (since, outside) = match &call.state {
        State::Connecting(connection) => (Some(connection.offer.at), None),
        State::Talking(talk) => (Some(talk.since), None),
        State::Outside(outside) => (Some(outside.since), Some(outside.number.clone())),
        _ => (None, None),
    };
    Line {
        id: call.id,
        channel: call.channel,
        from: call.from.clone(),
        state: call.state_name(),
        arrived_at: call.arrived_at,
        since,
        agent: call.agent(),
        outside,
        ringing: call.offers.iter().map(|offer| offer.agent).collect(),
    }
}

fn at_work(agent: UserId, known: &Agent, now: Now) -> AtWork {
    let wraps_up_until = match known.occupation {
        Occupation::WrappingUp { until } => Some(now.wall(until)),
        _ => None,
    };
    AtWork {
        agent,
        by_hand: known.by_hand.clone(),
        phone: known.phone(),
        occupation: known.occupation,
        wraps_up_until,
        idle_since: known.idle_since,
    }
}
