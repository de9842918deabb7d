//! Tickets that wait for somebody, where their channel routes them again (D9): who is in the line, and what becomes of
//! those whose turn it is.

use super::{
    Broken, Round,
    sharing::{ROUTED_AGAIN, Wanting},
};
use crate::{
    calls::time::Now,
    desk::engine::Engine,
    routing::{
        availability,
        availability::ByHand,
        ids::{ChannelId, TicketId},
        load::TicketType,
        reasons::Reason,
    },
    store::{self, batch::NotCommitted, settings::Change, waiting::Line},
    tickets::{
        channel::{Channel, Mode},
        sharing::{Shared, To},
        ticket::Ticket,
        waiting::{Free, Seen, Waits},
    },
};
use std::collections::{BTreeSet, HashMap};

/// How many are looked at in one round: callers wait for it.
const AT_ONCE: usize = 50;
/// The types of tickets that may wait in line.
const KINDS: [TicketType; 2] = [TicketType::Messages, TicketType::EmailOther];

impl Engine {
    /// Whoever of this round has to wait from now on joins the line, and whoever has not leaves it.
    pub(in crate::desk) async fn keep_line(&mut self, round: &mut Round) -> Result<(), Broken> {
        if round.batch.settings.iter().any(may_matter) {
            self.memory.waiting.rule_changed();
        }
        let since = self.around.clock.now().at;
        let mut lines = Vec::new();
        let written: Vec<_> =
            round.batch.tickets.values().map(|ticket| (ticket.id, waits_in(ticket))).collect();
        for (ticket, channel) in written {
            let channel = channel
                .filter(|channel| self.memory.settings.ticket_channels.get(channel).is_some_and(reroutes));
            match (channel, self.memory.waiting.of(ticket)) {
                (Some(channel), None) if !self.is_asked(ticket, channel, round).await? => {
                    let waits = Waits { since, ticket, channel };
                    self.memory.waiting.begin(waits);
                    lines.push(Line::Joined(waits));
                }
                (None, Some(waits)) => {
                    self.memory.waiting.end(waits.ticket);
                    lines.push(Line::Left(waits.ticket));
                }
                _ => {}
            }
        }
        // Why they wait was written down just now.
        for row in &round.batch.decisions {
            self.memory.waiting.waits_because(row.ticket, &row.decision.reasons);
        }
        if lines.iter().any(|line| matches!(line, Line::Joined(_))) {
            let seen = self.seen();
            self.memory.waiting.saw(&seen);
        }
        round.batch.waiting.extend(lines);
        Ok(())
    }

    /// The customer agent may still take it: it has not handed over.
    async fn is_asked(
        &mut self,
        ticket: TicketId,
        channel: ChannelId,
        round: &Round,
    ) -> Result<bool, Broken> {
        let channel = self.memory.settings.ticket_channels.get(&channel);
        if channel.is_none_or(|channel| channel.assignment.mode != Mode::Agent) {
            return Ok(false);
        }
        let turn = self.turn_now(ticket, round).await?;
        Ok(turn.is_some_and(|turn| turn.over_at.is_none()))
    }

    /// Whether there is something to do for those that wait.
    pub(in crate::desk) fn look_at_line(&mut self) -> bool {
        if self.rerouting() != self.memory.rerouting {
            return true;
        }
        if self.memory.waiting.is_empty() {
            return false;
        }
        let seen = self.seen();
        self.memory.waiting.look(seen);
        self.memory.waiting.is_under_way()
    }

    fn rerouting(&self) -> BTreeSet<ChannelId> {
        let channels = self.memory.settings.ticket_channels.values();
        channels.filter(|channel| reroutes(channel)).map(|channel| channel.id).collect()
    }

    fn seen(&mut self) -> Seen {
        let at = self.around.clock.now().at;
        self.memory.load.expire(at);
        let (settings, load, board) = (&self.memory.settings, &self.memory.load, &self.memory.board);
        let mut free = Free::default();
        for user in settings.people.users.values().filter(|user| user.ticket_access) {
            let by_hand = board.known_agent(user.id).map_or(&ByHand::Available, |agent| &agent.by_hand);
            let there = availability::away(user, by_hand, at).is_none();
            for kind in KINDS {
                if user.capacity.is_none_or(|capacity| load.of(user.id, kind) < capacity) {
                    free.add(user.id, kind, there);
                }
            }
        }
        let channels = || self.memory.waiting.channels().filter_map(|id| settings.ticket_channels.get(&id));
        let open = channels().filter(|channel| channel.hours.verdict(&channel.zone, at).open);
        let relax = channels().filter_map(|channel| Some((channel.id, channel.relax_after_minutes?)));
        Seen {
            at,
            free,
            open: open.map(|channel| channel.id).collect(),
            relax: relax.collect::<HashMap<_, _>>(),
        }
    }

