//! What the telephone company says: each webhook is answered once, and the same again whenever it comes again.

use super::{Broken, Round};
use crate::{
    calls::{
        decision::Say,
        event::{Arrival, Event},
        time::Now,
    },
    desk::{Outcome, Webhook, engine::Engine, spool::SetAside},
    providers::{Document, Reading, Reply},
    routing::ids::CallId,
    store::{self, answers::AnswerRow, batch::NotCommitted, known_calls::fingerprint},
};
use std::sync::Arc;
use tracing::warn;

impl Engine {
    pub(super) async fn webhook(
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
    pub(super) async fn set_aside(
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
        // The agent who took it was hung up on.
        if let Reading::Event { event, .. } = &webhook.reading
            && matches!(
                event,
                Event::KeyPressed { .. } | Event::DevicePickedUp { .. } | Event::DevicePressed { .. }
            )
        {
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
                if self.has_kept(call.id, &recording.id, round).await? {
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
}
