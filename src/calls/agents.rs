//! What each agent does at the moment, and what their softphone says of their telephone.

use super::{
    call::Cause,
    decision::{AgentRow, Say, Write},
    switchboard::{Switchboard, Turn},
    time::{Now, Steady},
};
use crate::routing::{
    assignment::Glance,
    availability::{ByHand, Phone},
    eligibility::Objection,
    ids::{CallId, ChannelId, OfferId, UserId},
};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;

/// What a decision needs of an agent at a glance.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Brief {
    /// They changed since.
    stale: bool,
    /// They are not there by hand: they have to be looked at closer.
    closer: bool,
    /// Their telephone can't ring.
    is_out: bool,
    /// What keeps them from every call.
    objection: Option<&'static Objection>,
    /// They are being rung.
    offered: bool,
    idle_since: Option<DateTime<Utc>>,
}

/// How long a lost socket may stay away before its agent counts as gone.
pub const SOCKET_GRACE_SECONDS: u32 = 5;
/// How often the admin is told that the last agent of a channel misses calls.
const TELL_OF_MISSES_EVERY: TimeDelta = TimeDelta::hours(1);
/// The longest wrap-up that can be configured; none lasts longer after a restart either.
const WRAP_UP_MS_MAX: i64 = 3_600_000;

#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    pub by_hand: ByHand,
    pub socket: Socket,
    pub registered: bool,
    pub microphone: bool,
    /// False after a leg that could not be reached, until the telephone registers again.
    pub reachable: bool,
    pub occupation: Occupation,
    /// The calls that they are being rung for.
    pub offers: BTreeSet<OfferId>,
    /// Calls in a row that they were rung for alone and did not take.
    pub misses: u32,
    /// When the admin was last told of them.
    pub misses_told_at: Option<DateTime<Utc>>,
    /// Since when they are off calls.
    pub idle_since: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Socket {
    Open,
    /// Lost, but it may come back.
    Lost {
        gone_at: Steady,
    },
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occupation {
    Free,
    Connecting(CallId),
    Talking(CallId),
    WrappingUp { until: Steady },
}

impl Occupation {
    pub fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Connecting(_) => "connecting",
            Self::Talking(_) => "talking",
            Self::WrappingUp { .. } => "wrapping_up",
        }
    }
}

impl Default for Agent {
    fn default() -> Self {
        Self {
            by_hand: ByHand::Available,
            socket: Socket::Gone,
            registered: true,
            microphone: true,
            reachable: true,
            occupation: Occupation::Free,
            offers: BTreeSet::new(),
            misses: 0,
            misses_told_at: None,
            idle_since: None,
        }
    }
}

impl Agent {
    /// An agent as the store remembers them. One who had a softphone gets time to come back.
    pub fn restore(row: AgentRow, now: Now) -> Self {
        let gone_at = now.steady.plus_seconds(SOCKET_GRACE_SECONDS);
        let socket = if row.connected { Socket::Lost { gone_at } } else { Socket::Gone };
        let occupation = match row.wraps_up_until.map(|until| until.ms_since(now.steady)) {
            Some(left @ 1..) => {
                Occupation::WrappingUp { until: now.steady.plus_ms(left.min(WRAP_UP_MS_MAX)) }
            }
            _ => Occupation::Free,
        };
        Self {
            by_hand: row.by_hand,
            socket,
            occupation,
            misses: row.misses,
            misses_told_at: row.misses_told_at,
            idle_since: row.idle_since,
            ..Self::default()
        }
    }

    pub(super) fn row(&self, agent: UserId) -> AgentRow {
        AgentRow {
            agent,
            by_hand: self.by_hand.clone(),
            misses: self.misses,
            misses_told_at: self.misses_told_at,
            idle_since: self.idle_since,
            connected: self.socket != Socket::Gone,
            wraps_up_until: match self.occupation {
                Occupation::WrappingUp { until } => Some(until),
                _ => None,
            },
        }
    }

