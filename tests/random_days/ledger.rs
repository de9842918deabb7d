//! Kept apart from the switchboard, out of its decisions alone: what the store would hold, and a reckoning of what
//! each call has left of its time, who won, who owns the ticket.

use super::world::{TIMES, WITHHELD, World, priority};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use strowger::calls::{
    call::{Call, Cause, Delivery, Offer, Outcome, Recording, State},
    decision::{Action, AgentRow, Answer, Decision, Instruction, Job, OfferRow, TicketChange, Write},
    event::{CutIn, Event},
    switchboard::Switchboard,
    time::{Now, Steady},
    transfer::Target,
};
use strowger::routing::{
    availability::ByHand,
    distribution::Cursor,
    ids::{CallId, ChannelId, OfferId, TicketId, UserId},
    joinable::Joinable,
    load::{COUNTED_FOR, TicketType, Weight},
    reasons::Reason,
};

#[derive(Default)]
pub struct Ledger {
    // What the store would hold.
    pub calls: BTreeMap<CallId, Call>,
    pub agents: BTreeMap<UserId, AgentRow>,
    pub cursors: BTreeMap<ChannelId, Cursor>,
    tickets: BTreeMap<TicketId, Ticket>,
    /// The offers of live calls.
    pub offers: BTreeMap<OfferId, Offered>,
    /// By call and the recording's id: a caller may leave two.
    pub to_be_kept: BTreeMap<(CallId, String), (TicketId, Recording)>,

    // What we make of it.
    pub lives: BTreeMap<CallId, Life>,
    over: HashSet<CallId>,
    ticketed: HashSet<CallId>,
    pub misses: HashMap<UserId, u32>,
    pub last_assigned: HashMap<UserId, DateTime<Utc>>,
    /// Whose turn it was last, and where they stood.
    turns: HashMap<ChannelId, (UserId, usize)>,
    /// How offers and calls ended.
    pub ends: BTreeSet<&'static str>,
}

/// A ticket, and all calls that belong to it.
struct Ticket {
    calls: Vec<CallId>,
    channel: ChannelId,
    from: String,
    owned: Owned,
    touched: DateTime<Utc>,
    open: bool,
}

/// By whom, and since when.
type Owned = Option<(UserId, DateTime<Utc>)>;

fn calling(user: UserId, assigned_at: DateTime<Utc>) -> Weight {
    Weight { user, kind: TicketType::Calling, assigned_at }
}

#[derive(Clone)]
pub struct Offered {
    pub call: CallId,
    pub offer: Offer,
    pub causes: Vec<Cause>,
}

/// One live call.
#[derive(Debug, Clone)]
pub struct Life {
    channel: ChannelId,
    /// Handed on to these: nobody else is rung for it.
    only: Option<Vec<UserId>>,
    arrived: usize,
    since: Steady,
    pub ring_left: i64,
    pub wait_left: i64,
    /// Who declined it or could not be connected.
    pub out: BTreeSet<UserId>,
    pub rung: BTreeMap<UserId, u32>,
    in_front: bool,
    from: String,
    arrived_at: Steady,
    gone_at_once: bool,
    pub owed_an_apology: bool,
    /// Who talked, in order. Whoever was hung up on as they pressed 1 did not.
    pub talkers: Vec<UserId>,
    /// Whose the ticket is, as far as this call goes.
    owner: Option<UserId>,
    /// Whoever won it and was hung up on as they pressed 1.
    key_lost: bool,
    pub outside: Option<Outside>,
    message_asked: bool,
    kept: bool,
    pub connecting: Connecting,
}

/// The number outside that the caller was handed on to, and whether their side was told to dial it.
#[derive(Debug, Clone)]
pub struct Outside {
    pub number: String,
    pub fetched: bool,
}

/// What we know of a connection by what we heard and said.
#[derive(Debug, Clone, Copy)]
pub struct Connecting {
    pub delivery: Delivery,
    pub leg_seen: bool,
    pub leg_rang: bool,
}

