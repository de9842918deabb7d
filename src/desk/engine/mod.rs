//! The one loop. It takes every event that waits, decides them in order, records all of them in one transaction, and
//! only then acts: answers webhooks, tells softphones, starts jobs. What was not recorded was never said.
//!
//! `taking` is what becomes of one such handful, `acting` what is said and done once it is recorded, `mishaps` what
//! happens when something breaks; `chores` are done when nothing else is.

mod acting;
mod chores;
mod mishaps;
mod taking;

use super::{
    Desk, Envelope, Input, PersonToErase, Providers, QUEUE,
    documents::Sounds,
    erasure::{self, NotErased, Place},
    health::Health,
    jobs::Runner,
    memory::{self, Memory},
    retention::Retention,
    settings::{Ground, Settings},
    softphones::Softphones,
    spool::{self, Spool},
};
use crate::{
    attachments::Attachments,
    calls::{decision::Job, event::Event, time::Steady},
    clock::Clock,
    routing::ids::JobId,
    store::{self, Writer, batch::Batch},
};
use anyhow::Context;
use chores::{MORE_CHORES_AFTER_MS, RECOUNTS_EVERY, Recount, finish_erasing};
use mishaps::StoreAway;
use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::sync::{mpsc, watch};
use tracing::{error, info, warn};

/// How many events are decided and recorded together at the most.
const BATCH: usize = 256;
/// A deadline is looked at again at least this often, as the machine may have slept meanwhile.
const NAP: Duration = Duration::from_secs(1);
/// How often it is looked whether somebody is there for tickets that wait.
const LOOK_AT_LINE_EVERY_MS: i64 = 200;
/// While the store takes no writes it is tried this often.
const NAP_WITHOUT_STORE: Duration = Duration::from_millis(250);

/// What the engine needs from outside.
pub struct Surroundings {
    pub clock: Clock,
    pub ground: Arc<Ground>,
    pub providers: Arc<Providers>,
    pub runner: Runner,
    pub public_url: String,
    pub sounds: Sounds,
    /// A mail server is configured.
    pub mails: bool,
    pub spool: Arc<Spool>,
    pub place: Place,
    /// Where the files of messages are.
    pub attachments: Attachments,
    /// How often loads are recounted and old answers forgotten.
    pub chores_every_ms: i64,
    pub retention: Retention,
    pub health: Arc<Health>,
}

pub struct Engine {
    pub(super) around: Surroundings,
    pub(super) writer: Writer,
    queue: mpsc::Receiver<Envelope>,
    erasures: mpsc::Receiver<PersonToErase>,
    desk: Desk,
    publish: watch::Sender<Arc<Settings>>,
    news: watch::Sender<()>,
    stop: watch::Receiver<bool>,
    stopping_since: Option<Steady>,
    pub(super) softphones: Softphones,
    pub(super) memory: Memory,
    /// Who is there by their sockets, to be told to a memory that was read anew.
    present: Vec<Event>,
    chores_at_ms: i64,
    log_at_ms: i64,
    /// The loads are being recounted.
    recounting: Option<Recount>,
    /// Work on calls that were erased. What comes of it is not kept.
    pub(super) cancelled: HashSet<JobId>,
    /// Callers may have been served without us knowing.
    strays: bool,
    /// When it is looked again whether tickets that wait may find somebody.
    line_at_ms: i64,
}

