//! What passes between the daemon and a service manager such as systemd: the socket that was opened beforehand, word of
//! how it goes, and the watchdog. Without one all of this does nothing.

use crate::desk::Desk;
use anyhow::Context;
use listenfd::ListenFd;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sd_notify::NotifyState;
use std::{net::SocketAddr, time::Duration};
use tokio::net::TcpListener;
use tracing::warn;

/// The socket that the service manager hands over, where connections waited meanwhile, else a new one.
pub async fn listener(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let handed = ListenFd::from_env().take_tcp_listener(0);
    if let Some(handed) = handed.context("the socket that was handed over can't be used")? {
        handed.set_nonblocking(true)?;
        return TcpListener::from_std(handed).context("the socket that was handed over can't be used");
    }
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// As many files and connections as we may have open at most; how many that is.
pub fn open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    if let Err(error) = raised {
        warn!(%error, "no more files can be opened than at first");
    }
    let open = getrlimit(Resource::Nofile).current;
    open.map_or(usize::MAX, |open| usize::try_from(open).unwrap_or(usize::MAX))
}

/// Says that requests are answered from now on, and goes on saying that the engine's loop turns.
pub fn ready(desk: Desk) {
    tell(&[NotifyState::Ready]);
    if let Some(within) = sd_notify::watchdog_enabled() {
        tokio::spawn(watchdog(desk, within));
    }
}

pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// The loop turns at least once a second, also while it waits for the store. If it does not, nothing is said, and the
/// service manager starts us anew.
async fn watchdog(desk: Desk, within: Duration) {
    let mut seen = None;
    loop {
        let turns = desk.health().turns();
        if seen.replace(turns) != Some(turns) {
            tell(&[NotifyState::Watchdog]);
        }
        tokio::time::sleep(within / 3).await;
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        warn!(%error, "the service manager can't be told how it goes");
    }
}