impl Ledger {
    pub fn book(&mut self, event: &Event, decision: &Decision, world: &mut World, place: &str) {
        self.book_misses(event, decision, place);
        self.book_connection(event, decision, world.now.steady);
        self.book_hang_up(event, world.now.steady);
        self.book_handing_on(event, decision, world);
        for write in &decision.write {
            if let Write::Call(call) = write {
                self.open(call, world, place);
            }
        }
        for write in &decision.write {
            match write {
                Write::Offer(row) => self.book_offer(row, world, place),
                Write::Ticket(change) => self.book_ticket(*change, world, place),
                Write::Agent(row) => {
                    self.agents.insert(row.agent, row.clone());
                }
                Write::Cursor { channel, cursor } => {
                    self.cursors.insert(*channel, *cursor);
                }
                Write::Voicemail { call, .. } => {
                    if let Some(life) = self.lives.get_mut(call) {
                        life.kept = true;
                    }
                }
                // See `offers`.
                Write::Call(_) | Write::Decided(_) | Write::LastAgentMisses { .. } => {}
            }
        }
        for write in &decision.write {
            if let Write::Call(call) = write {
                self.book_call(call, decision, world, place);
                self.keep_up_joinable(call, world);
            }
        }
        for job in &decision.later {
            if let Job::KeepRecording { call, ticket, recording, .. } = job {
                self.to_be_kept.insert((*call, recording.id.clone()), (*ticket, recording.clone()));
            }
        }
        if let Event::RecordingKept { call, recording, .. } | Event::RecordingLost { call, recording } = event
        {
            self.to_be_kept.remove(&(*call, recording.id.clone()));
        }
        self.book_apology(decision);
    }

    /// One of the recordings of this call that are being fetched.
    pub fn to_be_kept_of(&self, id: CallId) -> Option<(TicketId, Recording)> {
        let mut theirs = self.to_be_kept.iter().filter(|((call, _), _)| *call == id);
        theirs.next().map(|(_, kept)| kept.clone())
    }

    fn open(&mut self, call: &Call, world: &World, place: &str) {
        assert!(!self.over.contains(&call.id), "{place}: a finished call came back");
        let arrived = self.over.len() + self.lives.len();
        self.lives.entry(call.id).or_insert_with(|| Life {
            channel: call.channel,
            only: None,
            arrived,
            since: world.now.steady,
            ring_left: i64::from(TIMES.ring_seconds) * 1000,
            wait_left: world.wait_ms(call.channel),
            out: BTreeSet::new(),
            rung: BTreeMap::new(),
            in_front: false,
            from: call.from.to_string(),
            arrived_at: world.now.steady,
            gone_at_once: false,
            owed_an_apology: false,
            talkers: vec![],
            owner: None,
            key_lost: false,
            outside: None,
            message_asked: false,
            kept: false,
            connecting: Connecting::begun(world.now.steady),
        });
    }

    fn book_call(&mut self, call: &Call, decision: &Decision, world: &World, place: &str) {
        let before = self.calls.insert(call.id, call.clone());
        let life = self.lives.get_mut(&call.id).expect("a call that is written was opened");
        life.reckon(before.as_ref(), call, decision, world, place);
        if let State::Ended { outcome, .. } = call.state {
            self.close(call, outcome, decision, place);
        }
    }

