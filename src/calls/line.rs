//! A call that rings or waits: who is rung for it, until one accepts, all decline, or its time is up.

use super::{
    agents::Agent,
    call::{Call, Cause, Offer, Outcome, Recording, State},
    callers,
    channel::{Channel, Slot},
    connecting::fresh_poll,
    decision::{Action, Instruction, OfferRow, Say, TicketChange, Write},
    event::Arrival,
    switchboard::{Facts, Switchboard, Turn},
    time::Steady,
};
use crate::routing::{
    assignment::{self, Field, Rule, Selection},
    availability::{ByHand, Phone},
    contacts::Blocked,
    distribution::{Cursor, Entrant},
    eligibility::{self, Objection, Standing, Terms},
    ids::{CallId, ChannelId, OfferId, UserId},
    load::TicketType,
    people::User,
    reasons::Reason,
    roster::{Chair, Roster},
};
use std::collections::BTreeMap;

/// How many agents are rung at once at the most (A14).
pub(super) const RUNG_AT_ONCE: usize = 100;
/// What a caller rings at least, who comes back from a failed connection or out of the line.
pub(super) const RINGS_AGAIN_MS: i64 = 10_000;
/// A held caller asks again after every clip of 5 or 6 s; silent for longer, they may be gone.
pub(super) const SILENT_SECONDS: u32 = 21;
/// How long a clip of ring tone lasts.
const CLIP_MS: i64 = 5_000;
/// A waiting caller hears music in clips of up to a minute, and at most a minute of words before each.
pub(super) const SILENT_WAITING_SECONDS: u32 = 75;
pub(super) const SILENT_WITH_WORDS_SECONDS: u32 = 135;

impl Switchboard {
    pub(super) fn call_arrives(&mut self, arrival: Arrival, turn: &mut Turn<'_>) {
        if let Some(known) = self.find(&arrival.provider, &arrival.provider_call_id) {
            // By the fallback. Its addresses must be new: at one that was answered before, old answers are heard again.
            let fresh = self.calls.get(&known).map_or(0, |call| fresh_poll(call, turn));
            return self.caller_asks(known, arrival.poll.max(fresh), turn);
        }
        let Some(channel) = turn.facts.channels.get(&arrival.channel) else {
            return turn.answer(None, Instruction::HangUp);
        };
        let verdict = channel.hours.verdict(&channel.zone, turn.now().at);
        let blocked = callers::blocked(&arrival.from, channel, turn.facts.contacts);
        let turned_away = blocked.clone().filter(|(how, _)| *how != Blocked::Voicemail);
        let poll = arrival.poll;
        let call = self.open_call(arrival, turned_away.is_none(), turn);
        turn.arrived = Some((call.id, verdict));
        if let Some((how, reason)) = turned_away {
            return self.turn_away(call, how, reason, poll == 0, turn);
        }
        turn.ask(call.id, poll);
        turn.touch(call.id);
        let id = call.id;
        if let Some((_, reason)) = blocked {
            let slot = if verdict.open { Slot::Unanswered } else { Slot::AfterHours };
            self.admit(call);
            self.take_message(id, slot, Selection::default(), reason, turn);
        } else if verdict.open {
            self.line.insert(call.place());
            turn.unsettle(&call);
            self.admit(call);
        } else {
            self.admit(call);
            let opens = channel.hours.next_change(&channel.zone, turn.now().at);
            let reason = Reason::HoursClosed { rule: verdict.rule, opens };
            self.take_message(id, Slot::closed(verdict.rule), Selection::default(), reason, turn);
        }
    }

    /// Its end overtook its beginning. It is kept as what it was, and never rings.
    pub(super) fn call_was_missed(&mut self, arrival: Arrival, turn: &mut Turn<'_>) {
        if let Some(known) = self.find(&arrival.provider, &arrival.provider_call_id) {
            return self.caller_hung_up(known, turn);
        }
        let call = self.open_call(arrival, true, turn);
        let id = call.id;
        self.admit(call);
        self.end(id, Outcome::Abandoned, Reason::CallerHungUp { seconds: 0 }, turn);
    }

    /// A caller left a message while nothing could be recorded here.
    pub(super) fn message_found(&mut self, arrival: Arrival, recording: Recording, turn: &mut Turn<'_>) {
        let call = self.open_call(arrival, true, turn);
        let id = call.id;
        self.admit(call);
        self.take_message(id, Slot::Unanswered, Selection::default(), Reason::StoreWasDown, turn);
        self.caller_left_voicemail(id, turn);
        self.recording_ready(id, recording, turn);
    }

