//! The one loop. It takes every event that waits, decides them in order, records all of them in one transaction, and
//! only then acts: answers webhooks, tells softphones, starts jobs. What was not recorded was never said.

use super::{
    Desk, Envelope, Health, Input, Outcome, Providers, QUEUE,
    deciding::{Broken, Round},
    documents::Sounds,
    jobs::Runner,
    memory::{self, Memory},
    settings::{Ground, Settings},
    softphones::{Frame, Opened, Origin, SOCKETS_MAX, Softphones, TooManySockets},
};
use crate::{
    calls::{
        decision::{Job, Say},
        event::Event,
        time::Now,
    },
    clock::Clock,
    routing::ids::UserId,
    store::{
        self, Writer,
        batch::{Batch, NotCommitted},
        quarantine::QuarantineRow,
    },
};
use anyhow::Context;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{error, info, warn};

/// How many events are decided and recorded together at the most.
const BATCH: usize = 256;
/// A deadline is looked at again at least this often, as the machine may have slept meanwhile.
const NAP: Duration = Duration::from_secs(5);
/// How often loads are recounted and old answers forgotten.
const CHORES_EVERY_MS: i64 = 60 * 60 * 1000;

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
}

pub struct Engine {
    pub(super) around: Surroundings,
    pub(super) writer: Writer,
    queue: mpsc::Receiver<Envelope>,
    desk: Desk,
    publish: watch::Sender<Arc<Settings>>,
    news: watch::Sender<()>,
    pub(super) health: Arc<Health>,
    pub(super) softphones: Softphones,
    pub(super) memory: Memory,
    /// Who is there by their sockets, to be told to a memory that was read anew.
    present: Vec<Event>,
    chores_at_ms: i64,
}