    fn close(&mut self, call: &Call, outcome: Outcome, decision: &Decision, place: &str) {
        let life = self.lives.remove(&call.id).expect("a call that ends was live");
        let reasons = decided(decision, call).filter(|(action, _)| *action == Action::End);
        let reason = reasons.last().map(|(_, reason)| reason);
        let turned_away =
            matches!(reason, Some(Reason::CallerBlocked { .. } | Reason::NumberWithheld { .. }));
        let expected = match (life.kept, life.talkers.first()) {
            _ if turned_away => Outcome::Rejected,
            (true, _) => Outcome::Voicemail,
            (false, Some(_)) => Outcome::Answered,
            (false, None) => Outcome::Abandoned,
        };
        assert_eq!(outcome, expected, "{place}: {life:?}");
        let owner = if life.message_asked { None } else { life.owner };
        let ticket = &self.tickets[&call.ticket];
        assert!(ticket.calls.contains(&call.id), "{place}: another's ticket");
        assert_eq!(ticket.calls.len() > 1, call.shares_ticket, "{place}: {:?}", ticket.calls);
        if !call.shares_ticket {
            assert_eq!(ticket.owned.map(|(owner, _)| owner), owner, "{place}: the ticket's owner");
            let nothing_left = matches!(reason, Some(Reason::CallerHungUp { .. } | Reason::NothingRecorded));
            let gone = life.gone_at_once && outcome == Outcome::Abandoned && nothing_left;
            assert_eq!(!ticket.open, gone || turned_away, "{place}: {life:?} closed for {reason:?}");
        }
        self.ends.extend(call.shares_ticket.then_some("shared"));
        self.ends.extend((life.gone_at_once && !turned_away).then_some("gone at once"));
        for seen in self.offers.values().filter(|seen| seen.call == call.id) {
            let talked = seen.causes == [Cause::Won] && (!life.talkers.is_empty() || life.key_lost);
            let over = !matches!(seen.causes.as_slice(), [] | [Cause::Won]);
            assert!(over || talked, "{place}: an ended call has an open offer");
        }
        self.offers.retain(|_, seen| seen.call != call.id);
        self.calls.remove(&call.id);
        self.over.insert(call.id);
        self.ends.insert(outcome.name());
    }

    fn book_offer(&mut self, row: &OfferRow, world: &World, place: &str) {
        let offer = row.offer;
        let Some((cause, _)) = row.ended else {
            let seen = Offered { call: row.call, offer, causes: vec![] };
            assert!(self.offers.insert(offer.id, seen).is_none(), "{place}: an offer was made twice");
            let life = self.lives.get_mut(&row.call).expect("a call that is offered is live");
            *life.rung.entry(offer.agent).or_default() += 1;
            let stood = world.routed(life.channel).iter().position(|user| *user == offer.agent);
            // To hand a caller on takes nobody's turn.
            if world.rings_one_at_a_time(life.channel) && life.only.is_none() {
                self.turns.insert(life.channel, (offer.agent, stood.expect("they are in the rule")));
            }
            return;
        };
        let seen =
            self.offers.get_mut(&offer.id).unwrap_or_else(|| panic!("{place}: an unknown offer ended"));
        assert_eq!((seen.call, seen.offer.agent), (row.call, offer.agent), "{place}: an offer changed hands");
        seen.causes.push(cause);
        self.ends.insert(cause.name());
        let fine = match seen.causes.as_slice() {
            [Cause::Won, second] => matches!(second, Cause::ConnectionFailed | Cause::CallerHungUp),
            causes => causes.len() == 1,
        };
        assert!(fine, "{place}: an offer ended {:?}", seen.causes);
        if matches!(cause, Cause::Declined | Cause::ConnectionFailed) {
            let life = self.lives.get_mut(&row.call).expect("an offer is of a live call");
            life.out.insert(offer.agent);
        }
    }

