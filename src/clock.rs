//! The one place that asks the system for the time.

use crate::calls::time::{Now, Steady};
use chrono::{DateTime, Utc};
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant, SystemTime};

/// Shows the wall clock, and beside it a steady one that starts as Unix time, never jumps, and goes on while the
/// machine sleeps.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// Unix time minus the machine's time since boot, when the daemon started, in milliseconds.
    offset_ms: i64,
}

impl Clock {
    pub fn start() -> Self {
        Self { offset_ms: wall().timestamp_millis() - since_boot_ms() }
    }

    pub fn now(&self) -> Now {
        Now { at: wall(), steady: Steady(self.offset_ms + since_boot_ms()) }
    }
}

fn since_boot_ms() -> i64 {
    let time = clock_gettime(ClockId::Boottime);
    time.tv_sec * 1000 + time.tv_nsec / 1_000_000
}

/// By way of the C library, under which a clock can be put that jumps.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
fn wall() -> DateTime<Utc> {
    let now = DateTime::<Utc>::from(SystemTime::now());
    DateTime::from_timestamp_millis(now.timestamp_millis()).unwrap_or_default()
}

/// Measures how long something takes, to the microsecond and finer. Decides nothing.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// How long the processor has worked in this thread, in seconds.
pub fn worked_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
