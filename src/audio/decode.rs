//! Reads WAV, MP3 and Ogg Vorbis into 8 kHz mono, as a stream and within limits: what a file claims is not believed, and
//! what it costs is counted.

use super::RATE;
use crate::clock;
use rubato::{Fft, FixedSync, Resampler, WindowFunction, audioadapter_buffers::direct::InterleavedSlice};
use std::{
    io::{Cursor, ErrorKind},
    panic::catch_unwind,
};
use symphonia::core::{
    codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions},
    errors::Error,
    formats::{FormatOptions, FormatReader, TrackType, probe::Hint},
    io::MediaSourceStream,
    meta::MetadataOptions,
};

/// No upload lasts longer.
pub const SECONDS_MAX: u32 = 300;
const CHANNELS_MAX: usize = 2;
const RATE_MIN: u32 = 4_000;
const RATE_MAX: u32 = 192_000;
/// Seconds of processor time that one file may take.
const WORK_SECONDS_MAX: f64 = 20.0;
/// A file with more broken pieces is not worth hearing.
const BROKEN_MAX: u32 = 50;

/// Why a file can't be a greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("this is not a sound file that we read; WAV, MP3 and Ogg Vorbis are good")]
    NotAudio,
    #[error("Opus is not supported; WAV, MP3 and Ogg Vorbis are good")]
    Opus,
    #[error("it is damaged, or not what its first bytes say; WAV, MP3 and Ogg Vorbis are good")]
    Damaged,
    #[error("it lasts longer than {} minutes", SECONDS_MAX / 60)]
    TooLong,
    #[error("it says that it lasts {seconds} seconds, which is longer than {} minutes", SECONDS_MAX / 60)]
    ClaimsTooLong { seconds: u64 },
    #[error("it has {channels} channels; at most {CHANNELS_MAX} are good")]
    TooManyChannels { channels: usize },
    #[error("it has {rate} samples a second; from {RATE_MIN} to {RATE_MAX} are good")]
    Rate { rate: u32 },
    #[error("it takes too much work to read")]
    TooMuchWork,
    #[error("there is nothing to hear in it")]
    Silent,
}

/// The sound at 8 kHz, full scale being 1, with its channels mixed. A decoder that breaks has met a file that is broken.
pub(super) fn decode(bytes: Vec<u8>) -> Result<Vec<f32>, Refused> {
    decode_within(bytes, WORK_SECONDS_MAX)
}

fn decode_within(bytes: Vec<u8>, work_seconds_max: f64) -> Result<Vec<f32>, Refused> {
    catch_unwind(|| decoded(bytes, work_seconds_max)).unwrap_or(Err(Refused::Damaged))
}

fn decoded(bytes: Vec<u8>, work_seconds_max: f64) -> Result<Vec<f32>, Refused> {
    let kind = kind(&bytes)?;
    let source = MediaSourceStream::new(Box::new(Cursor::new(bytes)), Default::default());
    let mut hint = Hint::new();
    hint.with_extension(kind);
    let mut file = symphonia::default::get_probe()
        .probe(&hint, source, FormatOptions::default(), MetadataOptions::default())
        .map_err(|_| Refused::Damaged)?;
    let track = file.default_track(TrackType::Audio).ok_or(Refused::NotAudio)?;
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
    let parameters = parameters.ok_or(Refused::NotAudio)?;
    let rate = check_claims(parameters, track.num_frames)?;
    let id = track.id;
    let decoder =
        symphonia::default::get_codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default());
    let mut decoder = decoder.map_err(|_| Refused::NotAudio)?;
    read(file.as_mut(), id, decoder.as_mut(), rate, work_seconds_max)
}

/// By its first bytes, as the name of a file may say anything.
fn kind(bytes: &[u8]) -> Result<&'static str, Refused> {
    match bytes {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Ok("wav"),
        [b'O', b'g', b'g', b'S', ..] => {
            let head = &bytes[..bytes.len().min(512)];
            let is_opus = head.windows(8).any(|eight| eight == b"OpusHead");
            if is_opus { Err(Refused::Opus) } else { Ok("ogg") }
        }
        [b'I', b'D', b'3', ..] => Ok("mp3"),
        [0xff, second, ..] if second & 0xe0 == 0xe0 => Ok("mp3"),
        _ => Err(Refused::NotAudio),
    }
}

/// What the file says of itself must be within the limits before anything of it is decoded.
fn check_claims(parameters: &AudioCodecParameters, frames: Option<u64>) -> Result<u32, Refused> {
    let rate = parameters.sample_rate.ok_or(Refused::NotAudio)?;
    if !(RATE_MIN..=RATE_MAX).contains(&rate) {
        return Err(Refused::Rate { rate });
    }
    if let Some(channels) = parameters.channels.as_ref().map(|channels| channels.count()) {
        check_channels(channels)?;
    }
    let seconds = frames.unwrap_or(0) / u64::from(rate);
    if seconds > u64::from(SECONDS_MAX) {
        return Err(Refused::ClaimsTooLong { seconds });
    }
    Ok(rate)
}

fn check_channels(channels: usize) -> Result<(), Refused> {
    match channels {
        0 => Err(Refused::NotAudio),
        1..=CHANNELS_MAX => Ok(()),
        _ => Err(Refused::TooManyChannels { channels }),
    }
}