    fn book_ticket(&mut self, change: TicketChange, world: &mut World, place: &str) {
        let now = world.now.at;
        match change {
            TicketChange::Open { ticket, call, channel, at } => {
                self.nothing_was_to_be_joined(call, world, place);
                let from = self.lives[&call].from.clone();
                assert!(self.ticketed.insert(call), "{place}: a second ticket for {call}");
                let opened =
                    Ticket { calls: vec![call], channel, from, owned: None, touched: at, open: true };
                let known = self.tickets.insert(ticket, opened);
                assert!(known.is_none(), "{place}: a ticket opened twice");
            }
            TicketChange::Join { ticket, call, .. } => {
                assert!(self.ticketed.insert(call), "{place}: a second ticket for {call}");
                let life = &self.lives[&call];
                let known = self.tickets.get_mut(&ticket).expect("a joined ticket was opened");
                let within = world.joins_within_ms(&life.from, life.channel).expect("it may be joined");
                let fresh = known.touched >= now - TimeDelta::milliseconds(within);
                assert!(known.open && fresh, "{place}: {call} joins a ticket that is over");
                assert_eq!((&known.from, known.channel), (&life.from, life.channel), "{place}: not theirs");
                known.calls.push(call);
                known.touch(now);
            }
            TicketChange::Close { ticket, .. } => {
                let known = self.tickets.get_mut(&ticket).expect("a closed ticket was opened");
                assert!(known.open && known.calls.len() == 1, "{place}: closed for others too");
                known.open = false;
                known.touch(now);
                assert_eq!(known.owned, None, "{place}: closed, though somebody talked");
                world.joinable.forget(ticket);
            }
            TicketChange::Reopen { ticket, .. } => {
                // Once there are many, those of calls that are over are forgotten here.
                if let Some(known) = self.tickets.get_mut(&ticket) {
                    assert!(
                        known.calls.iter().any(|call| self.over.contains(call)),
                        "{place}: a live call's"
                    );
                    known.open = true;
                    known.touch(now);
                    if known.from != WITHHELD {
                        world.joinable.open(ticket, known.channel, &known.from, known.touched);
                    }
                }
            }
            TicketChange::Assign { ticket, owner, at } => {
                let known = self.tickets.get_mut(&ticket).expect("an assigned ticket was opened");
                // To give it to whom it belongs already changes nothing.
                if known.owned.is_none_or(|(before, _)| before != owner) {
                    world.load.change(known.weight(), Some(calling(owner, at)));
                    known.owned = Some((owner, at));
                }
                known.touch(now);
                let (owner, at) = known.owned.expect("it is owned");
                let last = self.last_assigned.entry(owner).or_insert(at);
                *last = at.max(*last);
            }
            TicketChange::Unassign { ticket } => {
                let known = self.tickets.get_mut(&ticket).expect("a live call's ticket was opened");
                assert_eq!(known.calls.len(), 1, "{place}: taken away from whoever answered another call");
                world.load.change(known.weight(), None);
                known.owned = None;
            }
        }
    }

    /// Misses in a row: rung alone to the end. Whatever the agent does of their own accord ends the row.
    fn book_misses(&mut self, event: &Event, decision: &Decision, place: &str) {
        for write in &decision.write {
            let Write::Offer(OfferRow { offer, ended: Some((cause, _)), .. }) = write else { continue };
            match cause {
                Cause::Missed => *self.misses.entry(offer.agent).or_default() += 1,
                Cause::Won | Cause::Declined => drop(self.misses.insert(offer.agent, 0)),
                _ => {}
            }
        }
        if let Event::AvailabilitySet { agent, .. } = event {
            self.misses.insert(*agent, 0);
            return;
        }
        for write in &decision.write {
            let Write::Agent(row) = write else { continue };
            let was_away = self.agents.get(&row.agent).is_some_and(|before| before.by_hand == row.by_hand);
            if was_away || row.by_hand == ByHand::Available {
                continue;
            }
            let misses = self.misses.insert(row.agent, 0);
            assert!(misses >= Some(TIMES.misses_until_away), "{place}: {row:?} was set away at {misses:?}");
        }
    }

