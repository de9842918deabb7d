//! The one loop. It takes every event that waits, decides them in order, records all of them in one transaction, and
//! only then acts: answers webhooks, tells softphones, starts jobs. What was not recorded was never said.

use super::{
    Desk, Envelope, Errand, Input, Outcome, Providers, QUEUE,
    deciding::{Broken, Round},
    documents::Sounds,
    erasure::{self, NotErased, Place},
    health::Health,
    jobs::Runner,
    memory::{self, Memory},
    retention::Retention,
    settings::{Ground, Settings},
    softphones::{Frame, Opened, Origin, SOCKETS_MAX, Softphones, TooManySockets, told},
    spool::{self, Spool},
};
use crate::{
    calls::{
        call::State,
        decision::{Job, Say},
        event::Event,
        time::{Now, Steady},
    },
    clock::Clock,
    routing::ids::{JobId, UserId},
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
const NAP: Duration = Duration::from_secs(1);
/// While the store takes no writes it is tried this often.
const NAP_WITHOUT_STORE: Duration = Duration::from_millis(250);
/// How long a stop waits for a store that takes no writes. Then what waits is not answered well.
const STOP_WITHOUT_STORE_AFTER_MS: i64 = 1_000;
/// How often it is looked how long the write-ahead log is.
const LOOK_AT_LOG_EVERY_MS: i64 = 10_000;
/// How often loads are recounted and old answers forgotten.
const CHORES_EVERY_MS: i64 = 60 * 60 * 1000;
/// The first time, and when there is more to do.
const MORE_CHORES_AFTER_MS: i64 = 10 * 1000;

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
    pub retention: Retention,
    pub health: Arc<Health>,
}