fn read(
    file: &mut dyn FormatReader,
    track: u32,
    decoder: &mut dyn AudioDecoder,
    rate: u32,
    work_seconds_max: f64,
) -> Result<Vec<f32>, Refused> {
    let begun = clock::worked_seconds();
    let mut rates = Rates::new(rate)?;
    let (mut interleaved, mut broken) = (Vec::<f32>::new(), 0);
    loop {
        if clock::worked_seconds() - begun > work_seconds_max {
            return Err(Refused::TooMuchWork);
        }
        let packet = match file.next_packet() {
            Ok(Some(packet)) if packet.track_id == track => packet,
            Ok(Some(_)) => continue,
            Ok(None) => break,
            // Cut off at the end: what is there is heard.
            Err(Error::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(_) => return Err(Refused::Damaged),
        };
        let decoded = match decoder.decode(&packet) {
            Ok(decoded) => decoded,
            Err(Error::DecodeError(_)) if broken < BROKEN_MAX => {
                broken += 1;
                continue;
            }
            Err(_) => return Err(Refused::Damaged),
        };
        let channels = decoded.spec().channels().count();
        check_channels(channels)?;
        if decoded.spec().rate() != rate {
            return Err(Refused::Damaged);
        }
        decoded.copy_to_vec_interleaved(&mut interleaved);
        rates.take(interleaved.chunks_exact(channels).map(mixed))?;
    }
    let sound = rates.finish()?;
    if sound.is_empty() && broken > 0 { Err(Refused::Damaged) } else { Ok(sound) }
}

/// The channels of one moment, as one. A file of floating numbers may hold things that are none.
fn mixed(frame: &[f32]) -> f32 {
    let sum: f32 = frame.iter().filter(|sample| sample.is_finite()).sum();
    (sum / frame.len() as f32).clamp(-4.0, 4.0)
}

/// From the file's rate to ours, piece by piece: five minutes at the highest rate would fill the memory.
struct Rates {
    rate: usize,
    /// `None`: it is ours already.
    resampler: Option<Fft<f32>>,
    waiting: Vec<f32>,
    taken: usize,
    done: Vec<f32>,
}

impl Rates {
    fn new(rate: u32) -> Result<Self, Refused> {
        let rate = usize::try_from(rate).map_err(|_| Refused::Rate { rate })?;
        // Blocks of about 64 ms: long enough for a filter that is steep at the edge of the band.
        let resampler = (rate != RATE).then(|| {
            let window = WindowFunction::BlackmanHarris2;
            Fft::new_custom(rate, RATE, rate.div_ceil(16), 1, 1, window, FixedSync::Input)
        });
        let resampler = resampler.transpose().map_err(|_| Refused::Damaged)?;
        Ok(Self { rate, resampler, waiting: Vec::new(), taken: 0, done: Vec::new() })
    }

    fn take(&mut self, samples: impl Iterator<Item = f32>) -> Result<(), Refused> {
        let before = self.waiting.len();
        self.waiting.extend(samples);
        self.taken += self.waiting.len() - before;
        if self.taken > self.rate * SECONDS_MAX as usize {
            return Err(Refused::TooLong);
        }
        match &mut self.resampler {
            None => self.done.append(&mut self.waiting),
            Some(resampler) => {
                let mut used = 0;
                while self.waiting.len() - used >= resampler.input_frames_next() {
                    let next = &self.waiting[used..used + resampler.input_frames_next()];
                    used += next.len();
                    self.done.extend(resampled(resampler, next)?);
                }
                self.waiting.drain(..used);
            }
        }
        Ok(())
    }

    /// With silence behind it, until the last sample has come out; without the resampler's delay before it.
    fn finish(mut self) -> Result<Vec<f32>, Refused> {
        let Some(mut resampler) = self.resampler.take() else { return Ok(self.done) };
        let (delay, length) = (resampler.output_delay(), (self.taken * RATE).div_ceil(self.rate));
        while self.done.len() < delay + length {
            self.waiting.resize(resampler.input_frames_next(), 0.0);
            self.done.extend(resampled(&mut resampler, &self.waiting)?);
            self.waiting.clear();
        }
        self.done.drain(..delay);
        self.done.truncate(length);
        Ok(self.done)
    }
}

fn resampled(resampler: &mut Fft<f32>, samples: &[f32]) -> Result<Vec<f32>, Refused> {
    let input = InterleavedSlice::new(samples, 1, samples.len()).map_err(|_| Refused::Damaged)?;
    let output = resampler.process(&input, None).map_err(|_| Refused::Damaged)?;
    Ok(output.take_data())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_stops_where_it_has_worked_for_too_long() {
        let samples = RATE_MAX as usize * 5;
        let file = crate::audio::wav((0..samples).map(|n| (n % 99) as i16), RATE_MAX).expect("a file");
        assert_eq!(decode_within(file.clone(), 0.0), Err(Refused::TooMuchWork));
        let before = clock::worked_seconds();
        assert_eq!(decode_within(file.clone(), 0.000_5), Err(Refused::TooMuchWork));
        let stopped_after = clock::worked_seconds() - before;
        let before = clock::worked_seconds();
        assert_eq!(decode_within(file, WORK_SECONDS_MAX).map(|sound| sound.len()), Ok(RATE * 5));
        assert!(stopped_after < (clock::worked_seconds() - before) / 2.0, "it went on after it had enough");
    }
}