    /// How the connect document got to the caller's side, as far as we know.
    fn book_connection(&mut self, event: &Event, decision: &Decision, now: Steady) {
        for (id, life) in &mut self.lives {
            if let Delivery::Unknown { retry_at } = life.connecting.delivery
                && retry_at <= now
                && state_of(&self.calls[id]) == "connecting"
            {
                life.connecting.delivery = Delivery::CuttingIn { since: now };
            }
        }
        let Some(id) = event.call().or(decision.answer.as_ref().and_then(|answer| answer.call)) else {
            return;
        };
        let Some(row) = self.calls.get(&id).filter(|row| state_of(row) == "connecting") else { return };
        let connects = decision
            .answer
            .as_ref()
            .is_some_and(|answer| matches!(answer.instruction, Instruction::Connect(_)));
        let current = |attempt: &u32| *attempt == row.attempt;
        let Some(life) = self.lives.get_mut(&id) else { return };
        let Connecting { delivery, leg_seen, leg_rang } = &mut life.connecting;
        match (event, *delivery) {
            (Event::LegSeen { attempt, .. } | Event::LegPickedUp { attempt, .. }, _) if current(attempt) => {
                *leg_rang |= !matches!(event, Event::LegSeen { ringing: false, .. });
                *leg_seen = true;
                if !matches!(delivery, Delivery::Given { .. }) {
                    *delivery = Delivery::Seen;
                }
            }
            (Event::AnswerLost { .. }, Delivery::Given { .. }) if !*leg_seen => {
                *delivery = Delivery::NextPoll
            }
            (Event::CutInDone { attempt, result, .. }, Delivery::CuttingIn { .. }) if current(attempt) => {
                match result {
                    CutIn::Refused => *delivery = Delivery::NextPoll,
                    CutIn::Unknown => *delivery = Delivery::Unknown { retry_at: now.plus_ms(2_000) },
                    CutIn::Applied | CutIn::CallerGone => {}
                }
            }
            _ if connects => *delivery = Delivery::Given { at: now },
            _ => {}
        }
    }

    /// Who may be rung from now on, and what the caller's side knows of a number outside. Comes before the offers that
    /// follow from it.
    fn book_handing_on(&mut self, event: &Event, decision: &Decision, world: &World) {
        for (id, life) in &mut self.lives {
            life.hear(*id, decision, world);
        }
        for write in &decision.write {
            let Write::Decided(decided) = write else { continue };
            self.ends.extend(match (&decided.reasons[0], event) {
                (Reason::TransferredToAgent { .. }, _) => Some("handed on to an agent"),
                (Reason::TransferredToTeam { .. }, _) => Some("handed on to a team"),
                (Reason::TransferredOutside { .. }, _) => Some("handed on outside"),
                (Reason::OutsideOver, _) => Some("reached outside"),
                (Reason::OutsideNotReached, _) => Some("nobody reached outside"),
                (Reason::Connected { .. }, Event::KeyPressed { .. }) => Some("key pressed"),
                (Reason::ConnectionFailed { .. }, Event::KeyLost { .. }) => Some("key lost"),
                _ => None,
            });
        }
        if let Event::Transferred { call, to: Target::Number(number), .. } = event
            && let Some(life) = self.lives.get_mut(call)
            && decided_on(decision, *call)
                .any(|(_, reason)| matches!(reason, Reason::TransferredOutside { .. }))
        {
            life.outside = Some(Outside { number: number.clone(), fetched: false });
        }
        if let Event::KeyLost { call, .. } = event
            && let Some(life) = self.lives.get_mut(call)
            && decided_on(decision, *call)
                .any(|(_, reason)| matches!(reason, Reason::ConnectionFailed { .. }))
        {
            life.key_lost = true;
            life.talkers.pop();
            life.owner = life.talkers.first().copied();
        }
        let told = decision.answer.as_ref().and_then(|answer| Some((answer.call?, &answer.instruction)));
        if let Some((call, Instruction::DialOutside { .. })) = told
            && let Some(outside) = self.lives.get_mut(&call).and_then(|life| life.outside.as_mut())
        {
            outside.fetched = true;
        }
        if let Event::AnswerLost { call } = event
            && let Some(outside) = self.lives.get_mut(call).and_then(|life| life.outside.as_mut())
        {
            outside.fetched = false;
        }
    }