    /// `joins`: the caller's open ticket may be the call's.
    pub(super) fn open_call(&mut self, arrival: Arrival, joins: bool, turn: &mut Turn<'_>) -> Call {
        let now = turn.now();
        let times = turn.times_of(arrival.channel);
        let id = CallId(self.ids.next(now.at.timestamp_millis()));
        let (priority, first) = callers::priority(&arrival.from, turn.facts.contacts);
        if let Some(reason) = first {
            turn.remark(id, reason);
        }
        let (ticket, shares_ticket) = self.ticket_for(id, &arrival, joins, turn);
        let (channel, at) = (arrival.channel, now.at);
        turn.write(Write::Ticket(match shares_ticket {
            true => TicketChange::Join { ticket, call: id, at },
            false => TicketChange::Open { ticket, call: id, channel, at },
        }));
        Call {
            id,
            channel: arrival.channel,
            provider: arrival.provider,
            provider_call_id: arrival.provider_call_id,
            from: arrival.from,
            to: arrival.to,
            ticket,
            shares_ticket,
            arrived_at: now.at,
            // Whoever was held without a store has been there for as many clips.
            arrived: now.steady.plus_ms(-i64::from(arrival.poll.min(1_000)) * CLIP_MS),
            in_front: false,
            priority,
            gone_at_once: false,
            state: State::Ringing { until: now.steady.plus_seconds(times.ring_seconds) },
            is_answered: !turn.rings_devices(arrival.channel) || arrival.poll > 0,
            offers: Vec::new(),
            excluded: BTreeMap::new(),
            only: None,
            rung: BTreeMap::new(),
            attempt: 0,
            answered_by: None,
            ring_left_ms: 0,
            wait_left_ms: i64::from(times.wait_seconds) * 1000,
            apology_due: false,
            announced: false,
            check_at: now.steady.plus_seconds(SILENT_SECONDS),
        }
    }

    /// The caller's side asks how to go on; a sign of life besides.
    pub(super) fn caller_asks(&mut self, id: CallId, poll: u32, turn: &mut Turn<'_>) {
        match self.calls.get_mut(&id) {
            Some(call) if call.is_in_line() => {
                call.check_at = turn.now().steady.plus_seconds(SILENT_SECONDS);
                turn.time_call(id);
                turn.ask(id, poll);
                if turn.rings_devices(call.channel) {
                    turn.unsettle(call);
                }
            }
            Some(call) if matches!(call.state, State::Dialling(_)) => {
                self.asks_while_dialling(id, poll, turn)
            }
            Some(_) => turn.ask(id, poll),
            None => turn.answer(None, Instruction::HangUp),
        }
    }

    /// Rings whoever can be rung for a call in line; else lets it wait; else takes a message.
    pub(super) fn settle(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get(&id).filter(|call| call.is_in_line()) else { return };
        let Some(channel) = turn.facts.channels.get(&call.channel) else {
            return self.take_message(
                id,
                Slot::Unanswered,
                Selection::default(),
                Reason::NobodySelected,
                turn,
            );
        };
        if channel.rings_devices() {
            return self.settle_devices(id, channel, turn);
        }
        let one_at_a_time = channel.rule.strategy.rings_one_at_a_time();
        if one_at_a_time && !call.offers.is_empty() {
            return;
        }
        self.know_at_a_glance(channel, turn.facts);
        let at_most = if one_at_a_time { 1 } else { RUNG_AT_ONCE };
        let Some(call) = self.calls.get(&id) else { return };
        let selection = self.select_for(call, one_at_a_time, at_most, channel, turn.facts);
        let chosen = choose(&call.offers, one_at_a_time, &selection);
        let rings = !chosen.is_empty() || !call.offers.is_empty();
        match next(&selection, rings, call.wait_left(turn) > 0) {
            Next::Ring => self.ring(id, channel, &chosen, selection, turn),
            Next::Wait => self.wait(id, selection, turn),
            Next::TakeMessage => {
                let reason = selection.nobody();
                self.take_message(id, Slot::Unanswered, selection, reason, turn);
            }
        }
    }

