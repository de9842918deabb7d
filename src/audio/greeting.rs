//! The whole way of an upload: any sound file within the limits becomes a message as callers hear them.

use super::{
    RATE,
    decode::{Refused, decode},
    level::{bring_to_level, high_pass, is_silent, peak},
    sha256, wav,
};

/// Telephones swallow the first moment of what they hear.
const LEAD_IN_SECONDS: f64 = 0.4;
const LEAD_OUT_SECONDS: f64 = 0.2;
const FADE_SECONDS: f64 = 0.01;

/// A message, ready to be served.
#[derive(Debug, Clone)]
pub struct Converted {
    pub wav: Vec<u8>,
    pub sha256: String,
    pub length_ms: u32,
}

/// Decodes, mixes, brings to 8 kHz and to level, puts silence before it. Takes seconds of processor time at worst.
pub fn convert(file: Vec<u8>) -> Result<Converted, Refused> {
    let mut samples = decode(file)?;
    high_pass(&mut samples);
    if is_silent(&samples) {
        return Err(Refused::Silent);
    }
    trim(&mut samples);
    bring_to_level(&mut samples);
    // Of a few samples the fades leave nothing.
    if is_silent(&samples) {
        return Err(Refused::Silent);
    }
    let silence = |seconds: f64| std::iter::repeat_n(0, in_samples(seconds));
    let sound = samples.iter().map(|sample| (sample * 32_768.0).round() as i16);
    let whole = silence(LEAD_IN_SECONDS).chain(sound).chain(silence(LEAD_OUT_SECONDS));
    let wav = wav(whole, RATE as u32).map_err(|_| Refused::Damaged)?;
    Ok(Converted { sha256: sha256(&wav), length_ms: length_ms(&wav), wav })
}

/// How long one of our own files lasts: a header of 44 bytes, then 16 samples of 2 bytes in a millisecond.
pub fn length_ms(wav: &[u8]) -> u32 {
    u32::try_from(wav.len().saturating_sub(44) / 2 * 1_000 / RATE).unwrap_or(u32::MAX)
}

/// Without the file's own silence before and after, faded in and out just outside the first and the last sound.
fn trim(samples: &mut Vec<f32>) {
    let quiet = peak(samples) / 100.0;
    let is_sound = |sample: &f32| sample.abs() > quiet;
    let fade = in_samples(FADE_SECONDS);
    let first = samples.iter().position(is_sound).unwrap_or(0).saturating_sub(fade);
    let last = samples.iter().rposition(is_sound).unwrap_or(0) + fade;
    samples.truncate(last + 1);
    samples.drain(..first);
    let length = samples.len();
    for n in 0..fade.min(length / 2) {
        let gain = n as f32 / fade as f32;
        samples[n] *= gain;
        samples[length - 1 - n] *= gain;
    }
}