    /// The caller is gone before anybody could be expected to answer.
    fn book_hang_up(&mut self, event: &Event, now: Steady) {
        let (Event::CallerHungUp { call }
        | Event::CallerFound { call, there: Some(false) }
        | Event::CutInDone { call, result: CutIn::CallerGone, .. }
        | Event::ConnectionOver { call, caller_is_there: false, .. }) = event
        else {
            return;
        };
        if let (Some(life), Some(row)) = (self.lives.get_mut(call), self.calls.get(call)) {
            let limit = i64::from(TIMES.short_abandon_seconds) * 1000;
            life.gone_at_once |= now.ms_since(life.arrived_at) < limit && row.attempt == 0;
        }
    }

    /// The caller's ticket that was touched last is closed, or was touched too long ago, or must not be joined.
    fn nothing_was_to_be_joined(&self, call: CallId, world: &World, place: &str) {
        let life = &self.lives[&call];
        let within = world.joins_within_ms(&life.from, life.channel);
        let (Some(within), None | Some("voicemail")) = (within, world.blocked(&life.from, life.channel))
        else {
            return;
        };
        let theirs = self.tickets.values().filter(|t| t.from == life.from && t.channel == life.channel);
        let mut theirs: Vec<&Ticket> = theirs.collect();
        theirs.sort_by_key(|ticket| std::cmp::Reverse(ticket.touched));
        let since = world.now.at - TimeDelta::milliseconds(within);
        match theirs[..] {
            [last, next, ..] if last.touched == next.touched => {}
            [last, ..] => assert!(!last.open || last.touched < since, "{place}: {call} should have joined"),
            [] => {}
        }
    }

    /// The caller may join the call's ticket, while it is open; the end of a call is something that happens on it.
    fn keep_up_joinable(&mut self, call: &Call, world: &mut World) {
        let Some(ticket) = self.tickets.get_mut(&call.ticket) else { return };
        if call.is_over() {
            ticket.touch(world.now.at);
        }
        let (true, Some(number)) = (ticket.open, call.from.number()) else { return };
        world.joinable.touch(call.ticket, ticket.touched);
        world.joinable.open(call.ticket, call.channel, number, ticket.touched);
    }

    /// As it would be read from the store.
    pub fn joinable(&self) -> Joinable {
        let mut open: Vec<_> = self.tickets.iter().filter(|(_, ticket)| ticket.open).collect();
        open.sort_by_key(|(_, ticket)| ticket.touched);
        let mut joinable = Joinable::default();
        for (id, ticket) in open.into_iter().filter(|(_, ticket)| ticket.from != WITHHELD) {
            joinable.open(*id, ticket.channel, &ticket.from, ticket.touched);
        }
        joinable
    }

    fn book_apology(&mut self, decision: &Decision) {
        if let Some(Answer { call: Some(call), instruction: Instruction::Apologise { .. } }) =
            &decision.answer
            && let Some(life) = self.lives.get_mut(call)
        {
            life.owed_an_apology = false;
        }
    }

    /// Whose turn it was last in this channel, with the offers that were just made there.
    pub fn turns_before(
        &self,
        channel: ChannelId,
        made: &[(CallId, Offer)],
        routed: &[UserId],
        channel_of: impl Fn(CallId) -> Option<ChannelId>,
    ) -> Option<(UserId, usize)> {
        let last = made.iter().rev().find(|(call, _)| channel_of(*call) == Some(channel));
        let stood = |user: UserId| routed.iter().position(|known| *known == user).unwrap_or(0);
        let just_made = last.map(|(_, offer)| (offer.agent, stood(offer.agent)));
        just_made.or_else(|| self.turns.get(&channel).copied())
    }

