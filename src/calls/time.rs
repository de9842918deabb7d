//! Two kinds of time. The wall clock is for hours and for what people read; it may jump.
//! Steady time is for everything a live call waits for; it never jumps and counts the machine's sleep.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Milliseconds that only move forward. At the daemon's start it equals Unix time, so that a deadline that was
/// stored can be compared after a restart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Steady(pub i64);

impl Steady {
    pub fn plus_seconds(self, seconds: u32) -> Self {
        self.plus_ms(i64::from(seconds) * 1000)
    }

    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0 + ms)
    }

    /// Milliseconds from `earlier` until this; negative if it came before.
    pub fn ms_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }
}

/// One moment, as both clocks show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    pub at: DateTime<Utc>,
    pub steady: Steady,
}

impl Now {
    /// What the wall clock will show at `deadline`, if it doesn't jump.
    pub fn wall(self, deadline: Steady) -> DateTime<Utc> {
        self.at + TimeDelta::milliseconds(deadline.ms_since(self.steady))
    }
}
