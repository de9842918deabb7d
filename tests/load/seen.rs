//! What was seen of every call, by callers, agents and the stand-in for the telephone company.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
    time::Instant,
};
use tokio::sync::oneshot;

#[derive(Debug, Default, Clone)]
pub struct Call {
    /// When the webhook was to be sent, whether it could be or not.
    pub due: Option<Instant>,
    /// When its answer was read.
    pub answered: Option<Instant>,
    /// At least one agent was free when it was sent.
    pub somebody_was_free: bool,
    /// The first frame that offers it.
    pub offered: Option<Instant>,
    /// When the winner's accept was sent.
    pub accepted: Option<Instant>,
    pub wins: u32,
    /// The telephone company was told to connect.
    pub cut_in: Option<Instant>,
    pub talked: bool,
    /// The caller got a message instead.
    pub took_message: bool,
    pub gave_up: bool,
    pub over: bool,
}

/// Calls by number. A caller's telephone number and the id of the call both hold it.
#[derive(Default)]
pub struct Seen {
    calls: Mutex<HashMap<u32, Call>>,
    awaited: Mutex<HashMap<u32, oneshot::Sender<()>>>,
    wrong: Mutex<HashMap<String, u64>>,
    remarks: Mutex<HashMap<String, u64>>,
}

impl Seen {
    pub fn calls(&self) -> MutexGuard<'_, HashMap<u32, Call>> {
        self.calls.lock().expect("the calls")
    }

    /// Notes something about a call, and answers what follows from it.
    pub fn note<T>(&self, number: u32, note: impl FnOnce(&mut Call) -> T) -> T {
        note(self.calls().entry(number).or_default())
    }

    /// Resolves when the daemon has heard that the call is over.
    pub fn until_gone(&self, number: u32) -> oneshot::Receiver<()> {
        let (gone, awaited) = oneshot::channel();
        self.awaited.lock().expect("who waits").insert(number, gone);
        awaited
    }

    pub fn is_gone(&self, number: u32) {
        if let Some(awaited) = self.awaited.lock().expect("who waits").remove(&number) {
            let _ = awaited.send(());
        }
    }

    /// An answer or a frame that should not be.
    pub fn wrong(&self, what: impl Into<String>) {
        *self.wrong.lock().expect("what is wrong").entry(what.into()).or_default() += 1;
    }

    /// Something that may be, and that says how the figures came about.
    pub fn remark(&self, what: impl Into<String>) {
        *self.remarks.lock().expect("remarks").entry(what.into()).or_default() += 1;
    }

    pub fn remarks(&self) -> Vec<(String, u64)> {
        let mut remarks: Vec<_> = self.remarks.lock().expect("remarks").clone().into_iter().collect();
        remarks.sort();
        remarks
    }

    /// Everything that was wrong, and how often. A call that was neither talked nor given up is lost.
    pub fn all_wrong(&self) -> Vec<(String, u64)> {
        let mut wrong: Vec<_> = self.wrong.lock().expect("what is wrong").clone().into_iter().collect();
        let calls = self.calls();
        let count = |is: fn(&Call) -> bool| calls.values().filter(|call| is(call)).count() as u64;
        let lost = count(|call| call.due.is_some() && !(call.talked || call.gave_up || call.took_message));
        let doubled = count(|call| call.wins > 1);
        let unasked = count(|call| call.due.is_none());
        wrong.extend([
            ("calls lost".into(), lost),
            ("calls won twice".into(), doubled),
            ("calls that nobody made".into(), unasked),
        ]);
        wrong.retain(|(_, count)| *count > 0);
        wrong.sort();
        wrong
    }
}

pub fn caller(number: u32) -> String {
    format!("+1555{number:07}")
}

pub fn number_of_caller(caller: &str) -> Option<u32> {
    caller.strip_prefix("+1555")?.parse().ok()
}

pub fn sid(number: u32) -> String {
    format!("CA{number:032x}")
}

pub fn number_of_sid(sid: &str) -> Option<u32> {
    u32::from_str_radix(sid.strip_prefix("CA")?, 16).ok()
}
