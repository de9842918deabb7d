//! What became of deliveries, and what admins ask for: another try.

use super::{
    Outcome,
    deciding::{Broken, Round},
    engine::Engine,
    messenger::Sent,
    postman::{Errand, Retried, Tried},
    settings::{Fault, Refused},
};
use crate::{
    routing::ids::{DeliveryId, JobId, MessageId, TicketId, WebhookId},
    store::{
        self,
        audit::{Author, Subject},
        batch::NotCommitted,
        deliveries::{self, Receiver},
        settings::Change,
    },
    tickets::message::{Sending, Side},
};
use chrono::TimeDelta;
use std::sync::Arc;
use tracing::error;

impl Engine {
    pub(super) async fn errand(
        &mut self,
        errand: &Errand,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        match errand {
            Errand::Tried { delivery, receiver, tries, result } => {
                self.delivery_tried(*delivery, *receiver, *tries, result, round);
                Ok(Some(Outcome::Done))
            }
            Errand::Sent { message, tries, result } => {
                self.message_sent(*message, *tries, result, round).await
            }
            Errand::AgentTook { ticket, asked_at, took } => {
                self.agent_took(*ticket, *asked_at, took, round).await
            }
            Errand::Retry { what: Retried::Message { ticket, message }, by, .. } => {
                self.retry_message(*ticket, *message, *by, round).await
            }
            Errand::Retry { what: Retried::Delivery { delivery, receiver }, by, .. } => {
                self.retry_delivery(*delivery, *receiver, *by, round).await
            }
            Errand::Retry { what: Retried::Job(job), by, .. } => self.retry_job(*job, *by, round).await,
        }
    }

    fn delivery_tried(
        &mut self,
        id: DeliveryId,
        receiver: Receiver,
        tries: u32,
        result: &Tried,
        round: &mut Round,
    ) {
        let now = self.around.clock.now().at;
        let mut tried = deliveries::Tried {
            id,
            due_at: now,
            tries,
            status: None,
            error: None,
            done_at: None,
            failed_at: None,
        };
        match result {
            Tried::Done { status } => (tried.status, tried.done_at) = (*status, Some(now)),
            Tried::Again { seconds, status, error } => {
                let seconds = i64::try_from(*seconds).unwrap_or(86_400);
                (tried.status, tried.error) = (*status, Some(error.clone()));
                tried.due_at = now + TimeDelta::seconds(seconds);
            }
            Tried::GivenUp { status, error, gone } => {
                error!(delivery.id = %id, receiver = %receiver, error, "a delivery is given up");
                self.around.health.metrics.given_up.add(1);
                (tried.status, tried.error, tried.failed_at) = (*status, Some(error.clone()), Some(now));
                if let (true, Receiver::Webhook(webhook)) = (*gone, receiver) {
                    self.disable(webhook, round);
                }
            }
        }
        round.batch.deliveries_tried.push(tried);
    }

    async fn message_sent(
        &mut self,
        id: MessageId,
        tries: u32,
        result: &Sent,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        let Some(mut row) = self.message_now(id, round).await? else { return Ok(Some(Outcome::Done)) };
        let now = self.around.clock.now().at;
        row.tries = tries;
        match result {
            Sent::Done { outside_id } => {
                row.message.outside_id = outside_id.clone().or(row.message.outside_id);
                (row.due_at, row.error) = (None, None);
                round.batch.messages.insert(id, row.clone());
                self.note_sending(row, Sending::Sent { at: now }, round);
            }
            Sent::Again { seconds, error } if row.due_at.is_some() => {
                row.due_at = Some(now + TimeDelta::seconds(i64::try_from(*seconds).unwrap_or(86_400)));
                row.error = Some(error.clone());
                round.batch.messages.insert(id, row);
            }
            Sent::Again { .. } => {}
            Sent::GivenUp { error } => {
                error!(message.id = %id, error, "a message to a customer is given up");
                self.around.health.metrics.given_up.add(1);
                let error = error.clone();
                self.note_sending(row, Sending::Failed { at: now, error }, round);
            }
        }
        round.news = true;
        Ok(Some(Outcome::Done))
    }

