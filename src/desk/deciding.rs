//! What each thing that comes in means, one function each. Everything is gathered in a round, which the engine records
//! and then acts on.

use super::{
    Doing, Input, Outcome, Row, TicketPatch, Webhook, documents,
    engine::Engine,
    jobs::{self, Report},
    memory::Memory,
    settings::{Refused, Settings},
    softphones::{ClientFrame, Frame, Opened, Said, SocketId},
    spool::SetAside,
    wrong,
};
use crate::{
    calls::{
        call::{Call, Caller},
        channel::{Channel, Times},
        decision::{Decision, Job, Say, TicketChange, Write},
        event::{Arrival, Event},
        preview,
        switchboard::Facts,
        time::Now,
        transfer::Target,
    },
    providers::{Document, Reading, Reply, addresses::Addresses},
    routing::{
        ids::{CallId, ChannelId, JobId, TicketId, TokenId, UserId},
        joinable::Joinable,
        load::{Load, TicketType},
    },
    store::{
        self,
        answers::AnswerRow,
        batch::{Batch, NotCommitted},
        decisions::DecisionRow,
        events::EventRow,
        jobs::JobRow,
        known_calls::fingerprint,
        voicemails::Voicemail,
    },
    tickets::ticket::{Status, Ticket},
};
use chrono::{DateTime, TimeDelta, Utc};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};
use tracing::{error, warn};

/// Everything that one round wants recorded and done.
#[derive(Default)]
pub(super) struct Round {
    pub batch: Batch,
    pub says: Vec<(Say, Option<usize>)>,
    pub jobs: Vec<JobRow>,
    pub outcomes: Vec<Option<Outcome>>,
    pub opened: Vec<Opened>,
    pub revoked: Vec<TokenId>,
    pub settings_changed: bool,
    /// There is something to tell or to deliver.
    pub news: bool,
}

/// Why a round came to nothing.
pub(super) enum Broken {
    /// Deciding it panicked; not for its own sake, if a call's deadline was to blame.
    Panicked {
        error: String,
        by: Option<CallId>,
    },
    Store(NotCommitted),
}

impl Engine {
    pub(super) async fn decide(
        &mut self,
        input: &Input,
        index: usize,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        match input {
            Input::Webhook(webhook) => self.webhook(webhook, index, round).await,
            Input::SetAside(aside) => self.set_aside(aside, index, round).await,
            Input::Found(found) => self.webhook(found, index, round).await.map(|_| None),
            Input::AreKnown { provider, provider_call_ids } => {
                let unknown = |id: &&String| !self.memory.known_calls.contains(&fingerprint(provider, id));
                Ok(Some(Outcome::Unknown(provider_call_ids.iter().filter(unknown).cloned().collect())))
            }
            Input::SocketOpened(opened) => {
                round.opened.push(opened.clone());
                Ok(None)
            }
            Input::SocketClosed { agent, socket } => {
                // One that came and went within this round never counts as open.
                round.opened.retain(|opened| opened.socket != *socket);
                let event = if self.softphones.close(*agent, *socket) {
                    Event::AgentDisconnected { agent: *agent }
                } else {
                    let (registered, microphone) = self.softphones.media_of(*agent);
                    Event::MediaChanged { agent: *agent, registered, microphone }
                };
                self.happen(event, None, round).map(|_| None)
            }
            Input::Frame { agent, socket, frame } => self.frame(*agent, *socket, frame, index, round),
            Input::Event(event) => self.happen(event.clone(), None, round).map(|_| None),
            Input::Job(report) => {
                let late = self.recall_ticket(report, round).await?;
                self.remember_late(report).await?;
                let outcome = match self.is_kept_already(report).await? {
                    true => {
                        round.batch.jobs_over.push(report.id);
                        Ok(None)
                    }
                    false => self.job(report, round),
                };
                self.memory.late = None;
                late.into_iter().for_each(|ticket| self.memory.let_go(ticket));
                outcome
            }
            Input::Errand(errand) => self.errand(errand, round).await,
            Input::Save(save) => self.save(save, round).await,
            Input::Note(note) => self.note(note, round),
            Input::Ticket { ticket, patch, .. } => self.change_ticket(*ticket, patch, round).await,
            Input::SetAvailability { agent, by_hand, .. } => {
                if self.memory.settings.people.users.contains_key(agent) {
                    let (agent, by_hand) = (*agent, by_hand.clone());
                    self.happen(Event::AvailabilitySet { agent, by_hand }, Some(index), round)?;
                }
                Ok(Some(self.look(*agent)))
            }
            Input::Record { row, .. } => {
                match row {
                    Row::Note(note) => round.batch.notes.push(note.clone()),
                    Row::CalledBack(back) => round.batch.called_back.push(back.clone()),
                }
                Ok(Some(Outcome::Recorded))
            }
            Input::Look { agent } => Ok(Some(self.look(*agent))),
            Input::Preview { channel, at, from } => Ok(Some(self.preview(*channel, *at, from.as_ref()))),
            Input::Tick => self.happen(Event::TimePassed, None, round).map(|_| None),
        }
    }

