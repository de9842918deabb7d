//! WAV files: how long one lasts, and one that lasts as long as wished.

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use std::{f64::consts::TAU, io::Cursor};

const RATE: u32 = 8000;
const TONE_HERTZ: f64 = 440.0;

/// How long the file lasts, by its header; the rest of it may be missing.
pub fn seconds(header: &[u8]) -> Option<f64> {
    let wav = WavReader::new(header).ok()?;
    Some(f64::from(wav.duration()) / f64::from(wav.spec().sample_rate))
}

/// A tone of this length, silent at either end for so long: 8 kHz, mono, 16 bits.
pub fn tone(seconds: f64, silent_seconds: f64) -> hound::Result<Vec<u8>> {
    let spec =
        WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut file = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut file, spec)?;
    for sample in 0..(seconds * f64::from(RATE)).round() as u32 {
        let phase = TAU * TONE_HERTZ * f64::from(sample) / f64::from(RATE);
        let at = f64::from(sample) / f64::from(RATE);
        let loudness = if (silent_seconds..seconds - silent_seconds).contains(&at) { 8000.0 } else { 0.0 };
        writer.write_sample((phase.sin() * loudness) as i16)?;
    }
    writer.finalize()?;
    Ok(file.into_inner())
}