impl Engine {
    /// Takes up where the store left off. Answers the engine, to be run until `stop` is true, and the door to it.
    pub async fn start(
        around: Surroundings,
        mut writer: Writer,
        stop: watch::Receiver<bool>,
    ) -> anyhow::Result<(Self, Desk)> {
        let now = around.clock.now().at;
        erasure::erase_again(&mut writer, &around.place, now).await.context("cannot erase again")?;
        finish_erasing(&mut writer, &around).await;
        let memory = memory::recall(&around, &mut writer, HashSet::new()).await?;
        let (sender, queue) = mpsc::channel(QUEUE);
        let (erasure, erasures) = mpsc::channel(1);
        let (publish, settings) = watch::channel(memory.settings.clone());
        around.health.epoch.store(writer.epoch(), Ordering::Relaxed);
        let (news, heard) = watch::channel(());
        let desk = Desk::new(sender, settings, around.health.clone(), heard, around.spool.clone(), erasure);
        let chores_at_ms = around.clock.now().steady.0 + MORE_CHORES_AFTER_MS.min(around.chores_every_ms);
        let softphones = Softphones::new(writer.epoch());
        let strays = !writer.was_stopped_cleanly();
        let mut engine = Self {
            around,
            writer,
            queue,
            erasures,
            desk: desk.clone(),
            publish,
            news,
            stop,
            stopping_since: None,
            softphones,
            memory,
            present: Vec::new(),
            chores_at_ms,
            log_at_ms: 0,
            recounting: None,
            cancelled: HashSet::new(),
            strays,
            line_at_ms: 0,
        };
        engine.resume_jobs().await?;
        info!(
            calls.live = engine.memory.board.calls().count(),
            epoch = engine.writer.epoch(),
            batch = engine.writer.last_batch(),
            "the engine took up where the store left off"
        );
        Ok((engine, desk))
    }