    /// `each_once`: whoever was rung more often for it than others is none of the eligible, of whom the first `at_most` are
    /// told.
    pub(super) fn select_for(
        &self,
        call: &Call,
        each_once: bool,
        at_most: usize,
        channel: &Channel,
        facts: Facts<'_>,
    ) -> Selection {
        let rounds: u32 = call.rung.values().sum();
        let draw = call.id.0.as_u64_pair().1.wrapping_add(u64::from(rounds));
        let asked = each_once.then_some(&call.rung);
        let roster = self.rosters.get(&channel.id);
        let wish =
            Wish { roster, only: call.only.as_deref(), excluded: &call.excluded, asked, draw, at_most };
        self.select(wish, channel, facts)
    }

    /// Makes ready what lets thousands be gone through quickly.
    fn know_at_a_glance(&mut self, channel: &Channel, facts: Facts<'_>) {
        self.renew_briefs();
        let roster = self.rosters.entry(channel.id).or_insert_with(|| roster(&channel.rule, channel, facts));
        roster.find_places(facts.load.rows(), &self.briefs);
    }

    /// Who could be rung now, and why not the others.
    pub(super) fn select(&self, wish: Wish<'_>, channel: &Channel, facts: Facts<'_>) -> Selection {
        let Wish { roster: known, only, excluded, asked, draw, at_most } = wish;
        const NOBODY: Standing<'static> =
            Standing { by_hand: &ByHand::Available, phone: Phone::GONE, hindrance: None };
        let devices = channel.rings_devices();
        // A device that rings for one caller can ring for another too: nobody can be held without being answered.
        let one_at_a_time = channel.rule.strategy.rings_one_at_a_time() && !devices;
        let standing = |person: &User| {
            let user = person.id;
            let agent = self.agents.get(&user);
            let by_hand = agent.map_or(NOBODY.by_hand, |agent| &agent.by_hand);
            let softphone = || agent.map_or(NOBODY.phone, Agent::phone);
            let phone = if devices { Phone::WORKING } else { softphone() };
            let hindrance = channel
                .cannot_ring(Some(person))
                .or_else(|| excluded.get(&user))
                .or_else(|| agent?.busy(one_at_a_time));
            (Standing { by_hand, phone, hindrance }, agent.and_then(|agent| agent.idle_since))
        };
        let glance = |chair: &Chair, user: UserId| {
            let brief = self.briefs.at(chair.agent, user).filter(|_| !devices)?;
            brief.glance(one_at_a_time, || !excluded.is_empty() && excluded.contains_key(&user))
        };
        let field = Field {
            people: facts.people,
            load: facts.load,
            kind: TicketType::Calling,
            terms: Terms::call(facts.people.workspace(channel.inbox)),
            at: facts.now.at,
            cursor: self.cursors.get(&channel.id).copied(),
            draw,
            at_most,
            asked,
            standing,
            glance,
        };
        if let Some(users) = only {
            let rule = Rule { users: users.to_vec(), teams: vec![], ..channel.rule.clone() };
            return assignment::select(&rule, &roster(&rule, channel, facts), &field);
        }
        match known {
            Some(known) => {
                debug_assert!(
                    known.is_like(&roster(&channel.rule, channel, facts)),
                    "settings changed unheard of"
                );
                assignment::select(&channel.rule, known, &field)
            }
            None => assignment::select(&channel.rule, &roster(&channel.rule, channel, facts), &field),
        }
    }

    fn ring(
        &mut self,
        id: CallId,
        channel: &Channel,
        chosen: &[Entrant],
        selection: Selection,
        turn: &mut Turn<'_>,
    ) {
        let now = turn.now().steady;
        let Some(call) = self.calls.get_mut(&id) else { return };
        let was_waiting = matches!(call.state, State::Waiting { .. });
        let arrived = turn.arrived.filter(|(arrived, _)| *arrived == id);
        let one_at_a_time = channel.rule.strategy.rings_one_at_a_time();
        if let State::Waiting { until } = call.state {
            call.wait_left_ms = until.ms_since(now);
            call.state = State::Ringing { until: now.plus_ms(call.ring_left_ms.max(RINGS_AGAIN_MS)) };
        }
        if was_waiting || arrived.is_some() || (one_at_a_time && !chosen.is_empty()) {
            let strategy = channel.rule.strategy;
            let mut reasons = vec![selection.reason(strategy).unwrap_or(Reason::AgentsBeingOffered)];
            reasons.extend(arrived.map(|(_, verdict)| Reason::HoursOpen { rule: verdict.rule }));
            let call = call.clone();
            turn.decide(&call, Action::Ring, selection, reasons);
            turn.touch(id);
        }
        for entrant in chosen {
            self.offer(id, channel, entrant, turn);
        }
    }