    /// Hands an event to the switchboard and gathers what comes of it.
    pub(super) fn happen(
        &mut self,
        event: Event,
        index: Option<usize>,
        round: &mut Round,
    ) -> Result<Option<Reply>, Broken> {
        let now = self.around.clock.now();
        let memory = &mut self.memory;
        memory.load.expire(now.at);
        let facts = facts(&memory.settings, &memory.load, &memory.joinable, self.around.ground.times, now);
        let name = event.name();
        let quiet = matches!(event, Event::TimePassed);
        let document = if quiet { None } else { Some(store::to_json(&event)) };
        let board = &mut memory.board;
        let decision = catch_unwind(AssertUnwindSafe(|| board.handle(event, facts)));
        let decision =
            decision.map_err(|payload| Broken::Panicked { error: words(payload), by: board.broken_by() })?;
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
        let document =
            documents::document(answer.instruction.clone(), call.id, &call.to, channel, settings, sounds);
        Some(self.write(&call.provider, call.channel, &document))
    }

    fn write(&self, provider: &str, channel: ChannelId, document: &Document) -> Reply {
        let addresses = self.addresses(provider, channel);
        match self.around.providers.get(provider) {
            Some(company) => {
                if let Document::Connect(connect, _) = document
                    && !company.reaches(&connect.reach)
                {
                    warn!(provider, agent.id = %connect.agent, "the agent can't be rung by this telephone company");
                }
                company.write(&addresses, document)
            }
            None => Reply { content_type: "text/plain".into(), body: String::new() },
        }
    }

    fn addresses(&self, provider: &str, channel: ChannelId) -> Addresses {
        Addresses { public_url: self.around.public_url.clone(), provider: provider.to_owned(), channel }
    }

    fn gather(&mut self, decision: Decision, event: &str, now: Now, index: Option<usize>, round: &mut Round) {
        self.tell_of(&decision.write, now, round);
        round.says.extend(decision.say.into_iter().map(|say| (say, index)));
        for write in decision.write {
            self.gather_write(write, event, now, round);
        }
        for job in decision.later {
            self.add_job(job, now, round);
        }
    }