fn in_samples(seconds: f64) -> usize {
    (seconds * RATE as f64).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
    use std::io::Cursor;

    /// A WAV file of this tone in every channel, after a second of silence.
    fn file(rate: u32, channels: u16, seconds: f64, loudness: f64) -> Vec<u8> {
        let spec =
            WavSpec { channels, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
        let mut file = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut file, spec).expect("a file");
        for n in 0..((1.0 + seconds) * f64::from(rate)) as u32 {
            let at = f64::from(n) / f64::from(rate);
            let sample = if at < 1.0 { 0.0 } else { (at * 440.0 * std::f64::consts::TAU).sin() * loudness };
            (0..channels).for_each(|_| writer.write_sample((sample * 32_767.0) as i16).expect("a sample"));
        }
        writer.finalize().expect("the end");
        file.into_inner()
    }

    fn samples(wav: &[u8]) -> Vec<i16> {
        let mut reader = WavReader::new(wav).expect("a WAV file");
        let spec = reader.spec();
        assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (1, 8_000, 16));
        reader.samples::<i16>().map(|sample| sample.expect("a sample")).collect()
    }

    #[test]
    fn whatever_rate_and_channels_a_file_has_it_comes_out_the_same() {
        for (rate, channels) in [
            (8_000, 1),
            (8_000, 2),
            (11_025, 1),
            (16_000, 2),
            (44_100, 2),
            (48_000, 1),
            (44_101, 1),
            (192_000, 2),
        ] {
            let converted = convert(file(rate, channels, 2.0, 0.1)).expect("good");
            let heard = samples(&converted.wav);
            let about = 0.4 + 2.0 + 0.2 + 0.01;
            let seconds = heard.len() as f64 / 8_000.0;
            assert!((seconds - about).abs() < 0.03, "{rate} Hz: {seconds} s");
            assert_eq!(converted.length_ms, (seconds * 1_000.0) as u32);
            assert!(heard[..3_200].iter().all(|sample| *sample == 0), "{rate} Hz: 400 ms of lead-in");
            let middle = &heard[8_000..16_000];
            let crossings = middle.windows(2).filter(|two| two[0] < 0 && two[1] >= 0).count();
            assert!((439..=441).contains(&crossings), "{rate} Hz: a tone of {crossings} Hz");
            let peak = middle.iter().map(|sample| sample.abs()).max().expect("samples");
            let expected = (32_768.0 * 10_f64.powf(-23.0 / 20.0) * std::f64::consts::SQRT_2) as i16;
            assert!((peak - expected).abs() < expected / 10, "{rate} Hz: a peak of {peak}, not {expected}");
        }
    }

    #[test]
    fn what_is_no_sound_or_too_much_of_it_is_refused_with_the_reason() {
        let mut claims = file(8_000, 1, 1.0, 0.5);
        claims[4..8].copy_from_slice(&0x7fff_fff0_u32.to_le_bytes());
        claims[40..44].copy_from_slice(&0x7fff_ff00_u32.to_le_bytes());
        let mut opus = b"OggS\0\x02".to_vec();
        opus.extend([0; 22]);
        opus.extend(b"OpusHead\x01\x02");
        let table = [
            (b"".to_vec(), Refused::NotAudio),
            (b"%PDF-1.7 is not a sound".to_vec(), Refused::NotAudio),
            (vec![0; 4_096], Refused::NotAudio),
            (b"RIFF\0\0\0\0WAVE".to_vec(), Refused::Damaged),
            (b"ID3 but nothing more".to_vec(), Refused::Damaged),
            (opus, Refused::Opus),
            (file(8_000, 3, 1.0, 0.5), Refused::TooManyChannels { channels: 3 }),
            (file(2_000, 1, 1.0, 0.5), Refused::Rate { rate: 2_000 }),
            (file(384_000, 1, 0.1, 0.5), Refused::Rate { rate: 384_000 }),
            (file(8_000, 1, 300.0, 0.5), Refused::ClaimsTooLong { seconds: 301 }),
            (claims, Refused::ClaimsTooLong { seconds: 134_217 }),
            (file(8_000, 1, 1.0, 0.0), Refused::Silent),
            (file(8_000, 1, 1.0, 0.000_5), Refused::Silent),
        ];
        for (bytes, expected) in table {
            let head = String::from_utf8_lossy(&bytes[..bytes.len().min(44)]).into_owned();
            assert_eq!(convert(bytes).expect_err(&head), expected, "{head:?}");
        }
    }

    /// symphonia 0.6 breaks here: its arithmetic on the channels overflows.
    #[test]
    fn a_file_that_breaks_its_decoder_is_refused() {
        let spec = WavSpec {
            channels: 1,
            sample_rate: 8_000,
            bits_per_sample: 24,
            sample_format: SampleFormat::Int,
        };
        let mut file = Cursor::new(Vec::new());
        WavWriter::new(&mut file, spec).and_then(WavWriter::finalize).expect("a file");
        let mut many_channels = file.into_inner();
        assert_eq!(many_channels[20..22], [0xfe, 0xff], "the format that says where its channels are");
        many_channels[22..24].copy_from_slice(&0x7fff_u16.to_le_bytes());
        many_channels[32..34].copy_from_slice(&(3 * 0x7fff_u32).to_le_bytes()[..2]);
        let refused = convert(many_channels).expect_err("refused");
        assert!(matches!(refused, Refused::Damaged | Refused::TooManyChannels { .. }), "{refused:?}");
    }

    #[test]
    fn a_file_of_two_samples_is_no_message_of_silence() {
        let two = wav([16_000, -16_000].into_iter(), 8_000).expect("a file");
        assert_eq!(convert(two).expect_err("nothing is left"), Refused::Silent);
    }

    #[test]
    fn a_file_that_is_cut_off_is_heard_as_far_as_it_goes() {
        let mut cut = file(8_000, 1, 4.0, 0.5);
        cut.truncate(44 + 2 * 3 * 8_000);
        let converted = convert(cut).expect("good");
        assert!((2_500..2_700).contains(&converted.length_ms), "{}", converted.length_ms);
    }
}
