//! Sound: what ships with the daemon, and what comes from outside. Callers hear 8 kHz, mono, 16 bit and nothing else.
//!
//! `decode` reads uploads within limits, `level` makes them as loud as everything else, `greeting` is the whole way of an
//! upload; `voicemail` trims a recording; `shipped` finds our own sounds; `file` writes what must survive.

mod decode;
mod file;
mod greeting;
mod level;
mod shipped;
mod voicemail;

pub use decode::{Refused, SECONDS_MAX};
pub use file::{is_room_for_more, keep, sweep};
pub use greeting::{Converted, convert, length_ms};
pub use shipped::{Sound, all, by_hash, shipped};
pub use voicemail::{peaks, seconds, trimmed, trimmed_name};

use hound::{SampleFormat, WavSpec, WavWriter};
use sha2::{Digest, Sha256};
use std::io::Cursor;

/// Samples per second of everything that callers hear.
const RATE: usize = 8_000;

/// 64 lower-case hex digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        use std::fmt::Write;
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A WAV file with a plain header of 44 bytes: mono, 16 bit.
fn wav(samples: impl Iterator<Item = i16>, rate: u32) -> hound::Result<Vec<u8>> {
    let spec =
        WavSpec { channels: 1, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut file = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut file, spec)?;
    samples.into_iter().try_for_each(|sample| writer.write_sample(sample))?;
    writer.finalize()?;
    Ok(file.into_inner())
}

fn decibels(power: f64) -> f64 {
    10.0 * power.log10()
}

/// The amplitude, full scale being 1, of a level in decibels.
fn amplitude(decibels: f64) -> f64 {
    10_f64.powf(decibels / 20.0)
}