impl Engine {
    /// Takes up where the store left off. Answers the engine, to be run, and the door to it.
    pub async fn start(around: Surroundings, mut writer: Writer) -> anyhow::Result<(Self, Desk)> {
        let memory = memory::recall(&around, &mut writer, HashSet::new()).await?;
        let (sender, queue) = mpsc::channel(QUEUE);
        let (publish, settings) = watch::channel(memory.settings.clone());
        let health = Arc::new(Health::default());
        let (news, heard) = watch::channel(());
        let desk = Desk::new(sender, settings, health.clone(), heard);
        let chores_at_ms = around.clock.now().steady.0 + CHORES_EVERY_MS;
        let softphones = Softphones::default();
        let mut engine = Self {
            around,
            writer,
            queue,
            desk: desk.clone(),
            publish,
            news,
            health,
            softphones,
            memory,
            present: Vec::new(),
            chores_at_ms,
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

    /// Runs until `stop` resolves, then finishes what waits. Err: another daemon has taken over.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        tokio::pin!(stop);
        loop {
            if !self.present.is_empty() {
                let present = std::mem::take(&mut self.present);
                self.take(present.into_iter().map(unasked).collect()).await?;
            }
            let nap = self.time_to_next_deadline();
            let first = tokio::select! {
                biased;
                () = &mut stop => break,
                first = self.queue.recv() => first,
                () = tokio::time::sleep(nap) => Some(Envelope { input: Input::Tick, reply: None }),
            };
            let Some(first) = first else { break };
            let envelopes = self.drain(first);
            self.take(envelopes).await?;
            self.do_chores().await;
        }
        self.finish().await
    }

    async fn finish(mut self) -> anyhow::Result<()> {
        self.queue.close();
        while let Some(first) = self.queue.recv().await {
            let envelopes = self.drain(first);
            self.take(envelopes).await?;
        }
        self.softphones.close_all();
        let now = self.around.clock.now().at;
        self.writer.stop(now.timestamp_millis()).await.context("cannot close the database")
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
        let Some(deadline) = self.memory.board.next_deadline() else { return NAP };
        let ms = deadline.ms_since(now).max(0);
        Duration::from_millis(u64::try_from(ms).unwrap_or(0)).min(NAP)
    }

    /// Decides, records and acts on all of them together. If that fails, one by one: a bad event must not fail the
    /// others, and while the store is away they wait here.
    async fn take(&mut self, envelopes: Vec<Envelope>) -> anyhow::Result<()> {
        let inputs: Vec<&Input> = envelopes.iter().map(|envelope| &envelope.input).collect();
        let broken = match self.attempt(&inputs).await {
            Ok(round) => return self.act(round, envelopes).await,
            Err(broken) => broken,
        };
        if let Broken::Store(NotCommitted::Fenced) = broken {
            anyhow::bail!("another strowger has taken over the database");
        }
        self.recover().await?;
        if envelopes.len() == 1 {
            return self.take_alone(envelopes, broken).await;
        }
        for envelope in envelopes {
            Box::pin(self.take(vec![envelope])).await?;
        }
        Ok(())
    }

    /// The one event that failed by itself.
    async fn take_alone(&mut self, mut envelopes: Vec<Envelope>, mut broken: Broken) -> anyhow::Result<()> {
        loop {
            let error = match broken {
                Broken::Panicked { by: Some(call), error } => {
                    error!(call.id = %call, error, "a call breaks the switchboard and is put aside");
                    self.memory.parked.insert(call);
                    self.recover().await?;
                    match self.attempt(&[&envelopes[0].input]).await {
                        Ok(round) => return self.act(round, envelopes).await,
                        Err(again) => broken = again,
                    }
                    continue;
                }
                Broken::Panicked { error, by: None } => error,
                Broken::Store(NotCommitted::Fenced) => {
                    anyhow::bail!("another strowger has taken over the database")
                }
                Broken::Store(NotCommitted::Failed(error)) if is_about_this_event(&error) => {
                    error.to_string()
                }
                Broken::Store(NotCommitted::Failed(error) | NotCommitted::InDoubt(error)) => {
                    self.store_is_down(&error);
                    tokio::time::sleep(Duration::from_millis(250)).await;
                    self.recover().await?;
                    match self.attempt(&[&envelopes[0].input]).await {
                        Ok(round) => return self.act(round, envelopes).await,
                        Err(again) => broken = again,
                    }
                    continue;
                }
            };
            self.quarantine(&envelopes[0].input, &error).await;
            if let Some(reply) = envelopes.pop().and_then(|envelope| envelope.reply) {
                let _ = reply.send(Outcome::Unavailable);
            }
            return Ok(());
        }
    }

    fn store_is_down(&self, error: &sqlx::Error) {
        if !self.health.store_down.swap(true, Ordering::Relaxed) {
            error!(%error, "the store takes no writes; callers are held until it does");
        }
    }

    /// Decides everything and records it. On failure nothing of it is in the store, and memory is ahead of it.
    async fn attempt(&mut self, inputs: &[&Input]) -> Result<Round, Broken> {
        let mut round = Round::default();
        for (index, input) in inputs.iter().enumerate() {
            let outcome = self.decide(input, index, &mut round).await?;
            round.outcomes.push(outcome);
        }
        if !round.batch.is_empty() {
            self.commit(&round.batch).await.map_err(Broken::Store)?;
        }
        Ok(round)
    }

    /// When this returns it is certain whether the batch is in the store.
    async fn commit(&mut self, batch: &Batch) -> Result<(), NotCommitted> {
        let number = self.writer.last_batch() + 1;
        let mut committed = self.writer.commit(batch).await;
        while let Err(NotCommitted::InDoubt(error)) = committed {
            self.store_is_down(&error);
            tokio::time::sleep(Duration::from_millis(250)).await;
            committed = match self.writer.find_out(number).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(NotCommitted::Failed(error)),
                Err(other) => Err(other),
            };
        }
        if committed.is_ok() && self.health.store_down.swap(false, Ordering::Relaxed) {
            info!("the store takes writes again");
        }
        committed
    }

    /// Everything is on the disk: now it may be said and done.
    async fn act(&mut self, round: Round, envelopes: Vec<Envelope>) -> anyhow::Result<()> {
        if round.settings_changed {
            self.publish.send_replace(self.memory.settings.clone());
        }
        for (say, index) in &round.says {
            match say {
                Say::FindCaller { .. } | Say::FindLeg { .. } | Say::FindRecordings { .. } => {
                    self.around.runner.ask(say.clone(), &self.desk);
                }
                _ => {
                    let origin = index.and_then(|index| origin(&envelopes[index].input));
                    self.softphones.tell(say, origin);
                }
            }
        }
        if round.news {
            self.news.send_replace(());
        }
        for job in round.jobs {
            self.around.runner.start(job, &self.desk, Duration::ZERO);
        }
        for (outcome, envelope) in round.outcomes.into_iter().zip(envelopes) {
            if let (Some(outcome), Some(reply)) = (outcome, envelope.reply) {
                answer(reply, outcome);
            }
        }
        for token in round.revoked {
            self.softphones.drop_token(token);
        }
        self.welcome(round.opened).await
    }