    fn add_job(&mut self, job: Job, now: Now, round: &mut Round) {
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
            TicketChange::Join { ticket, .. }
            | TicketChange::Assign { ticket, .. }
            | TicketChange::Close { ticket, .. }
            | TicketChange::Reopen { ticket, .. }
            | TicketChange::Unassign { ticket } => ticket,
        };
        // A ticket that is not of a live call (its recording came late) has no owner to take away.
        let Some(ticket) = self.memory.tickets.get_mut(&id) else { return };
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
        let meant = self.resolve(webhook);
        // The first answer of a call that is over would hold a caller who is gone.
        let begins = matches!(webhook.reading, Reading::Arrived(_) | Reading::Fallback(_));
        let answered = self.memory.answers.get(&webhook.key).filter(|_| meant.is_some() || !begins);
        if let Some(reply) = answered {
            return Ok(Some(Outcome::Reply(reply)));
        }
        let Some(event) = meant else {
            return self.late(webhook, round).await;
        };
        let reply = match event {
            Some(event) => self.happen(event, Some(index), round)?,
            None => None,
        };
        let nothing = || self.write(&webhook.provider, webhook.channel, &Document::Nothing);
        let reply = Arc::new(reply.unwrap_or_else(nothing));
        let now = self.around.clock.now();
        self.remember(webhook, &reply, now, round);
        Ok(Some(Outcome::Reply(reply)))
    }

    /// One that was answered by a document that needs no store. It may have been recorded all the same, later than its
    /// answer was waited for.
    async fn set_aside(
        &mut self,
        aside: &SetAside,
        index: usize,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        let webhook = &aside.dated(self.around.clock.now().at);
        let key = crate::audio::hex(&webhook.key);
        let there = store::answers::is_there(self.writer.connection(), &key).await;
        let there = there.map_err(|error| Broken::Store(NotCommitted::Failed(error)))?;
        if there || self.memory.answers.get(&webhook.key).is_some() {
            return Ok(None);
        }
        // The agent who pressed it was hung up on.
        if matches!(webhook.reading, Reading::Event { event: Event::KeyPressed { .. }, .. }) {
            return Ok(None);
        }
        self.webhook(webhook, index, round).await?;
        let live = |id: CallId| self.memory.board.call(id).filter(|call| !call.is_over());
        match &webhook.reading {
            // What it was answered now, nobody heard.
            Reading::Event { event, .. } => {
                if let Some(call) = event.call().and_then(live).map(|call| call.id) {
                    self.happen(Event::AnswerLost { call }, None, round)?;
                }
            }
            // They may have given up long ago, and agents are rung for them.
            Reading::Arrived(arrival) | Reading::Fallback(arrival) => {
                let (provider, provider_call_id) = (&arrival.provider, &arrival.provider_call_id);
                if let Some(call) = self.memory.board.find(provider, provider_call_id).and_then(live) {
                    let (provider, provider_call_id) = (provider.clone(), provider_call_id.clone());
                    round.says.push((Say::FindCaller { call: call.id, provider, provider_call_id }, None));
                }
            }
            _ => {}
        }
        Ok(None)
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
                // The list of recordings does not say by which number they came.
                match board.find(&webhook.provider, &arrival.provider_call_id) {
                    Some(call) => Some(Some(Event::RecordingReady { call, recording })),
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
            Reading::Event { event, .. }
                if event.call().is_some_and(|call| self.memory.parked.contains(&call)) =>
            {
                // Not over, only put aside: its caller gets a document that needs no store.
                return Ok(Some(Outcome::Unavailable));
            }
            _ => return Ok(Some(Outcome::Late)),
        };
        if recording.seconds == 0 {
            return Ok(Some(Outcome::Late));
        }
        let found =
            store::calls::at_provider(self.writer.connection(), &webhook.provider, provider_call_id).await;
        let failed = |error| Broken::Store(NotCommitted::Failed(error));
        let kept = match found.map_err(failed)? {
            Some(call) => {
                let there =
                    store::voicemails::is_kept(self.writer.connection(), call.id, &recording.id).await;
                if there.map_err(failed)? {
                    return Ok(Some(Outcome::Late));
                }
                call.keep(recording.clone())
            }
            None => {
                warn!(provider = webhook.provider, "a recording of a call that nobody knows");
                return Ok(Some(Outcome::Late));
            }
        };
        let now = self.around.clock.now();
        self.add_job(kept, now, round);
        let reply = Arc::new(self.write(&webhook.provider, webhook.channel, &Document::Nothing));
        self.remember(webhook, &reply, now, round);
        Ok(Some(Outcome::Reply(reply)))
    }

    /// The same webhook will be answered the same.
    fn remember(&mut self, webhook: &Webhook, reply: &Arc<Reply>, now: Now, round: &mut Round) {
        self.memory.answers.keep(webhook.key, reply.clone(), now);
        round.batch.answers.push(AnswerRow {
            event_key: crate::audio::hex(&webhook.key),
            at: now.at,
            content_type: reply.content_type.clone(),
            body: reply.body.clone(),
        });
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
            Said::Transfer { call_id, to } => match self.may_be_dialled(to) {
                true => Event::Transferred { agent, call: *call_id, to: to.clone() },
                false => {
                    let frame = Frame::error("unknown_target", "this number may not be dialled");
                    self.softphones.answer(agent, &frame, Some((agent, socket, said.reference.as_ref())));
                    return Ok(None);
                }
            },
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
            // Notes are written by the socket itself.
            Said::Pong | Said::Note { .. } => return Ok(None),
        };
        self.happen(event, Some(index), round).map(|_| None)
    }

    /// Callers are handed on outside only to where agents may be, too.
    fn may_be_dialled(&self, to: &Target) -> bool {
        let Target::Number(number) = to else { return true };
        let is_ours = |channel: &Channel| channel.numbers.contains(number);
        self.around.ground.reach.allows(number) && !self.memory.settings.channels.values().any(is_ours)
    }

    // Jobs

    /// Two jobs may have kept the same recording: it is told once.
    async fn is_kept_already(&mut self, report: &Report) -> Result<bool, Broken> {
        let jobs::Result::Done { event: Some(Event::RecordingKept { call, recording, .. }), .. } =
            &report.result
        else {
            return Ok(false);
        };
        let kept = store::voicemails::is_kept(self.writer.connection(), *call, &recording.id).await;
        kept.map_err(|error| Broken::Store(NotCommitted::Failed(error)))
    }

    fn job(&mut self, report: &Report, round: &mut Round) -> Result<Option<Outcome>, Broken> {
        let now = self.around.clock.now();
        let cancelled = self.cancelled.contains(&report.id);
        let event = match &report.result {
            jobs::Result::Done { event, next } => {
                round.batch.jobs_over.push(report.id);
                if let Some(Event::RecordingKept { recording, .. }) = event {
                    self.memory.keeping.retain(|(_, kept)| *kept != recording.id);
                }
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
                if let Some(Event::RecordingLost { recording, .. }) = event {
                    self.memory.keeping.retain(|(_, kept)| *kept != recording.id);
                }
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
        match event {
            Some(Event::RecordingKept { sha256, .. }) if cancelled => {
                // Another message may have the same sound; then the next sweep leaves it alone.
                let _ = std::fs::remove_file(self.around.place.voicemails.join(format!("{sha256}.wav")));
            }
            Some(_) if cancelled => {}
            Some(event) => {
                self.happen(event, None, round)?;
            }
            None => {}
        }
        Ok(None)
    }

    // Tickets

    fn look(&self, agent: UserId) -> Outcome {
        if !self.memory.settings.people.users.contains_key(&agent) {
            return Outcome::Refused(Refused::NotFound);
        }
        let known = self.memory.board.known_agent(agent).cloned().unwrap_or_default();
        Outcome::Doing(Doing {
            phone: known.phone(),
            occupation: known.occupation.name(),
            offers: known.offers.len(),
            availability: known.by_hand,
        })
    }

    fn preview(&self, id: ChannelId, at: Option<DateTime<Utc>>, from: Option<&Caller>) -> Outcome {
        let Memory { settings, board, load, joinable, .. } = &self.memory;
        let Some(channel) = settings.channels.get(&id) else { return Outcome::Refused(Refused::NotFound) };
        let times = self.around.ground.times;
        let preview = match at {
            None => board.preview(channel, facts(settings, load, joinable, times, self.around.clock.now())),
            Some(at) => {
                preview::by_schedule(channel, &settings.people, times, load, board.cursor(channel), at)
            }
        };
        let preview = match from {
            Some(from) => preview.of_caller(from, channel, &settings.contacts),
            None => preview,
        };
        Outcome::Preview(Box::new(preview))
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
        ticket.touch(self.around.clock.now().at);
        ticket.weigh(&mut self.memory.load);
        self.memory.tickets.insert(id, ticket.clone());
        let caller = self.caller_of(&ticket).await?;
        match (ticket.channel, caller) {
            (Some(channel), Some(caller)) => self.memory.may_be_joined(id, channel, &caller),
            _ => self.memory.joinable.forget(id),
        }
        self.memory.let_go(id);
        round.batch.tickets.insert(id, ticket.clone());
        // Somebody may be below their capacity again.
        self.happen(Event::SettingsChanged, None, round)?;
        Ok(Some(Outcome::Ticket(Box::new(ticket))))
    }

    /// A message that is kept after its call is over opens the ticket again, which must be at hand for that.
    async fn recall_ticket(&mut self, report: &Report, round: &Round) -> Result<Option<TicketId>, Broken> {
        let jobs::Result::Done { event: Some(Event::RecordingKept { ticket, .. }), .. } = &report.result
        else {
            return Ok(None);
        };
        if self.memory.tickets.contains_key(ticket) {
            return Ok(None);
        }
        let stored = match round.batch.tickets.get(ticket) {
            Some(written) => Some(written.clone()),
            None => store::tickets::one(self.writer.connection(), *ticket)
                .await
                .map_err(|error| Broken::Store(NotCommitted::Failed(error)))?,
        };
        self.memory.tickets.extend(stored.map(|stored| (*ticket, stored)));
        Ok(Some(*ticket))
    }

    async fn caller_of(&mut self, ticket: &Ticket) -> Result<Option<Caller>, Broken> {
        let Some(call) = ticket.call else { return Ok(None) };
        if let Some(live) = self.memory.board.call(call) {
            return Ok(Some(live.from.clone()));
        }
        let found = store::calls::caller(self.writer.connection(), call).await;
        found.map_err(|error| Broken::Store(NotCommitted::Failed(error)))
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
}

fn facts<'a>(
    settings: &'a Settings,
    load: &'a Load,
    joinable: &'a Joinable,
    times: Times,
    now: Now,
) -> Facts<'a> {
    let Settings { people, contacts, channels, .. } = settings;
    Facts { people, contacts, channels, times, load, joinable, now }
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

fn words(payload: Box<dyn std::any::Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "panicked".into())
}