    fn offer(&mut self, id: CallId, channel: &Channel, entrant: &Entrant, turn: &mut Turn<'_>) {
        let now = turn.now();
        let agent_ring_seconds = turn.facts.times.with(channel.own_times).agent_ring_seconds;
        let Some(State::Ringing { until: ring_until }) = self.calls.get(&id).map(|call| &call.state) else {
            return;
        };
        let mut until = *ring_until;
        if channel.rule.strategy.rings_one_at_a_time() {
            until = until.min(now.steady.plus_seconds(agent_ring_seconds));
        }
        self.take_turn(id, channel, entrant, turn);
        let Some(offer) = self.open_an_offer(id, entrant.user, until, false, turn) else { return };
        let Some(call) = self.calls.get(&id) else { return };
        let contact = call.from.number().and_then(|number| turn.facts.contacts.named(number));
        let (channel, from, expires_at) = (call.channel, call.from.to_string(), now.wall(until));
        turn.say(Say::Offered { call: id, channel, from, contact, offer, expires_at });
    }

    /// Where agents are rung one at a time, it is theirs. To hand a caller on takes nobody's turn.
    pub(super) fn take_turn(
        &mut self,
        id: CallId,
        channel: &Channel,
        entrant: &Entrant,
        turn: &mut Turn<'_>,
    ) {
        let handed_on = self.calls.get(&id).is_some_and(|call| call.only.is_some());
        if channel.rule.strategy.rings_one_at_a_time() && !handed_on {
            let cursor = Cursor { user: entrant.user, position: entrant.position };
            self.cursors.insert(channel.id, cursor);
            turn.write(Write::Cursor { channel: channel.id, cursor });
        }
    }

    pub(super) fn open_an_offer(
        &mut self,
        id: CallId,
        agent: UserId,
        until: Steady,
        by_device: bool,
        turn: &mut Turn<'_>,
    ) -> Option<Offer> {
        let now = turn.now();
        let offer_id = OfferId(self.ids.next(now.at.timestamp_millis()));
        let call = self.calls.get_mut(&id)?;
        let offer = Offer { id: offer_id, agent, since: now.steady, until, at: now.at, by_device };
        call.offers.push(offer);
        *call.rung.entry(agent).or_default() += 1;
        self.offers.insert(offer.id, id);
        self.agent(agent).offers.insert(offer.id);
        turn.touch(id);
        turn.write(Write::Offer(OfferRow { offer, call: id, ended: None }));
        Some(offer)
    }

    /// Ends an open offer with its one cause. What that means for the call is not decided here.
    pub(super) fn end_offer(&mut self, offer: OfferId, cause: Cause, turn: &mut Turn<'_>) {
        let Some(id) = self.offers.remove(&offer) else { return };
        let call = self.calls.get_mut(&id).expect("an open offer has a live call");
        let index =
            call.offers.iter().position(|open| open.id == offer).expect("a call knows its open offers");
        let ended = call.offers.remove(index);
        self.agent(ended.agent).offers.remove(&offer);
        self.remember_offer(offer, ended.agent, cause);
        turn.touch(id);
        turn.write(Write::Offer(OfferRow { offer: ended, call: id, ended: Some((cause, turn.now().at)) }));
        if cause != Cause::Won && !ended.by_device {
            turn.say(Say::OfferEnded { agent: ended.agent, offer, cause });
        }
    }

    pub(super) fn end_offers(&mut self, id: CallId, cause: Cause, turn: &mut Turn<'_>) {
        let open: Vec<OfferId> =
            self.calls.get(&id).into_iter().flat_map(|c| &c.offers).map(|o| o.id).collect();
        for offer in open {
            self.end_offer(offer, cause, turn);
            turn.line_changed();
        }
    }

    pub(super) fn wait(&mut self, id: CallId, selection: Selection, turn: &mut Turn<'_>) {
        let now = turn.now().steady;
        let Some(call) = self.calls.get_mut(&id) else { return };
        let State::Ringing { until } = call.state else { return };
        call.ring_left_ms = until.ms_since(now);
        call.state = State::Waiting { until: now.plus_ms(call.wait_left_ms) };
        let call = call.clone();
        turn.decide(&call, Action::Wait, selection, vec![Reason::AllBusy]);
        turn.touch(id);
    }