    /// New sockets get a picture of what is on the disk, and everything that comes after it.
    async fn welcome(&mut self, opened: Vec<Opened>) -> anyhow::Result<()> {
        let mut connected = Vec::new();
        for opened in opened {
            if !self.memory.settings.tokens.contains_key(&opened.token) {
                // Revoked since it was looked at. Without its outbox the socket is closed.
                continue;
            }
            let now = self.around.clock.now();
            match self.softphones.open(&opened) {
                Err(TooManySockets) => {
                    let detail = format!("an agent has at most {SOCKETS_MAX} sockets");
                    let _ = opened.outbox.try_send(Frame::error("too_many_sockets", detail).text(None));
                }
                Ok(()) => {
                    self.softphones.welcome(opened.agent, opened.socket, &self.memory.board, now);
                    connected.extend(self.presence(opened.agent));
                }
            }
        }
        if connected.is_empty() {
            return Ok(());
        }
        Box::pin(self.take(connected.into_iter().map(unasked).collect())).await
    }

    fn presence(&self, agent: UserId) -> [Event; 2] {
        let (registered, microphone) = self.softphones.media_of(agent);
        [Event::AgentConnected { agent }, Event::MediaChanged { agent, registered, microphone }]
    }

    // When something broke

    /// Forgets everything that is not in the store, and reads it anew. While the store can't be read, it tries again.
    async fn recover(&mut self) -> anyhow::Result<()> {
        loop {
            let parked = self.memory.parked.clone();
            match memory::recall(&self.around, &mut self.writer, parked).await {
                Ok(memory) => {
                    self.memory = memory;
                    break;
                }
                Err(error) => {
                    warn!(error = format!("{error:#}"), "the store can't be read; trying again");
                    self.health.store_down.store(true, Ordering::Relaxed);
                    self.writer.reconnect().await;
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
            }
        }
        self.publish.send_replace(self.memory.settings.clone());
        self.present = self.softphones.agents().into_iter().flat_map(|agent| self.presence(agent)).collect();
        Ok(())
    }

    /// Puts aside an event that can't be decided or recorded, as it came.
    async fn quarantine(&mut self, input: &Input, error: &str) {
        error!(error, "an event is put into quarantine");
        let now = self.around.clock.now().at;
        let id = self.memory.ids.next(now.timestamp_millis());
        let row = QuarantineRow { id, at: now, error: error.to_owned(), document: format!("{input:?}") };
        let batch = Batch { quarantine: vec![row], ..Batch::default() };
        if let Err(error) = self.commit(&batch).await {
            error!(%error, "it could not be recorded either");
        }
        if let Err(error) = self.recover().await {
            error!(error = format!("{error:#}"), "memory could not be read anew");
        }
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

    /// Once an hour: forget old answers, and count what the load should be.
    async fn do_chores(&mut self) {
        let now = self.around.clock.now();
        if now.steady.0 < self.chores_at_ms {
            return;
        }
        self.chores_at_ms = now.steady.0 + CHORES_EVERY_MS;
        if let Err(error) = self.recount(now).await {
            warn!(%error, "the loads could not be recounted");
        }
        if let Err(error) = store::answers::prune(self.writer.connection(), now.at).await {
            warn!(%error, "old answers could not be forgotten");
        }
        if let Err(error) = store::happenings::prune(self.writer.connection(), now.at).await {
            warn!(%error, "old happenings could not be forgotten");
        }
        if let Err(error) = self.writer.checkpoint().await {
            warn!(%error, "the write-ahead log could not be emptied");
        }
    }

    /// Compares the load in memory with what the store says, and takes the store's word.
    async fn recount(&mut self, now: Now) -> sqlx::Result<()> {
        let counted = memory::recount(&mut self.writer, now).await?;
        self.memory.load.expire(now.at);
        let before: HashMap<_, _> = self.memory.load.counts().collect();
        let after: HashMap<_, _> = counted.counts().collect();
        if before != after {
            error!(
                differences = before.len().abs_diff(after.len()),
                "the load in memory was wrong and is repaired"
            );
        }
        self.memory.load = counted;
        Ok(())
    }
}

fn unasked(event: Event) -> Envelope {
    Envelope { input: Input::Event(event), reply: None }
}

fn answer(reply: oneshot::Sender<Outcome>, outcome: Outcome) {
    // Whoever asked may be gone by now; then the answer is kept for when they ask again.
    let _ = reply.send(outcome);
}

fn origin(input: &Input) -> Origin<'_> {
    match input {
        Input::Frame { agent, socket, frame } => Some((*agent, *socket, frame.reference.as_ref())),
        _ => None,
    }
}

/// The store is well, but will not have this event.
fn is_about_this_event(error: &sqlx::Error) -> bool {
    /// SQLite's reasons that lie with the machine and not with what it is told: permission, busy, locked, memory,
    /// read-only, interrupted, input and output, corrupt, full, can't open, protocol, not a database.
    const THE_MACHINE: [u32; 12] = [3, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 26];
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code().and_then(|code| code.parse::<u32>().ok());
            code.is_some_and(|code| !THE_MACHINE.contains(&(code & 0xff)))
        }
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => false,
        _ => true,
    }
}