pub struct Engine {
    pub(super) around: Surroundings,
    pub(super) writer: Writer,
    queue: mpsc::Receiver<Envelope>,
    errands: mpsc::Receiver<Errand>,
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
    /// Work on calls that were erased. What comes of it is not kept.
    pub(super) cancelled: HashSet<JobId>,
    /// Callers may have been served without us knowing.
    strays: bool,
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
        let (errand, errands) = mpsc::channel(1);
        let (publish, settings) = watch::channel(memory.settings.clone());
        around.health.epoch.store(writer.epoch(), Ordering::Relaxed);
        let (news, heard) = watch::channel(());
        let desk = Desk::new(sender, settings, around.health.clone(), heard, around.spool.clone(), errand);
        let chores_at_ms = around.clock.now().steady.0 + MORE_CHORES_AFTER_MS;
        let softphones = Softphones::default();
        let strays = !writer.was_stopped_cleanly();
        let mut engine = Self {
            around,
            writer,
            queue,
            errands,
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
            cancelled: HashSet::new(),
            strays,
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
                Some(errand) = self.errands.recv() => {
                    self.erase(errand).await?;
                    continue;
                }
                () = tokio::time::sleep(nap) => Some(Envelope { input: Input::Tick, reply: None }),
            };
            let Some(first) = first else { break };
            let envelopes = self.drain(first);
            self.take(envelopes).await?;
            self.do_chores().await;
        }
        self.queue.close();
        while let Some(first) = self.queue.recv().await {
            let envelopes = self.drain(first);
            self.take(envelopes).await?;
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
    async fn erase(&mut self, Errand { person, by, done }: Errand) -> anyhow::Result<()> {
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
        let longest = if self.around.health.store_is_up() { NAP } else { NAP_WITHOUT_STORE };
        let Some(deadline) = self.memory.board.next_deadline() else { return longest };
        let ms = deadline.ms_since(now).max(0);
        Duration::from_millis(u64::try_from(ms).unwrap_or(0)).min(longest)
    }

    /// Decides, records and acts on all of them together. If that fails, one by one: a bad event must not fail the
    /// others, and while the store is away they wait here.
    async fn take(&mut self, mut envelopes: Vec<Envelope>) -> anyhow::Result<()> {
        envelopes.retain(|envelope| envelope.input.is_wanted());
        if envelopes.is_empty() {
            return Ok(());
        }
        let inputs: Vec<&Input> = envelopes.iter().map(|envelope| &envelope.input).collect();
        let broken = match self.attempt(&inputs).await {
            Ok(round) => return self.act(round, envelopes).await,
            Err(broken) => broken,
        };
        if let Broken::Store(NotCommitted::Fenced) = broken {
            anyhow::bail!("another strowger has taken over the database");
        }
        if let Broken::Store(NotCommitted::Failed(error)) = &broken
            && !is_about_this_event(error)
        {
            self.store_is_down(error);
            envelopes = refuse_saves(envelopes);
        }
        self.recover().await?;
        if envelopes.is_empty() {
            return Ok(());
        }
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
                    self.wait_for_store().await?;
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

    fn store_is_down(&mut self, error: &sqlx::Error) {
        self.strays = true;
        if self.around.health.store_went_down(error.to_string()) {
            error!(%error, "the store takes no writes; callers are held until it does");
        }
    }

    /// Saves are refused while the store is away, so that nothing else might find out that it is back.
    async fn look_whether_the_store_is_back(&mut self) -> anyhow::Result<()> {
        if self.around.health.store_is_up() {
            return Ok(());
        }
        match self.commit(&Batch::default()).await {
            Err(NotCommitted::Fenced) => anyhow::bail!("another strowger has taken over the database"),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// A little while, during which the loop still turns. Err: the daemon stops, and has waited long enough.
    async fn wait_for_store(&mut self) -> Result<(), StoreAway> {
        self.around.health.turned();
        let now = self.around.clock.now().steady;
        if *self.stop.borrow() {
            let since = *self.stopping_since.get_or_insert(now);
            if now.ms_since(since) >= STOP_WITHOUT_STORE_AFTER_MS {
                return Err(StoreAway);
            }
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
        Ok(())
    }

    /// Decides everything and records it. On failure nothing of it is in the store, and memory is ahead of it.
    async fn attempt(&mut self, inputs: &[&Input]) -> Result<Round, Broken> {
        let mut round = Round::default();
        for (index, input) in inputs.iter().enumerate() {
            let outcome = self.decide(input, index, &mut round).await?;
            round.outcomes.push(outcome);
        }
        if !round.batch.is_empty() {
            let began = self.around.clock.now().steady;
            self.commit(&round.batch).await.map_err(Broken::Store)?;
            let took_ms = self.around.clock.now().steady.ms_since(began);
            self.around.health.metrics.commit_ms.observe(took_ms);
        }
        Ok(round)
    }

    /// When this returns it is certain whether the batch is in the store.
    async fn commit(&mut self, batch: &Batch) -> Result<(), NotCommitted> {
        let number = self.writer.last_batch() + 1;
        let mut committed = self.writer.commit(batch).await;
        while let Err(NotCommitted::InDoubt(error)) = committed {
            self.store_is_down(&error);
            if self.wait_for_store().await.is_err() {
                return Err(NotCommitted::InDoubt(error));
            }
            committed = match self.writer.find_out(number).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(NotCommitted::Failed(error)),
                Err(other) => Err(other),
            };
        }
        if committed.is_ok() && self.around.health.store_came_up() {
            info!("the store takes writes again");
        }
        committed
    }

    /// Everything is on the disk: now it may be said and done.
    async fn act(&mut self, round: Round, envelopes: Vec<Envelope>) -> anyhow::Result<()> {
        if round.settings_changed {
            self.publish.send_replace(self.memory.settings.clone());
        }
        self.count(&round);
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

    fn count(&self, round: &Round) {
        let metrics = &self.around.health.metrics;
        for (say, _) in &round.says {
            match say {
                Say::Offered { .. } => metrics.offers.add(1),
                Say::OfferWon { .. } => metrics.offers_ended.count("won"),
                Say::OfferEnded { cause, .. } => metrics.offers_ended.count(told(*cause).0),
                _ => {}
            }
        }
        for call in round.batch.calls.values() {
            if let State::Ended { outcome, .. } = &call.state {
                metrics.calls_ended.count(outcome.name());
            }
        }
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
                    let Memory { board, settings, .. } = &self.memory;
                    self.softphones.welcome(opened.agent, opened.socket, board, &settings.contacts, now);
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
                    self.strays = true;
                    if self.around.health.store_went_down(format!("{error:#}")) {
                        error!(error = format!("{error:#}"), "the store can't be read; trying again");
                    }
                    self.writer.reconnect().await;
                    self.wait_for_store().await?;
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
        self.cut_log(now).await;
        if now.steady.0 < self.chores_at_ms {
            return;
        }
        self.chores_at_ms = now.steady.0 + CHORES_EVERY_MS;
        if let Err(error) = self.recount(now).await {
            warn!(%error, "the loads could not be recounted");
        }
        finish_erasing(&mut self.writer, &self.around).await;
        match self.remove_old().await {
            Ok(true) => self.chores_at_ms = now.steady.0 + MORE_CHORES_AFTER_MS,
            Ok(false) => {}
            Err(error) => warn!(error = format!("{error:#}"), "what is too old could not be removed"),
        }
        if let Err(error) = store::answers::prune(self.writer.connection(), now.at).await {
            warn!(%error, "old answers could not be forgotten");
        }
        if let Err(error) = store::repeats::prune(self.writer.connection(), now.at).await {
            warn!(%error, "old idempotency keys could not be forgotten");
        }
        if let Err(error) = self.writer.checkpoint().await {
            warn!(%error, "the write-ahead log could not be emptied");
        }
    }

    /// The write-ahead log is brought into the database once it is long.
    async fn cut_log(&mut self, now: Now) {
        if now.steady.0 < self.log_at_ms {
            return;
        }
        self.log_at_ms = now.steady.0 + LOOK_AT_LOG_EVERY_MS;
        if self.writer.log_bytes() > store::LOG_BYTES_MAX
            && let Err(error) = self.writer.checkpoint().await
        {
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
            let keys: HashSet<_> = before.keys().chain(after.keys()).collect();
            let differences = keys.into_iter().filter(|key| before.get(key) != after.get(key)).count();
            self.around.health.metrics.load_differences.add(u64::try_from(differences).unwrap_or(0));
            error!(differences, "the load in memory was wrong and is repaired");
        }
        self.memory.load = counted;
        Ok(())
    }
}

/// What was left of an erasure, which a crash or a full disk broke off. It is tried again every hour.
async fn finish_erasing(writer: &mut Writer, around: &Surroundings) {
    let now = around.clock.now().at;
    match still_turning(&around.health, erasure::finish(writer, &around.place, now)).await {
        Ok(0) => {}
        Ok(files) => info!(files, "an erasure that was broken off is finished"),
        Err(error) => {
            error!(error = format!("{error:#}"), "an erasure is not finished: sounds or free pages are left");
        }
    }
}

/// Whoever saves is told at once that nothing was changed, and nothing will be.
fn refuse_saves(envelopes: Vec<Envelope>) -> Vec<Envelope> {
    let (saves, others): (Vec<_>, Vec<_>) =
        envelopes.into_iter().partition(|envelope| envelope.input.claim().is_some());
    saves.into_iter().filter_map(|save| save.reply).for_each(|reply| answer(reply, Outcome::Unavailable));
    others
}

/// The daemon stops while the store takes no writes.
#[derive(Debug, thiserror::Error)]
#[error(
    "the store takes no writes, and the daemon stops: what waited was not recorded, and nobody was told that it was"
)]
struct StoreAway;

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