    /// Takes up the jobs that were not done when the daemon stopped. A cut-in that shows a sign of having worked, or
    /// whose call went on, is over.
    async fn resume_jobs(&mut self) -> anyhow::Result<()> {
        let now = self.around.clock.now();
        let rows = store::jobs::open(self.writer.connection()).await.context("cannot read the jobs")?;
        let mut over = Vec::new();
        for row in rows {
            let pointless = match &row.job {
                Job::CutIn { call, attempt, .. } => !self.memory.board.awaits_cut_in(*call, *attempt),
                Job::BringBack { call, poll, .. } => !self.memory.board.awaits_caller_back(*call, *poll),
                Job::SendOutside { call, attempt, .. } => !self.memory.board.awaits_outside(*call, *attempt),
                _ => false,
            };
            if pointless {
                over.push(row.id);
                continue;
            }
            let wait = (row.due_at - now.at).num_milliseconds().clamp(0, 3_600_000);
            let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0));
            self.around.runner.start(row, &self.desk, wait);
        }
        let batch = Batch { jobs_over: over, ..Batch::default() };
        if !batch.is_empty() {
            self.writer.commit(&batch).await.context("cannot write the jobs")?;
        }
        Ok(())
    }

    /// Runs until it is stopped, then finishes what waits. Err: another daemon has taken over.
    pub async fn run(mut self) -> anyhow::Result<()> {
        match self.work().await {
            Err(error) if error.is::<StoreAway>() => error!("{error}"),
            result => result?,
        }
        self.softphones.close_all();
        let now = self.around.clock.now().at;
        if let Err(error) = self.writer.stop(now.timestamp_millis()).await {
            warn!(%error, "the stop could not be noted in the store; the next start looks it over");
        }
        Ok(())
    }

    async fn work(&mut self) -> anyhow::Result<()> {
        let mut stop = self.stop.clone();
        loop {
            self.around.health.turned();
            if !self.present.is_empty() {
                let present = std::mem::take(&mut self.present);
                self.take(present.into_iter().map(unasked).collect()).await?;
            }
            self.look_whether_the_store_is_back().await?;
            self.catch_up().await?;
            let nap = self.time_to_next_deadline();
            let first = tokio::select! {
                biased;
                () = async { drop(stop.wait_for(|stop| *stop).await) } => break,
                first = self.queue.recv() => first,
                Some(person) = self.erasures.recv() => {
                    self.erase(person).await?;
                    continue;
                }
                () = tokio::time::sleep(nap) => Some(Envelope { input: Input::Tick, reply: None }),
            };
            let Some(first) = first else { break };
            let envelopes = self.drain(first);
            self.take(envelopes).await?;
            self.tend_line().await?;
            self.do_chores().await;
        }
        self.queue.close();
        while let Some(first) = self.queue.recv().await {
            let envelopes = self.drain(first);
            self.take(envelopes).await?;
        }
        Ok(())
    }

    /// Looks whether tickets that wait may find somebody now, and goes on with looking for them.
    async fn tend_line(&mut self) -> anyhow::Result<()> {
        let now = self.around.clock.now().steady.0;
        if !self.around.health.store_is_up() {
            return Ok(());
        }
        if now >= self.line_at_ms {
            self.line_at_ms = now + LOOK_AT_LINE_EVERY_MS;
            if self.look_at_line() {
                self.take(vec![Envelope { input: Input::RouteWaiting, reply: None }]).await?;
            }
        } else if self.memory.waiting.is_under_way() {
            self.take(vec![Envelope { input: Input::RouteWaiting, reply: None }]).await?;
        }
        Ok(())
    }

    /// The store takes writes: what was set aside meanwhile is applied, and who is still at the telephone company
    /// without our knowing is looked for.
    async fn catch_up(&mut self) -> anyhow::Result<()> {
        while self.around.health.store_is_up()
            && let Some(file) = self.around.spool.oldest()
        {
            self.strays = true;
            match spool::read(&file) {
                Ok((found, damaged)) => {
                    let count = found.len();
                    info!(webhooks = count, damaged, "webhooks that were set aside are applied");
                    let inputs = found.into_iter().map(|aside| Input::SetAside(Box::new(aside)));
                    let mut envelopes: Vec<_> = inputs.map(|input| Envelope { input, reply: None }).collect();
                    while !envelopes.is_empty() {
                        self.around.health.turned();
                        let rest = envelopes.split_off(BATCH.min(envelopes.len()));
                        self.take(envelopes).await?;
                        envelopes = rest;
                    }
                    self.around.spool.remove(&file, count + damaged);
                }
                Err(error) => {
                    error!(%error, file = %file.display(), "what was set aside can't be read");
                    self.around.spool.give_up(&file);
                }
            }
        }
        if self.around.health.store_is_up() && std::mem::take(&mut self.strays) {
            let now = self.around.clock.now().at;
            self.around.runner.look_for_strays(&self.memory.settings.channels, now, &self.desk);
        }
        Ok(())
    }

    /// Nothing else goes on meanwhile, and afterwards memory is read anew: it may know what was erased.
    async fn erase(&mut self, PersonToErase { person, by, done }: PersonToErase) -> anyhow::Result<()> {
        let now = self.around.clock.now().at;
        let erasing = erasure::erase(&mut self.writer, &self.around.place, &person, by, now);
        let erased = match still_turning(&self.around.health, erasing).await {
            Ok(erasure::Done { erased, cancelled, later }) => {
                self.cancelled.extend(cancelled);
                for row in later {
                    self.around.runner.start(row, &self.desk, Duration::ZERO);
                }
                erased.map_err(NotErased::Failed)
            }
            Err(error) => Err(error),
        };
        if !matches!(erased, Err(NotErased::Live)) {
            self.recover().await?;
        }
        let _ = done.send(erased);
        Ok(())
    }

    fn drain(&mut self, first: Envelope) -> Vec<Envelope> {
        let mut envelopes = vec![first];
        while envelopes.len() < BATCH
            && let Ok(next) = self.queue.try_recv()
        {
            envelopes.push(next);
        }
        envelopes
    }

    fn time_to_next_deadline(&self) -> Duration {
        let now = self.around.clock.now().steady;
        let longest = match self.around.health.store_is_up() {
            true if self.memory.waiting.is_under_way() => Duration::ZERO,
            true if self.recounting.is_some() => RECOUNTS_EVERY,
            true => NAP,
            false => NAP_WITHOUT_STORE,
        };
        let Some(deadline) = self.memory.board.next_deadline() else { return longest };
        let ms = deadline.ms_since(now).max(0);
        Duration::from_millis(u64::try_from(ms).unwrap_or(0)).min(longest)
    }
}

/// Long work that the loop waits for is not a loop that hangs.
async fn still_turning<T>(health: &Health, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(NAP) => health.turned(),
        }
    }
}

fn unasked(event: Event) -> Envelope {
    Envelope { input: Input::Event(event), reply: None }
}
