//! How loud it is, and making it as loud as everything else (call-rules: −23 dBov active level, peak below −6 dBFS).

use super::{RATE, amplitude, decibels};
use std::collections::VecDeque;

const LEVEL_DBOV: f64 = -23.0;
/// 1 dB to spare for what a telephone company's conversion adds.
const PEAK_DBFS: f64 = -7.0;
/// What is fainter than this is no sound.
const SILENCE_DBFS: f64 = -55.0;
/// The telephone's band begins at 300 Hz; what is far below only takes room.
const HIGH_PASS_HZ: f64 = 200.0;
/// How long before and after a peak it is turned down.
const LIMITER_SECONDS: f64 = 0.005;

pub(super) fn is_silent(samples: &[f32]) -> bool {
    f64::from(peak(samples)) < amplitude(SILENCE_DBFS)
}

pub(super) fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
}

/// Active speech level in dBov after ITU-T P.56, method B: an envelope with 30 ms, thresholds 6 dB apart, 200 ms of
/// hangover, a margin of 15.9 dB. 0 dBov is a square wave of full scale. `None`: nothing is active.
pub(super) fn active_level_dbov(samples: &[f32]) -> Option<f64> {
    const THRESHOLDS: usize = 16;
    const MARGIN_DB: f64 = 15.9;
    let keep = (-1.0 / (0.03 * RATE as f64)).exp();
    let hangover = RATE / 5;
    let threshold = |j: usize| 2_f64.powi(j as i32 - THRESHOLDS as i32);
    let (mut active, mut left) = ([0_u64; THRESHOLDS], [0_usize; THRESHOLDS]);
    let (mut p, mut q) = (0.0, 0.0);
    for sample in samples {
        p = keep * p + (1.0 - keep) * f64::from(sample.abs());
        q = keep * q + (1.0 - keep) * p;
        for j in 0..THRESHOLDS {
            left[j] = if q >= threshold(j) { hangover } else { left[j].saturating_sub(1) };
            active[j] += u64::from(left[j] > 0);
        }
    }
    let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    let mut before: Option<(f64, f64)> = None;
    for (j, active) in active.into_iter().enumerate().filter(|(_, active)| *active > 0) {
        let level = decibels(energy / active as f64);
        let excess = level - 20.0 * threshold(j).log10() - MARGIN_DB;
        if excess <= 0.0 {
            let Some((level_before, excess_before)) = before else { return Some(level) };
            let share = excess_before / (excess_before - excess);
            return Some(level_before + (level - level_before) * share);
        }
        before = Some((level, excess));
    }
    before.map(|(level, _)| level)
}

/// Brings the active level to −23 dBov. Peaks that would stand out are turned down softly, which takes a little from the
/// level, so it is done until both hold, or until more of it would only make it flat.
pub(super) fn bring_to_level(samples: &mut [f32]) {
    for _ in 0..10 {
        let Some(level) = active_level_dbov(samples) else { return };
        if (level - LEVEL_DBOV).abs() < 0.05 && f64::from(peak(samples)) <= amplitude(PEAK_DBFS) * 1.000_1 {
            return;
        }
        let gain = amplitude(LEVEL_DBOV - level) as f32;
        samples.iter_mut().for_each(|sample| *sample *= gain);
        limit(samples, amplitude(PEAK_DBFS) as f32);
    }
}

/// Turns peaks down to `ceiling`, and what lies around them with it: the gain changes smoothly, and is nowhere more than
/// a peak can bear.
fn limit(samples: &mut [f32], ceiling: f32) {
    if peak(samples) <= ceiling {
        return;
    }
    let reach = (LIMITER_SECONDS * RATE as f64) as usize;
    let needed: Vec<f32> = samples.iter().map(|sample| (ceiling / sample.abs()).min(1.0)).collect();
    let least = least_around(&needed, reach);
    let mut sum: f64 = (0..=reach).map(|n| f64::from(least.get(n).copied().unwrap_or(1.0))).sum();
    sum += reach as f64;
    let at = |n: Option<usize>| f64::from(n.and_then(|n| least.get(n)).copied().unwrap_or(1.0));
    for (n, sample) in samples.iter_mut().enumerate() {
        *sample *= (sum / (2 * reach + 1) as f64) as f32;
        *sample = sample.clamp(-ceiling, ceiling);
        sum += at(Some(n + reach + 1)) - at(n.checked_sub(reach));
    }
}