    pub fn recount(&self, world: &World, place: &str) {
        let mut counts: HashMap<(UserId, TicketType), u32> = HashMap::new();
        for (owner, at) in self.tickets.values().filter_map(|ticket| ticket.owned) {
            if at >= world.now.at - COUNTED_FOR {
                *counts.entry((owner, TicketType::Calling)).or_default() += 1;
            }
        }
        let kept: HashMap<_, _> = world.load.counts().collect();
        assert_eq!(kept, counts, "{place}: the load is not what a recount says");
    }

    /// Once there are many, somebody closes the tickets of calls that are over.
    pub fn close_old_tickets(&mut self, world: &mut World) -> bool {
        if self.tickets.len() < 200 {
            return false;
        }
        let over = &self.over;
        self.tickets.retain(|id, ticket| {
            let live = ticket.calls.iter().any(|call| !over.contains(call));
            if !live {
                world.load.change(ticket.weight(), None);
                world.joinable.forget(*id);
            }
            live
        });
        world.joinable = self.joinable();
        true
    }

    /// Steady time was set anew: no deadline may lie further ahead than it could have been set.
    pub fn restarted(&mut self, board: &Switchboard, now: Now, place: &str) {
        for (id, life) in &mut self.lives {
            let call = board.call(*id).unwrap_or_else(|| panic!("{place}: a call was lost"));
            assert_eq!(
                board.find(&call.provider, &call.provider_call_id),
                Some(*id),
                "{place}: not found again"
            );
            let left = |until: Steady| until.ms_since(now.steady);
            life.since = now.steady;
            life.arrived_at = life.arrived_at.min(now.steady);
            match call.state {
                State::Ringing { until } => {
                    assert!((0..=25_000).contains(&left(until)), "{place}: rings until {until:?}");
                    life.ring_left = left(until);
                }
                State::Waiting { until } => {
                    assert!((0..=30_000).contains(&left(until)), "{place}: waits until {until:?}");
                    life.wait_left = left(until);
                }
                // A cut-in that was under way is made again.
                State::Connecting(_) => {
                    if let Delivery::CuttingIn { since } = &mut life.connecting.delivery {
                        *since = now.steady;
                    }
                }
                _ => {}
            }
            for offer in &call.offers {
                assert!((0..=25_000).contains(&left(offer.until)), "{place}: {offer:?}");
                self.offers.get_mut(&offer.id).expect("a known offer").offer = *offer;
            }
            self.calls.insert(*id, call.clone());
        }
    }
}

impl Ticket {
    fn weight(&self) -> Option<Weight> {
        self.owned.map(|(owner, at)| calling(owner, at))
    }

    fn touch(&mut self, at: DateTime<Utc>) {
        self.touched = at.max(self.touched);
    }
}

impl Connecting {
    fn begun(now: Steady) -> Self {
        Self { delivery: Delivery::CuttingIn { since: now }, leg_seen: false, leg_rang: false }
    }
}

impl Life {
    /// How long it has rung and waited, measured by its rows, and what that leaves.
    fn reckon(
        &mut self,
        before: Option<&Call>,
        call: &Call,
        decision: &Decision,
        world: &World,
        place: &str,
    ) {
        let now = world.now.steady;
        let was = before.map_or("", state_of);
        (self.ring_left, self.wait_left) = self.left(was, now);
        self.since = now;
        for (action, reason) in decided(decision, call) {
            match (action, reason) {
                (Action::Talk, Reason::Connected { agent }) => {
                    self.talkers.push(*agent);
                    self.owner = Some(*agent);
                }
                (Action::RingAgain, Reason::AgentLost { .. }) => {
                    self.ring_left = i64::from(TIMES.ring_seconds) * 1000;
                    self.wait_left = world.wait_ms(call.channel);
                    (self.in_front, self.owed_an_apology) = (true, true);
                }
                (Action::RingAgain, Reason::TransferredToAgent { .. } | Reason::TransferredToTeam { .. }) => {
                    self.ring_left = i64::from(TIMES.ring_seconds) * 1000;
                    self.wait_left = world.wait_ms(call.channel);
                }
                (Action::Unanswered, _) => self.message_asked = true,
                _ => {}
            }
        }
        let is = state_of(call);
        if matches!(was, "connecting" | "talking") && !matches!(is, "connecting" | "talking")
            || (was, is) == ("waiting", "ringing")
        {
            self.ring_left = self.ring_left.max(10_000);
        }
        if (was, is) == ("ringing", "connecting") {
            self.connecting = Connecting::begun(now);
        }
        match call.state {
            State::Ringing { until } => {
                assert_eq!(until, now.plus_ms(self.ring_left), "{place}: how long {} may ring", call.id);
                assert!((0..=25_000).contains(&self.ring_left), "{place}: {self:?}");
            }
            State::Waiting { until } => {
                assert_eq!(until, now.plus_ms(self.wait_left), "{place}: how long {} may wait", call.id);
                assert!((0..=world.wait_ms(call.channel)).contains(&self.wait_left), "{place}: {self:?}");
            }
            _ => {}
        }
    }