    /// The next of the line.
    pub(super) async fn route_waiting(&mut self, round: &mut Round) -> Result<(), Broken> {
        self.keep_channels_of_line(round).await?;
        let now = self.around.clock.now();
        for _ in 0..AT_ONCE {
            let Some(waits) = self.memory.waiting.go_on() else { break };
            let ticket = self.ticket_now(waits.ticket, round).await?;
            match ticket.filter(|ticket| waits_in(ticket) == Some(waits.channel)) {
                Some(ticket) => self.route_again(ticket, waits, now, round).await?,
                None => {
                    self.memory.waiting.end(waits.ticket);
                    round.batch.waiting.push(Line::Left(waits.ticket));
                }
            }
        }
        let seen = self.seen();
        self.memory.waiting.saw(&seen);
        Ok(())
    }

    async fn route_again(
        &mut self,
        mut ticket: Ticket,
        waits: Waits,
        now: Now,
        round: &mut Round,
    ) -> Result<(), Broken> {
        let settings = self.memory.settings.clone();
        let Some(channel) = settings.ticket_channels.get(&waits.channel) else { return Ok(()) };
        let verdict = channel.hours.verdict(&channel.zone, now.at);
        let shared = match verdict.open {
            true => {
                let wanting = Wanting {
                    ticket: ticket.id,
                    contact: ticket.contact,
                    properties: &ticket.properties,
                    since: waits.since,
                    agent_is_over: true,
                };
                self.share(channel, &wanting)
            }
            false => {
                let opens = channel.hours.next_change(&channel.zone, now.at);
                left(Reason::HoursClosed { rule: verdict.rule, opens })
            }
        };
        if matches!(shared.to, To::Owner(_) | To::Team(_)) {
            let before = ticket.weight();
            self.give(&mut ticket, shared, ROUTED_AGAIN, now, round);
            ticket.touch(now.at);
            self.put_ticket(ticket, before, round);
            return Ok(());
        }
        if verdict.open && is_same_for_all(channel) {
            self.memory.waiting.is_hopeless(channel.id);
        }
        if !self.memory.waiting.knows_why(ticket.id) {
            let last = store::decisions::last_on_ticket(self.writer.connection(), ticket.id).await;
            let last = last.map_err(|error| Broken::Store(NotCommitted::Failed(error)))?;
            self.memory.waiting.waits_because(ticket.id, &last.map(|why| why.reasons).unwrap_or_default());
        }
        if self.memory.waiting.waits_because(ticket.id, &shared.reasons) {
            self.give(&mut ticket, shared, ROUTED_AGAIN, now, round);
        }
        Ok(())
    }

    /// Tickets of a channel that lets them wait from now on join the line; those of one that does not any more leave it.
    async fn keep_channels_of_line(&mut self, round: &mut Round) -> Result<(), Broken> {
        let rerouting = self.rerouting();
        if rerouting == self.memory.rerouting {
            return Ok(());
        }
        let gone: Vec<ChannelId> =
            self.memory.waiting.channels().filter(|channel| !rerouting.contains(channel)).collect();
        let gone = gone.into_iter().flat_map(|channel| self.memory.waiting.of_channel(channel));
        for ticket in gone.collect::<Vec<_>>() {
            self.memory.waiting.end(ticket);
            round.batch.waiting.push(Line::Left(ticket));
        }
        for &channel in rerouting.difference(&self.memory.rerouting.clone()) {
            let unassigned = store::waiting::unassigned_of(self.writer.connection(), channel).await;
            let unassigned = unassigned.map_err(|error| Broken::Store(NotCommitted::Failed(error)))?;
            for (ticket, since) in unassigned {
                let is_given =
                    round.batch.tickets.get(&ticket).is_some_and(|ticket| waits_in(ticket).is_none());
                if self.memory.waiting.of(ticket).is_none() && !is_given {
                    let waits = Waits { since, ticket, channel };
                    self.memory.waiting.begin(waits);
                    round.batch.waiting.push(Line::Joined(waits));
                }
            }
        }
        self.memory.rerouting = rerouting;
        self.memory.waiting.rule_changed();
        Ok(())
    }
}

/// Where it would wait: it is open, nobody's and no team's.
fn waits_in(ticket: &Ticket) -> Option<ChannelId> {
    let is_nobodys = ticket.status.is_open() && ticket.owner.is_none() && ticket.team.is_none();
    ticket.channel.filter(|_| is_nobodys)
}

fn reroutes(channel: &Channel) -> bool {
    channel.enabled && channel.reroutes && channel.assignment.mode != Mode::Nobody
}

/// If one of its tickets finds nobody, none does.
fn is_same_for_all(channel: &Channel) -> bool {
    channel.demands.is_empty() && channel.assignment.mode != Mode::ContactOwner
}

fn left(reason: Reason) -> Shared {
    Shared {
        to: To::Nobody,
        candidates: Default::default(),
        reasons: vec![reason],
        cursor: None,
        mail_owner: None,
    }
}

/// Whether a change of settings may find somebody for those that wait. Contacts are made all day.
fn may_matter(change: &Change) -> bool {
    match change {
        Change::Contact(_, document) => document["owner"].is_string(),
        Change::MergeContacts(_) => true,
        change => change.is_of_people_or_channels(),
    }
}