/// At each place the least value at most `reach` away.
fn least_around(values: &[f32], reach: usize) -> Vec<f32> {
    let mut least = Vec::with_capacity(values.len());
    // Places whose values rise: the first is the least of those in reach.
    let mut rising: VecDeque<usize> = VecDeque::new();
    let mut next = 0;
    for n in 0..values.len() {
        while next < values.len() && next <= n + reach {
            while rising.back().is_some_and(|last| values[*last] >= values[next]) {
                rising.pop_back();
            }
            rising.push_back(next);
            next += 1;
        }
        while rising.front().is_some_and(|first| first + reach < n) {
            rising.pop_front();
        }
        least.push(rising.front().map_or(1.0, |first| values[*first]));
    }
    least
}

/// Takes away what lies below the telephone's band, and any offset: a Butterworth filter of second order.
pub(super) fn high_pass(samples: &mut [f32]) {
    let turn = 2.0 * std::f64::consts::PI * HIGH_PASS_HZ / RATE as f64;
    let (alpha, cos) = (turn.sin() / std::f64::consts::SQRT_2, turn.cos());
    let a0 = 1.0 + alpha;
    let (b0, b1) = ((1.0 + cos) / 2.0 / a0, -(1.0 + cos) / a0);
    let (a1, a2) = (-2.0 * cos / a0, (1.0 - alpha) / a0);
    let (mut x1, mut x2, mut y1, mut y2) = (0.0, 0.0, 0.0, 0.0);
    for sample in samples {
        let x = f64::from(*sample);
        let y = b0 * x + b1 * x1 + b0 * x2 - a1 * y1 - a2 * y2;
        (x2, x1, y2, y1) = (x1, x, y1, y);
        *sample = y as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(amplitude: f32, hertz: f32, seconds: f32) -> Vec<f32> {
        let samples = 0..(seconds * RATE as f32) as usize;
        samples.map(|n| amplitude * (std::f32::consts::TAU * hertz * n as f32 / RATE as f32).sin()).collect()
    }

    #[test]
    fn the_level_is_that_of_the_time_in_which_somebody_speaks() {
        let sound = tone(0.5, 1000.0, 4.0);
        let level = active_level_dbov(&sound).expect("a level");
        assert!((level + 9.03).abs() < 0.2, "a sine of half of full scale has -9.03 dBov: {level}");
        let mut broken = sound.clone();
        broken.extend(vec![0.0; 8 * RATE]);
        broken.extend(sound);
        let level = active_level_dbov(&broken).expect("a level");
        assert!((level + 9.03).abs() < 0.4, "eight seconds of pause do not count: {level}");
        assert_eq!(active_level_dbov(&[0.0; 800]), None);
    }

    #[test]
    fn loud_and_faint_sounds_come_out_alike_and_no_peak_stands_out() {
        for loudness in [0.01, 0.3, 1.0, 3.0] {
            let mut sound = tone(loudness, 700.0, 2.0);
            for n in (0..sound.len()).step_by(1_600) {
                sound[n] = 3.0 * loudness;
            }
            bring_to_level(&mut sound);
            let level = active_level_dbov(&sound).expect("a level");
            assert!((level + 23.0).abs() < 0.1, "{loudness}: {level}");
            assert!(f64::from(peak(&sound)) < amplitude(-6.5), "{loudness}: {}", peak(&sound));
        }
    }

    #[test]
    fn what_is_below_the_band_is_taken_away_and_what_is_in_it_stays() {
        for (hertz, expected) in
            [(20.0, 0.0..0.02), (50.0, 0.0..0.1), (400.0, 0.9..1.02), (3000.0, 0.98..1.02)]
        {
            let mut sound = tone(1.0, hertz, 1.0);
            sound.iter_mut().for_each(|sample| *sample += 0.5);
            high_pass(&mut sound);
            let left = peak(&sound[RATE / 2..]);
            assert!(expected.contains(&left), "{hertz} Hz: {left}");
        }
    }

    #[test]
    fn the_least_around_is_found() {
        let values = [5.0, 4.0, 9.0, 8.0, 7.0, 1.0, 6.0];
        assert_eq!(least_around(&values, 1), [4.0, 4.0, 4.0, 7.0, 1.0, 1.0, 1.0]);
    }
}
