//! Makes rows and jobs of what was decided, and keeps the tickets in step.

use super::Round;
use crate::{
    calls::{
        call::Call,
        decision::{Decision, Job, TicketChange, Write},
        time::Now,
    },
    desk::{engine::Engine, memory::Memory},
    routing::{ids::JobId, load::TicketType},
    store::{
        batch::Batch, decisions::DecisionRow, jobs::JobRow, known_calls::fingerprint, voicemails::Voicemail,
    },
    tickets::ticket::{Status, Ticket},
};

impl Engine {
    pub(super) fn gather(
        &mut self,
        decision: Decision,
        event: &str,
        now: Now,
        index: Option<usize>,
        round: &mut Round,
    ) {
        self.tell_of(&decision.write, now, round);
        round.says.extend(decision.say.into_iter().map(|say| (say, index)));
        for write in decision.write {
            self.gather_write(write, event, now, round);
        }
        for job in decision.later {
            self.add_job(job, now, round);
        }
    }

    pub(super) fn add_job(&mut self, job: Job, now: Now, round: &mut Round) {
        if let Job::KeepRecording { provider, recording, .. } = &job
            && !self.memory.keeping.insert((provider.clone(), recording.id.clone()))
        {
            return;
        }
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
                keep_up_ticket(&call, &mut self.memory, now, batch);
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
            // What happened is recorded with the others: see `happenings`.
            Write::LastAgentMisses { .. } => {}
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
                let channel = self.memory.settings.channels.get(&channel);
                opened.inbox = channel.and_then(|channel| channel.inbox);
                self.memory.tickets.insert(ticket, opened);
                ticket
            }
            TicketChange::Join { ticket, .. }
            | TicketChange::Assign { ticket, .. }
            | TicketChange::Close { ticket, .. }
            | TicketChange::Reopen { ticket, .. }
            | TicketChange::Unassign { ticket } => ticket,
        };
        // A ticket that is not of a live call (its recording came late) has no owner to take away.
        let Some(ticket) = self.memory.tickets.get_mut(&id) else { return };
        let before = ticket.weight();
        match change {
            TicketChange::Open { .. } => {}
            TicketChange::Join { at, .. } => ticket.touch(at),
            TicketChange::Assign { owner, at, .. } => {
                ticket.assign(owner, at);
                ticket.touch(at);
            }
            TicketChange::Close { at, .. } => {
                ticket.set_status(Status::Closed, at, &self.around.ground.account);
                ticket.touch(at);
            }
            TicketChange::Reopen { at, .. } => {
                if !ticket.status.is_open() {
                    ticket.set_status(Status::New, at, &self.around.ground.account);
                }
                ticket.touch(at);
            }
            TicketChange::Unassign { .. } => ticket.unassign(),
        }
        match ticket.status.is_open() {
            true => self.memory.joinable.touch(id, ticket.touched_at),
            false => self.memory.joinable.forget(id),
        }
        self.memory.load.change(before, ticket.weight());
        round.batch.tickets.insert(id, ticket.clone());
    }
}

/// The caller of an open ticket may join it for some time after anything happened on it; the end of a call is something.
fn keep_up_ticket(call: &Call, memory: &mut Memory, now: Now, batch: &mut Batch) {
    if !call.is_over() {
        if !memory.joinable.has(call.ticket) {
            memory.may_be_joined(call.ticket, call.channel, &call.from);
        }
        return;
    }
    if let Some(ticket) = memory.tickets.get_mut(&call.ticket) {
        ticket.touch(now.at);
        batch.tickets.insert(ticket.id, ticket.clone());
    }
    memory.may_be_joined(call.ticket, call.channel, &call.from);
    memory.let_go(call.ticket);
}
