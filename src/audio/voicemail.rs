//! Recordings of callers: how long they last, and a copy without the silence before and after.

use super::{decibels, level::active_level_dbov, wav};
use hound::{SampleFormat, WavReader};

/// A copy that saves less is not worth making.
const WORTHWHILE_SECONDS: f64 = 0.5;
const MARGIN_BEFORE_SECONDS: f64 = 0.3;
const MARGIN_AFTER_SECONDS: f64 = 0.5;
const FRAME_SECONDS: f64 = 0.02;
/// So far below the level of speech there is only noise.
const NOISE_BELOW_DB: f64 = 20.0;

/// The name of the trimmed copy beside the original of this hash.
pub fn trimmed_name(sha256: &str) -> String {
    format!("{sha256}.trimmed.wav")
}

/// How long a WAV file lasts by what is in it.
pub fn seconds(file: &[u8]) -> Option<f64> {
    let wav = WavReader::new(file).ok()?;
    Some(f64::from(wav.duration()) / f64::from(wav.spec().sample_rate.max(1)))
}

/// How loud each of so many parts of a recording is, 255 being the loudest of them. Empty: it is none that we can read.
pub fn peaks(file: &[u8], count: usize) -> Vec<u8> {
    let Ok(mut reader) = WavReader::new(file) else { return Vec::new() };
    let spec = reader.spec();
    if (spec.bits_per_sample, spec.sample_format) != (16, SampleFormat::Int) {
        return Vec::new();
    }
    let Ok(samples) = reader.samples::<i16>().collect::<Result<Vec<_>, _>>() else { return Vec::new() };
    let size = samples.len().div_ceil(count.max(1)).max(1);
    let loudest =
        |part: &[i16]| part.iter().map(|sample| u32::from(sample.unsigned_abs())).max().unwrap_or(0);
    let peaks: Vec<u32> = samples.chunks(size).map(loudest).collect();
    let highest = peaks.iter().copied().max().unwrap_or(0).max(1);
    peaks.iter().map(|peak| u8::try_from(peak * 255 / highest).unwrap_or(255)).collect()
}

/// The recording without the silence before and after. `None`: it would not get shorter, or it is none that we can cut.
pub fn trimmed(file: &[u8]) -> Option<Vec<u8>> {
    let mut reader = WavReader::new(file).ok()?;
    let spec = reader.spec();
    if (spec.channels, spec.bits_per_sample, spec.sample_format) != (1, 16, SampleFormat::Int) {
        return None;
    }
    let samples: Vec<i16> = reader.samples::<i16>().collect::<Result<_, _>>().ok()?;
    let rate = f64::from(spec.sample_rate);
    let in_samples = |seconds: f64| (seconds * rate) as usize;
    let (first, last) = speech(&samples, in_samples(FRAME_SECONDS).max(1))?;
    let first = first.saturating_sub(in_samples(MARGIN_BEFORE_SECONDS));
    let last = (last + in_samples(MARGIN_AFTER_SECONDS)).min(samples.len());
    let saved = (samples.len() - (last - first)) as f64 / rate;
    if saved < WORTHWHILE_SECONDS {
        return None;
    }
    wav(samples[first..last].iter().copied(), spec.sample_rate).ok()
}

/// From where to where something is heard.
fn speech(samples: &[i16], frame: usize) -> Option<(usize, usize)> {
    let scaled: Vec<f32> = samples.iter().map(|sample| f32::from(*sample) / 32_768.0).collect();
    let noise = active_level_dbov(&scaled)? - NOISE_BELOW_DB;
    let is_sound = |part: &[f32]| {
        let energy: f64 = part.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        decibels(energy / part.len() as f64) > noise
    };
    let sounding: Vec<bool> = scaled.chunks(frame).map(is_sound).collect();
    let first = sounding.iter().position(|sound| *sound)?;
    let last = sounding.iter().rposition(|sound| *sound)?;
    Some((first * frame, ((last + 1) * frame).min(samples.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Speech-like bursts between stretches of noise; lengths in seconds.
    fn recording(before: f64, sound: f64, after: f64) -> Vec<u8> {
        let mut noise = 1_u32;
        let sample = |n: usize| {
            let at = n as f64 / 8_000.0 - before;
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hiss = (noise >> 24) as i16 - 128;
            let burst = at >= 0.0 && at < sound && at % 1.0 < 0.7;
            let tone = (n as f64 * 0.4).sin() * if burst { 6_000.0 } else { 0.0 };
            (tone / 1.0) as i16 + hiss / 4
        };
        wav((0..((before + sound + after) * 8_000.0) as usize).map(sample), 8_000).expect("a file")
    }

    #[test]
    fn silence_before_and_after_is_cut_and_pauses_stay() {
        let whole = recording(3.0, 4.7, 9.0);
        let cut = trimmed(&whole).expect("it gets shorter");
        let seconds = seconds(&cut).expect("a WAV file");
        assert!((seconds - (0.3 + 4.7 + 0.5)).abs() < 0.1, "{seconds}");
    }

    #[test]
    fn a_recording_is_loud_where_somebody_speaks() {
        let peaks = peaks(&recording(3.0, 4.7, 9.0), 100);
        assert_eq!(peaks.len(), 100);
        // Of 16.7 seconds, the first 3 and the last 9 are noise.
        assert!(peaks[..17].iter().chain(&peaks[48..]).all(|peak| *peak < 10), "{peaks:?}");
        assert!(peaks[19..40].iter().filter(|peak| **peak > 200).count() > 10, "{peaks:?}");
        assert!(super::peaks(b"RIFF", 100).is_empty());
    }

    #[test]
    fn what_can_not_be_cut_or_would_not_get_shorter_has_no_copy() {
        assert_eq!(trimmed(&recording(0.2, 4.7, 0.3)), None);
        assert_eq!(
            trimmed(&wav(std::iter::repeat_n(0, 80_000), 8_000).expect("a file")),
            None,
            "only silence"
        );
        assert_eq!(trimmed(b"RIFF"), None);
        assert_eq!(seconds(b"RIFF"), None);
    }
}
