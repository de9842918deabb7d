//! What came of a job.

use super::{Broken, Round};
use crate::{
    calls::{decision::Job, event::Event},
    desk::{
        Outcome,
        engine::Engine,
        jobs::{self, Report},
    },
    routing::ids::{CallId, TicketId},
    store::{self, batch::NotCommitted},
};
use chrono::TimeDelta;
use tracing::error;

impl Engine {
    pub(super) async fn job_reported(
        &mut self,
        report: &Report,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        let late = self.recall_ticket(report, round).await?;
        self.remember_late(report).await?;
        let outcome = match self.is_kept_already(report, round).await? {
            true => {
                round.batch.jobs_over.push(report.id);
                if let jobs::Result::Again { .. } = report.result {
                    self.around.runner.call_off(report.id);
                }
                Ok(None)
            }
            false => self.job(report, round),
        };
        self.memory.late = None;
        late.into_iter().for_each(|ticket| self.memory.let_go(ticket));
        outcome
    }

    /// Two jobs may keep the same recording: it is told once. And one that is kept is not looked for any more where it was
    /// deleted since.
    async fn is_kept_already(&mut self, report: &Report, round: &Round) -> Result<bool, Broken> {
        match &report.result {
            jobs::Result::Done { event: Some(Event::RecordingKept { call, recording, .. }), .. } => {
                self.has_kept(*call, &recording.id, round).await
            }
            jobs::Result::Done { .. } => Ok(false),
            jobs::Result::Again { .. } | jobs::Result::GivenUp { .. } => {
                let row = store::jobs::one(self.writer.connection(), report.id).await;
                match row.map_err(|error| Broken::Store(NotCommitted::Failed(error)))?.map(|row| row.job) {
                    Some(Job::KeepRecording { call, recording, .. }) => {
                        self.has_kept(call, &recording.id, round).await
                    }
                    _ => Ok(false),
                }
            }
        }
    }

    /// Whether this recording is on our disk, or will be with this round.
    pub(super) async fn has_kept(
        &mut self,
        call: CallId,
        recording: &str,
        round: &Round,
    ) -> Result<bool, Broken> {
        if round.batch.voicemails.iter().any(|kept| (kept.call, kept.recording.as_str()) == (call, recording))
        {
            return Ok(true);
        }
        let kept = store::voicemails::is_kept(self.writer.connection(), call, recording).await;
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

    /// A message that is kept after its call is over opens the ticket again, which must be at hand for that.
    async fn recall_ticket(&mut self, report: &Report, round: &Round) -> Result<Option<TicketId>, Broken> {
        let jobs::Result::Done { event: Some(Event::RecordingKept { ticket, .. }), .. } = &report.result
        else {
            return Ok(None);
        };
        if self.memory.tickets.contains_key(ticket) {
            return Ok(None);
        }
        let stored = self.ticket_now(*ticket, round).await?;
        self.memory.tickets.extend(stored.map(|stored| (*ticket, stored)));
        Ok(Some(*ticket))
    }
}