    /// The same after what was decided on it.
    pub fn after(&self, id: CallId, decision: &Decision, world: &World) -> Self {
        let mut after = self.clone();
        after.hear(id, decision, world);
        after
    }

    /// Whom it is handed on to is rung anew; whoever talked ends that. Who could not be connected is out.
    fn hear(&mut self, id: CallId, decision: &Decision, world: &World) {
        for (action, reason) in decided_on(decision, id) {
            match (action, reason) {
                (Action::Talk, Reason::Connected { .. }) => self.only = None,
                (Action::RingAgain, Reason::ConnectionFailed { agent, .. }) => drop(self.out.insert(*agent)),
                (Action::RingAgain, Reason::AgentLost { .. }) => self.in_front = true,
                (Action::RingAgain, Reason::TransferredToAgent { to, .. }) => self.is_for(vec![*to]),
                (Action::RingAgain, Reason::TransferredToTeam { agent, team, .. }) => {
                    let main = &world.people.teams[team].main;
                    self.is_for(main.iter().copied().filter(|member| member != agent).collect());
                }
                _ => {}
            }
        }
    }

    fn is_for(&mut self, users: Vec<UserId>) {
        self.only = Some(users);
        self.in_front = true;
        self.out.clear();
        self.rung.clear();
    }

    /// Who may be rung for it.
    pub fn routed(&self, world: &World) -> Vec<UserId> {
        self.only.clone().unwrap_or_else(|| world.routed(self.channel))
    }

    /// What is left at `now` of its time to ring and to wait, in milliseconds.
    pub fn left(&self, state: &str, now: Steady) -> (i64, i64) {
        let elapsed = now.ms_since(self.since);
        match state {
            "ringing" => (self.ring_left - elapsed, self.wait_left),
            "waiting" => (self.ring_left, self.wait_left - elapsed),
            _ => (self.ring_left, self.wait_left),
        }
    }

    /// Those in front are served first, then by priority, then by arrival.
    pub fn place(&self) -> (bool, u8, usize) {
        (!self.in_front, u8::MAX - priority(&self.from), self.arrived)
    }
}

/// A call's state by name; the number outside to which an agent handed the caller on is a state of its own here.
pub fn state_of(call: &Call) -> &'static str {
    match call.state {
        State::Outside(_) => "outside",
        _ => call.state_name(),
    }
}

/// What was decided on one call, in order, with the deciding reasons.
pub fn decided<'a>(
    decision: &'a Decision,
    call: &'a Call,
) -> impl Iterator<Item = (Action, &'a Reason)> + use<'a> {
    decided_on(decision, call.id)
}

fn decided_on(decision: &Decision, call: CallId) -> impl Iterator<Item = (Action, &Reason)> {
    decision.write.iter().filter_map(move |write| match write {
        Write::Decided(decided) if decided.call == call => Some((decided.action, &decided.reasons[0])),
        _ => None,
    })
}