    /// Declining silences this call for that agent. Was it the last, `settle` finds nobody and takes a message.
    pub(super) fn offer_declined(&mut self, agent: UserId, offer: OfferId, turn: &mut Turn<'_>) {
        let Some(id) = self.open_offer(agent, offer) else { return self.refuse_offer(agent, offer, turn) };
        self.end_offer(offer, Cause::Declined, turn);
        if let Some(call) = self.calls.get_mut(&id) {
            call.excluded.insert(agent, Objection::Declined);
        }
        self.agent(agent).misses = 0;
        turn.agent_changed(agent);
    }

    /// The call of an offer that a softphone was told of. A device is answered at the device.
    pub(super) fn open_offer(&self, agent: UserId, offer: OfferId) -> Option<CallId> {
        let id = *self.offers.get(&offer)?;
        let open = self.calls.get(&id)?.offer_to(agent)?;
        if open.by_device {
            return None;
        }
        let theirs = self.agents.get(&agent).is_some_and(|agent| agent.offers.contains(&offer));
        theirs.then_some(id)
    }

    pub(super) fn ringing_due(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let now = turn.now().steady;
        let Some(call) = self.calls.get(&id) else { return };
        let State::Ringing { until } = call.state else { return };
        let due: Vec<Offer> = call.offers.iter().filter(|offer| offer.until <= now).copied().collect();
        let alone = call.offers.len() == 1;
        for offer in due {
            let missed = alone && self.rang_long_enough(id, offer, turn);
            self.end_offer(offer.id, if missed { Cause::Missed } else { Cause::Expired }, turn);
            turn.line_changed();
            if missed {
                self.missed(id, offer, turn);
            }
        }
        if until <= now {
            let times = self.calls.get(&id).map(|call| turn.times_of(call.channel)).unwrap_or_default();
            let reason = Reason::RingTimeOver { seconds: times.ring_seconds };
            let selection = self.select_again(id, turn);
            self.take_message(id, Slot::Unanswered, selection, reason, turn);
        }
    }

    pub(super) fn waiting_due(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get(&id) else { return };
        let State::Waiting { until } = call.state else { return };
        if until <= turn.now().steady {
            let reason = Reason::WaitTimeOver { seconds: turn.times_of(call.channel).wait_seconds };
            let selection = self.select_again(id, turn);
            self.take_message(id, Slot::Unanswered, selection, reason, turn);
        }
    }

    /// The caller had enough of waiting and pressed 1. Who is being connected meanwhile is not torn away.
    pub(super) fn caller_wants_message(&mut self, id: CallId, poll: u32, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get(&id) else { return turn.answer(None, Instruction::HangUp) };
        if call.is_in_line() {
            let seconds = call.seconds_since_arrival(turn);
            let selection = self.select_again(id, turn);
            self.end_offers(id, Cause::Withdrawn, turn);
            let reason = Reason::CallerWantsMessage { seconds };
            self.take_message(id, Slot::Unanswered, selection, reason, turn);
        }
        turn.ask(id, poll);
    }

    pub(super) fn select_again(&self, id: CallId, turn: &Turn<'_>) -> Selection {
        let Some(call) = self.calls.get(&id) else { return Selection::default() };
        let channel = turn.facts.channels.get(&call.channel);
        channel.map(|channel| self.select_for(call, false, 1, channel, turn.facts)).unwrap_or_default()
    }

    /// Who was rung for the last moment only has missed nothing that counts.
    pub(super) fn rang_long_enough(&self, id: CallId, offer: Offer, turn: &Turn<'_>) -> bool {
        let times = self.calls.get(&id).map(|call| turn.times_of(call.channel)).unwrap_or_default();
        let seconds = times.agent_ring_seconds.min(times.ring_seconds);
        turn.now().steady >= offer.since.plus_seconds(seconds)
    }

    /// Rung alone and not answered. After some in a row the agent is set away, unless they are the last one there.
    pub(super) fn missed(&mut self, id: CallId, offer: Offer, turn: &mut Turn<'_>) {
        let agent = offer.agent;
        let limit = turn.facts.times.misses_until_away;
        self.agent(agent).misses += 1;
        turn.agent_changed(agent);
        if limit == 0 || self.agent(agent).misses < limit {
            return;
        }
        let Some(channel) = self.calls.get(&id).map(|call| call.channel) else { return };
        if let Some(channel) = self.last_agent_of(agent, channel, turn.facts) {
            return self.tell_of_misses(agent, channel, turn);
        }
        let until = turn.facts.people.users.get(&agent).and_then(|user| {
            user.working_hours.as_ref().and_then(|hours| hours.next_opening(&user.zone, turn.now().at))
        });
        let known = self.agent(agent);
        known.by_hand = ByHand::Away { reason: Some("missed calls".into()), until };
        known.misses = 0;
        self.withdraw_offers(agent, turn);
        self.tell_availability(agent, turn);
    }

