//! Where everybody reaches the daemon. Connections wait here while it is away, as in the kernel behind a service
//! manager's socket; on the way it is noted how long webhooks wait for their answers, and sockets are broken.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use strowger::clock::Clock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::AbortHandle,
    time::{sleep, timeout},
};

const DEATH_NOTICED_WITHIN: Duration = Duration::from_secs(2);

/// What happens to the agents' sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breakage {
    /// Both ends see a connection that is gone.
    Cut,
    /// The agent's end is gone, and the daemon never hears of it.
    HalfOpen,
    /// Nothing is carried any more, in either direction; nobody is told.
    Stalled,
}

#[derive(Clone)]
pub struct Gate {
    pub address: String,
    daemon: watch::Sender<Option<String>>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    clock: Option<Clock>,
    /// Since when the daemon can be expected to answer, in milliseconds.
    awake_since: i64,
    /// It is stopped, and nothing can be expected of it.
    asleep: bool,
    slowest_ms: i64,
    answers: u64,
    /// How often the daemon was started, and how many webhooks came since then and wait for their answers.
    starts: u64,
    waiting: HashMap<u64, usize>,
    sockets: HashMap<u64, (AbortHandle, watch::Sender<Option<Breakage>>)>,
    next: u64,
}

impl Gate {
    pub async fn build() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = State { clock: Some(Clock::start()), ..State::default() };
        let gate = Self { address, daemon: watch::Sender::new(None), state: Arc::new(Mutex::new(state)) };
        let keeper = gate.clone();
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let keeper = keeper.clone();
                tokio::spawn(async move { keeper.let_through(caller).await });
            }
        });
        gate
    }

    pub fn open(&self, address: &str) {
        self.awake();
        self.lock().starts += 1;
        self.daemon.send_replace(address.strip_prefix("http://").map(str::to_owned));
    }

    pub fn close(&self) {
        self.daemon.send_replace(None);
    }

    /// The daemon runs; from now on answers are due.
    pub fn awake(&self) {
        let now = self.now();
        let mut state = self.lock();
        (state.awake_since, state.asleep) = (now, false);
    }

    /// The daemon stands still.
    pub fn asleep(&self) {
        self.lock().asleep = true;
    }

    /// Waits until those who met the death of the daemon before this one have their answers: a caller whose request
    /// and whose fallback are both cut off is beyond help.
    pub async fn survivors_are_answered(&self) {
        let is_waiting = || {
            let state = self.lock();
            state.waiting.iter().any(|(start, count)| *start < state.starts && *count > 0)
        };
        while is_waiting() {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// How many webhooks were answered, and the longest that one had to wait for it, in milliseconds.
    pub fn answers(&self) -> (u64, i64) {
        let state = self.lock();
        (state.answers, state.slowest_ms)
    }

    /// Breaks so many of the agents' sockets. Tells how many there were to break.
    pub fn break_sockets(&self, how: Breakage, most: usize) -> usize {
        let mut state = self.lock();
        let broken: Vec<u64> = state.sockets.keys().copied().take(most).collect();
        for number in &broken {
            if let Some((task, how_to)) = state.sockets.remove(number) {
                match how {
                    Breakage::Cut => task.abort(),
                    how => drop(how_to.send(Some(how))),
                }
            }
        }
        broken.len()
    }

    async fn let_through(&self, mut caller: TcpStream) {
        let mut first = vec![0; 64];
        let Ok(length) = caller.read(&mut first).await else { return };
        if length == 0 {
            return;
        }
        first.truncate(length);
        let is_webhook = first.starts_with(b"POST /hooks");
        let waits = is_webhook.then(|| Waits::begin(self));
        let Some((mut daemon, address)) = self.reach_daemon().await else { return };
        if daemon.write_all(&first).await.is_err() {
            return self.death_is_noticed(&address).await;
        }
        match first {
            first if first.starts_with(b"GET /softphone") => self.carry_socket(caller, daemon).await,
            _ if is_webhook => self.carry_webhook(caller, daemon, &address).await,
            _ => drop(copy_bidirectional(&mut caller, &mut daemon).await),
        }
        drop(waits);
    }

    /// Waits until it is there; it may have just died, and nobody noticed.
    async fn reach_daemon(&self) -> Option<(TcpStream, String)> {
        let mut watched = self.daemon.subscribe();
        loop {
            let address = watched.wait_for(Option::is_some).await.ok()?.clone()?;
            if let Ok(daemon) = TcpStream::connect(&address).await {
                return Some((daemon, address));
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    async fn carry_webhook(&self, caller: TcpStream, daemon: TcpStream, address: &str) {
        let sent_at = self.now();
        let mut is_answered = false;
        let (mut from_caller, mut to_caller) = caller.into_split();
        let (mut from_daemon, mut to_daemon) = daemon.into_split();
        let there = tokio::io::copy(&mut from_caller, &mut to_daemon);
        let back = async {
            let mut answer = vec![0; 16 << 10];
            while let Ok(length @ 1..) = from_daemon.read(&mut answer).await {
                if !std::mem::replace(&mut is_answered, true) {
                    self.answered(sent_at);
                }
                if to_caller.write_all(&answer[..length]).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = back => {}
            // Who waits no longer is gone, and the daemon sees that too.
            carried = there => if carried.is_ok() { return },
        }
        if !is_answered {
            self.death_is_noticed(address).await;
        }
    }

    /// Waits a moment until the daemon that was there is known to be dead. A process that is killed may take one more
    /// connection while it falls apart: the fallback of a caller who was cut off would meet the same death.
    async fn death_is_noticed(&self, address: &str) {
        let mut watched = self.daemon.subscribe();
        let gone = watched.wait_for(|daemon| daemon.as_deref() != Some(address));
        let _ = timeout(DEATH_NOTICED_WITHIN, gone).await;
    }

    fn answered(&self, sent_at: i64) {
        let now = self.now();
        let mut state = self.lock();
        state.answers += 1;
        if !state.asleep {
            state.slowest_ms = state.slowest_ms.max(now - sent_at.max(state.awake_since));
        }
    }

    async fn carry_socket(&self, mut agent: TcpStream, mut daemon: TcpStream) {
        let (break_it, mut broken) = watch::channel(None);
        let carrying = tokio::spawn(async move {
            let how = tokio::select! {
                _ = copy_bidirectional(&mut agent, &mut daemon) => return,
                how = async { broken.wait_for(Option::is_some).await.ok().and_then(|how| *how) } => how,
            };
            if how == Some(Breakage::HalfOpen) {
                drop(agent);
                let mut heard = Vec::new();
                let _ = daemon.read_to_end(&mut heard).await;
            } else if how == Some(Breakage::Stalled) {
                sleep(Duration::from_secs(600)).await;
                drop((agent, daemon));
            }
        });
        let number = {
            let mut state = self.lock();
            state.next += 1;
            let number = state.next;
            state.sockets.insert(number, (carrying.abort_handle(), break_it));
            number
        };
        let _ = carrying.await;
        self.lock().sockets.remove(&number);
    }

    fn now(&self) -> i64 {
        let clock = self.lock().clock;
        clock.map_or(0, |clock| clock.now().steady.0)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A webhook that is on its way, until it is dropped.
struct Waits {
    gate: Gate,
    since: u64,
}

impl Waits {
    fn begin(gate: &Gate) -> Self {
        let mut state = gate.lock();
        let since = state.starts;
        *state.waiting.entry(since).or_default() += 1;
        Self { gate: gate.clone(), since }
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        if let Some(count) = self.gate.lock().waiting.get_mut(&self.since) {
            *count -= 1;
        }
    }
}