    pub fn phone(&self) -> Phone {
        Phone {
            connected: self.socket != Socket::Gone,
            registered: self.registered,
            microphone: self.microphone,
            reachable: self.reachable,
        }
    }

    /// What keeps them from a call, other than being away.
    pub(super) fn busy(&self, one_at_a_time: bool) -> Option<&'static Objection> {
        match self.occupation {
            Occupation::Connecting(_) => Some(&Objection::Connecting),
            Occupation::Talking(_) => Some(&Objection::OnCall),
            Occupation::WrappingUp { .. } => Some(&Objection::WrappingUp),
            Occupation::Free if one_at_a_time && !self.offers.is_empty() => Some(&Objection::BeingOffered),
            Occupation::Free => None,
        }
    }

    fn brief(&self) -> Brief {
        let phone = self.phone().hindrance();
        Brief {
            stale: false,
            closer: self.by_hand != ByHand::Available,
            is_out: phone.is_some(),
            objection: phone.or_else(|| self.busy(false)),
            offered: !self.offers.is_empty(),
            idle_since: self.idle_since,
        }
    }

    pub(super) fn deadline(&self, now: Now) -> Option<Steady> {
        let gone = match self.socket {
            Socket::Lost { gone_at } => Some(gone_at),
            _ => None,
        };
        let wrapped_up = match self.occupation {
            Occupation::WrappingUp { until } => Some(until),
            _ => None,
        };
        let back = match &self.by_hand {
            ByHand::Away { until: Some(until), .. } if *until > now.at => {
                Some(now.steady.plus_ms((*until - now.at).num_milliseconds()))
            }
            _ => None,
        };
        [gone, wrapped_up, back].into_iter().flatten().min()
    }
}

impl Brief {
    /// What keeps them from one call. `None`: they have to be looked at closer.
    #[inline]
    pub(super) fn glance(&self, one_at_a_time: bool, is_excluded: impl FnOnce() -> bool) -> Option<Glance> {
        if self.stale || self.closer || (!self.is_out && is_excluded()) {
            return None;
        }
        let offered = (one_at_a_time && self.offered).then_some(&Objection::BeingOffered);
        Some(Glance { objection: self.objection.or(offered), idle_since: self.idle_since })
    }
}

impl Switchboard {
    pub(super) fn agent(&mut self, agent: UserId) -> &mut Agent {
        let brief = self.briefs.of(agent);
        if !std::mem::replace(&mut brief.stale, true) {
            self.changed.push(agent);
        }
        self.agents.entry(agent).or_default()
    }

    /// Whoever changed since is known at a glance again.
    pub(super) fn renew_briefs(&mut self) {
        for agent in self.changed.drain(..) {
            *self.briefs.of(agent) = self.agents.get(&agent).map(Agent::brief).unwrap_or_default();
        }
    }

    pub(super) fn agent_connected(&mut self, agent: UserId, turn: &mut Turn<'_>) {
        let known = self.agent(agent);
        known.socket = Socket::Open;
        known.reachable = true;
        turn.agent_changed(agent);
    }

    pub(super) fn agent_disconnected(&mut self, agent: UserId, turn: &mut Turn<'_>) {
        let known = self.agent(agent);
        if known.socket == Socket::Open {
            known.socket = Socket::Lost { gone_at: turn.now().steady.plus_seconds(SOCKET_GRACE_SECONDS) };
            turn.touch_agent(agent);
        }
    }

    pub(super) fn media_changed(
        &mut self,
        agent: UserId,
        registered: bool,
        microphone: bool,
        turn: &mut Turn<'_>,
    ) {
        let known = self.agent(agent);
        (known.registered, known.microphone) = (registered, microphone);
        known.reachable |= registered;
        if known.phone().objection().is_some() {
            self.withdraw_offers(agent, turn);
        }
        turn.agent_changed(agent);
    }

    pub(super) fn availability_set(&mut self, agent: UserId, by_hand: ByHand, turn: &mut Turn<'_>) {
        let at = turn.now().at;
        let known = self.agent(agent);
        known.by_hand = by_hand;
        known.misses = 0;
        if !known.by_hand.is_available(at) {
            self.withdraw_offers(agent, turn);
        }
        self.tell_availability(agent, turn);
        turn.agent_changed(agent);
    }