    /// At once, and from the first try again.
    async fn retry_message(
        &mut self,
        ticket: TicketId,
        id: MessageId,
        by: Author,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        let found = self.message_now(id, round).await?;
        let Some(mut row) = found.filter(|row| row.message.ticket == Some(ticket)) else {
            return Ok(Some(Outcome::Refused(Refused::NotFound)));
        };
        let now = self.around.clock.now().at;
        match &mut row.message.side {
            Side::Out { state, .. } if matches!(state, Sending::Failed { .. }) || row.due_at.is_some() => {
                *state = Sending::Queued;
                (row.due_at, row.tries) = (Some(now), 0);
            }
            _ => {
                let fault = Fault::new("/state", "it was not given up");
                return Ok(Some(Outcome::Refused(Refused::Conflict(fault))));
            }
        }
        round.batch.messages.insert(id, row);
        self.write_down(by, "retried", Subject { kind: "message", id: id.0 }, None, None, round);
        round.news = true;
        Ok(Some(Outcome::Done))
    }

    fn disable(&mut self, webhook: WebhookId, round: &mut Round) {
        let Some(webhook) = self.memory.settings.webhooks.get(&webhook) else { return };
        let mut webhook = webhook.clone();
        webhook.disabled_at.get_or_insert(self.around.clock.now().at);
        let change = Change::Webhook(Box::new(webhook));
        let subject = change.subject();
        let before = self.memory.settings.document(subject);
        if let Ok((settings, stored)) = self.memory.settings.with(change, &self.around.ground) {
            let after = settings.document(subject);
            self.memory.settings = Arc::new(settings);
            if before != after {
                self.write_down(Author::Daemon, "changed", subject, before, after, round);
            }
            round.batch.settings.push(stored);
            round.settings_changed = true;
        }
    }

    /// At once, and from the first try again. `receiver`: it must be theirs.
    async fn retry_delivery(
        &mut self,
        id: DeliveryId,
        receiver: Option<Receiver>,
        by: Author,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        let found = deliveries::one(self.writer.connection(), id).await;
        let found = found.map_err(|error| Broken::Store(NotCommitted::Failed(error)))?;
        let theirs = |delivery: &deliveries::DeliveryRow| receiver.is_none_or(|it| it == delivery.receiver);
        let Some(delivery) = found.filter(theirs) else {
            return Ok(Some(Outcome::Refused(Refused::NotFound)));
        };
        if let Receiver::Webhook(webhook) = delivery.receiver {
            let webhook = self.memory.settings.webhooks.get(&webhook);
            if webhook.is_none_or(|webhook| webhook.disabled_at.is_some()) {
                let fault = Fault::new("/enabled", "the webhook is disabled");
                return Ok(Some(Outcome::Refused(Refused::Conflict(fault))));
            }
        }
        let (status, error) = (delivery.status, delivery.error);
        let due_at = self.around.clock.now().at;
        let again = deliveries::Tried { id, due_at, tries: 0, status, error, done_at: None, failed_at: None };
        round.batch.deliveries_tried.push(again);
        self.write_down(by, "retried", Subject { kind: "delivery", id: id.0 }, None, None, round);
        round.news = true;
        Ok(Some(Outcome::Done))
    }

    async fn retry_job(
        &mut self,
        id: JobId,
        by: Author,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        let found = store::jobs::one(self.writer.connection(), id).await;
        let found = found.map_err(|error| Broken::Store(NotCommitted::Failed(error)))?;
        let Some(mut job) = found else { return Ok(Some(Outcome::Refused(Refused::NotFound))) };
        if job.failed_at.is_none() || round.jobs.iter().any(|other| other.id == id) {
            let fault = Fault::new("/state", "it is not given up and will be tried by itself");
            return Ok(Some(Outcome::Refused(Refused::Conflict(fault))));
        }
        let now = self.around.clock.now().at;
        (job.failed_at, job.error, job.tries, job.due_at, job.sent_at) = (None, None, 0, now, Some(now));
        round.batch.jobs.insert(id, job.clone());
        round.jobs.push(job);
        self.write_down(by, "retried", Subject { kind: "job", id: id.0 }, None, None, round);
        Ok(Some(Outcome::Done))
    }
}
