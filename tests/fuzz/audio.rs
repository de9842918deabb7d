//! Sound files that were damaged on their way, or made to do harm: WAV, MP3 and Ogg Vorbis with changes in them.

use crate::draw::Draw;
use strowger::audio::{SECONDS_MAX, convert, length_ms, seconds, trimmed};

/// A quarter of a second of a tone, or less, made by sox.
const SEEDS: [&[u8]; 6] = [
    include_bytes!("seeds/tone.wav"),
    include_bytes!("seeds/stereo.wav"),
    include_bytes!("seeds/law.wav"),
    include_bytes!("seeds/float.wav"),
    include_bytes!("seeds/tone.mp3"),
    include_bytes!("seeds/tone.ogg"),
];
/// −7 dBFS.
const PEAK_MAX: f64 = 32_768.0 * 0.446_7;

/// Changes to anything, but mostly to its head, where the numbers are.
fn file(draw: &mut Draw<'_>) -> Vec<u8> {
    let seed = *draw.pick(&[&SEEDS[0], &SEEDS[1], &SEEDS[2], &SEEDS[3], &SEEDS[4], &SEEDS[5]]);
    let head = seed.len().min(128);
    let mut bytes = seed.to_vec();
    for _ in 0..draw.below(4) {
        let at = draw.below(head);
        let edge = [0, 0xff, 0x7f, 0x80, 1, draw.byte()][draw.below(6)];
        let length = [1, 2, 4][draw.below(3)];
        bytes.iter_mut().skip(at).take(length).for_each(|byte| *byte = edge);
    }
    if draw.chance(2) { draw.mutated(&bytes, 6) } else { bytes }
}

fn check_message(wav: &[u8]) {
    let field = |at: usize| u32::from_le_bytes(wav[at..at + 4].try_into().expect("four bytes"));
    assert_eq!((&wav[..4], &wav[8..16], &wav[36..40]), (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..]));
    assert_eq!(field(20), 1 | 1 << 16, "PCM, one channel");
    assert_eq!((field(24), field(28), field(32)), (8_000, 16_000, 2 | 16 << 16), "8 kHz, 16 bit");
    assert_eq!((field(4) as usize, field(40) as usize), (wav.len() - 8, wav.len() - 44));
    assert!(length_ms(wav) <= (SECONDS_MAX + 2) * 1_000, "{} ms", length_ms(wav));
    let samples = wav[44..].chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]]));
    let peak = samples.map(i16::unsigned_abs).max().expect("samples");
    assert!(peak > 0 && f64::from(peak) <= PEAK_MAX + 2.0, "a peak of {peak}");
}

#[test]
fn a_sound_file_becomes_a_message_as_all_are_or_is_refused() {
    for seed in SEEDS {
        check_message(&convert(seed.to_vec()).expect("a good file").wav);
    }
    fuzz!(1_000, 64, |draw: &mut Draw<'_>| {
        if let Ok(message) = convert(file(draw)) {
            check_message(&message.wav);
            assert_eq!(message.length_ms, length_ms(&message.wav));
        }
    });
}

#[test]
fn a_recording_that_is_damaged_is_measured_and_cut_or_left_alone() {
    let mut long = SEEDS[0][..44].to_vec();
    let tone = (0..16_000_u32).map(|n| if (8_000..10_000).contains(&n) { (n % 20) as i16 * 900 } else { 0 });
    long.extend(tone.flat_map(i16::to_le_bytes));
    for at in [4, 40] {
        let length = (long.len() - at - 4) as u32;
        long[at..at + 4].copy_from_slice(&length.to_le_bytes());
    }
    assert!(trimmed(&long).is_some(), "there is something to cut");
    fuzz!(1_000, 64, |draw: &mut Draw<'_>| {
        let mut bytes = if draw.chance(4) { file(draw) } else { long.clone() };
        let head = bytes.len().min(44);
        for _ in 0..draw.below(4) {
            let at = draw.below(head.max(1));
            let edge = [0, 0xff, 0x7f, 0x80, 1, draw.byte()][draw.below(6)];
            bytes.iter_mut().skip(at).take(1 + draw.below(4)).for_each(|byte| *byte = edge);
        }
        assert!(seconds(&bytes).is_none_or(|seconds| seconds >= 0.0 && seconds.is_finite()));
        if let Some(cut) = trimmed(&bytes) {
            assert!(cut.len() < bytes.len(), "{} of {}", cut.len(), bytes.len());
        }
    });
}