    /// The channel, if any (`first` is looked at first), for which nobody but this agent is there, free or busy.
    fn last_agent_of(&self, agent: UserId, first: ChannelId, facts: Facts<'_>) -> Option<ChannelId> {
        let is_there = |channel: &Channel, user: UserId| {
            let (Some(person), Some(known)) = (facts.people.users.get(&user), self.agents.get(&user)) else {
                return false;
            };
            let phone = if channel.rings_devices() { Phone::WORKING } else { known.phone() };
            let hindrance = channel.cannot_ring(Some(person));
            let standing = Standing { by_hand: &known.by_hand, phone, hindrance };
            let load = facts.load.of(user, TicketType::Calling);
            let workspace = facts.people.workspace(channel.inbox);
            let (admitted, terms) = (workspace.admits(user, facts.people), Terms::call(workspace));
            eligibility::objection(person, admitted, terms, standing, load, facts.now.at).is_none()
        };
        let needs_them = |channel: &&Channel| {
            let reached = facts.people.routed(&channel.rule.users, &channel.rule.teams);
            let helps = |user: UserId| {
                user != agent
                    && is_there(channel, user)
                    && channel.cannot_ring(facts.people.users.get(&user)).is_none()
            };
            reached.contains(&agent) && !reached.into_iter().any(helps)
        };
        let channels = facts.channels.values().filter(needs_them);
        channels.map(|channel| channel.id).min_by_key(|id| (*id != first, *id))
    }

    pub fn agents(&self) -> impl Iterator<Item = (UserId, &Agent)> {
        self.agents.iter().map(|(id, agent)| (*id, agent))
    }
}

/// Who is looked for.
pub(super) struct Wish<'a> {
    /// Whom the channel reaches, where that is known beforehand.
    pub roster: Option<&'a Roster>,
    /// Instead of all whom the channel reaches.
    pub only: Option<&'a [UserId]>,
    pub excluded: &'a BTreeMap<UserId, Objection>,
    /// Nobody is rung twice for a call before everybody was rung once: how often each was.
    pub asked: Option<&'a BTreeMap<UserId, u32>>,
    pub draw: u64,
    /// How many of the eligible have to be known, the first ones.
    pub at_most: usize,
}

fn roster(rule: &Rule, channel: &Channel, facts: Facts<'_>) -> Roster {
    let workspace = facts.people.workspace(channel.inbox);
    Roster::new(rule, facts.people, workspace, |user| channel.cannot_ring(Some(user)).is_none())
}

/// The agents to ring now besides those who are rung already, in the order of the strategy.
pub(super) fn choose(rung: &[Offer], one_at_a_time: bool, selection: &Selection) -> Vec<Entrant> {
    let is_rung = |entrant: &&Entrant| rung.iter().any(|offer| offer.agent == entrant.user);
    let not_rung = selection.eligible.iter().filter(|entrant| !is_rung(entrant));
    let at_most = if one_at_a_time { 1 } else { RUNG_AT_ONCE.saturating_sub(rung.len()) };
    not_rung.take(at_most).cloned().collect()
}

/// What is to be done with a call in line.
pub(super) enum Next {
    Ring,
    Wait,
    TakeMessage,
}

/// Whoever is busy is worth waiting for, where waiting is allowed (A13); who is only being offered another call keeps
/// this one ringing.
pub(super) fn next(selection: &Selection, somebody_is_rung: bool, may_wait: bool) -> Next {
    if somebody_is_rung || selection.anyone_objects(|o| *o == Objection::BeingOffered) {
        Next::Ring
    } else if may_wait && selection.anyone_objects(Objection::is_merely_busy) {
        Next::Wait
    } else {
        Next::TakeMessage
    }
}

impl Call {
    /// What is left of the time to wait in line, in milliseconds.
    pub(super) fn wait_left(&self, turn: &Turn<'_>) -> i64 {
        match self.state {
            State::Waiting { until } => until.ms_since(turn.now().steady),
            _ => self.wait_left_ms,
        }
    }

    /// Back in line, in its old place.
    pub(super) fn ring_again(&mut self, turn: &Turn<'_>) {
        let left = self.ring_left_ms.max(RINGS_AGAIN_MS);
        self.state = State::Ringing { until: turn.now().steady.plus_ms(left) };
        self.check_at = turn.now().steady.plus_seconds(SILENT_SECONDS);
    }
}