    pub(super) fn tell_availability(&mut self, agent: UserId, turn: &mut Turn<'_>) {
        let by_hand = self.agent(agent).by_hand.clone();
        turn.say(Say::Availability { agent, by_hand });
    }

    pub(super) fn agent_ready(&mut self, agent: UserId, turn: &mut Turn<'_>) {
        if let Occupation::WrappingUp { .. } = self.agent(agent).occupation {
            self.agent(agent).occupation = Occupation::Free;
            turn.agent_changed(agent);
        }
    }

    /// Something that an agent was waited for has come due.
    pub(super) fn agent_due(&mut self, agent: UserId, turn: &mut Turn<'_>) {
        let now = turn.now();
        let known = self.agent(agent);
        if let Socket::Lost { gone_at } = known.socket
            && gone_at <= now.steady
        {
            known.socket = Socket::Gone;
            self.withdraw_offers(agent, turn);
        }
        let known = self.agent(agent);
        if let Occupation::WrappingUp { until } = known.occupation
            && until <= now.steady
        {
            known.occupation = Occupation::Free;
        }
        if known.by_hand != ByHand::Available && known.by_hand.is_available(now.at) {
            known.by_hand = ByHand::Available;
            self.tell_availability(agent, turn);
        }
        turn.agent_changed(agent);
    }

    /// Off the call; after a talk there may be some writing to do.
    pub(super) fn release_agent(&mut self, agent: UserId, wrap_up_seconds: u32, turn: &mut Turn<'_>) {
        let now = turn.now();
        let known = self.agent(agent);
        known.idle_since = Some(now.at);
        known.occupation = match wrap_up_seconds {
            0 => Occupation::Free,
            seconds => Occupation::WrappingUp { until: now.steady.plus_seconds(seconds) },
        };
        turn.agent_changed(agent);
    }

    /// The admin is told that the last agent of a channel misses calls: once in a while, not for each.
    pub(super) fn tell_of_misses(&mut self, agent: UserId, channel: ChannelId, turn: &mut Turn<'_>) {
        let now = turn.now().at;
        let known = self.agent(agent);
        let told_lately = |told: DateTime<Utc>| told <= now && now - told < TELL_OF_MISSES_EVERY;
        if known.misses_told_at.is_some_and(told_lately) {
            return;
        }
        known.misses_told_at = Some(now);
        let misses = known.misses;
        turn.write(Write::LastAgentMisses { agent, channel, misses });
    }

    /// They can't or won't take any of the calls that are offered to their softphone. A device goes on ringing by
    /// itself, and whoever picks it up all the same is there.
    pub(super) fn withdraw_offers(&mut self, agent: UserId, turn: &mut Turn<'_>) {
        let by_softphone = |board: &Self, offer: OfferId| {
            let call = board.offers.get(&offer).and_then(|call| board.calls.get(call));
            call.and_then(|call| call.offer_to(agent)).is_some_and(|offer| !offer.by_device)
        };
        for offer in self.agent(agent).offers.clone() {
            if by_softphone(self, offer) {
                self.end_offer(offer, Cause::Withdrawn, turn);
            }
        }
        turn.line_changed();
    }

    /// They took one call: no other is theirs to take, wherever it rings.
    pub(super) fn withdraw_all_offers(&mut self, agent: UserId, turn: &mut Turn<'_>) {
        for offer in self.agent(agent).offers.clone() {
            self.end_offer(offer, Cause::Withdrawn, turn);
        }
        turn.line_changed();
    }
}

impl Turn<'_> {
    /// What others may hope for from this agent is not what it was.
    pub(super) fn agent_changed(&mut self, agent: UserId) {
        self.touch_agent(agent);
        self.line_changed();
    }

    pub(super) fn write_agent(&mut self, row: AgentRow) {
        self.decision.write.push(Write::Agent(row));
    }
}
