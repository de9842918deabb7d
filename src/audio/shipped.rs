//! The sounds that ship with the daemon: ring tones, music and messages, found by name or by the hash of their bytes.

use super::sha256;
use std::{collections::HashMap, sync::LazyLock};

/// One file, ready to be served: 8 kHz, mono, 16 bit.
#[derive(Debug)]
pub struct Sound {
    pub name: &'static str,
    pub sha256: String,
    pub bytes: &'static [u8],
}

macro_rules! sounds {
    ($($name:literal)+) => {[$(($name, include_bytes!(concat!("../../audio/", $name, ".wav")).as_slice())),+]};
}

static SHIPPED: LazyLock<Vec<Sound>> = LazyLock::new(|| {
    let files = sounds!(
        "ring-eu" "ring-gb" "ring-us" "waiting"
        "unanswered-en" "unanswered-nl" "unanswered-nb" "unanswered-de"
        "after-hours-en" "after-hours-nl" "after-hours-nb" "after-hours-de"
    );
    files.into_iter().map(|(name, bytes)| Sound { name, sha256: sha256(bytes), bytes }).collect()
});

static BY_HASH: LazyLock<HashMap<&'static str, &'static Sound>> =
    LazyLock::new(|| SHIPPED.iter().map(|sound| (sound.sha256.as_str(), sound)).collect());

/// The shipped sound of this name.
pub fn shipped(name: &str) -> Option<&'static Sound> {
    SHIPPED.iter().find(|sound| sound.name == name)
}

pub fn by_hash(sha256: &str) -> Option<&'static Sound> {
    BY_HASH.get(sha256).copied()
}

pub fn all() -> &'static [Sound] {
    &SHIPPED
}
