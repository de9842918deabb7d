//! One-time codes by the time of day (RFC 6238): SHA-1, six digits, a new one every 30 s, as every authenticator app has them.

use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use sha1::Sha1;
use subtle::ConstantTimeEq;

const STEP_SECONDS: i64 = 30;
/// How many steps the clock of a device may be wrong.
const DRIFT: i64 = 1;
const RECOVERY_CODES: usize = 10;

/// A new secret of 160 bits, in base32.
pub fn new_secret() -> String {
    BASE32_NOPAD.encode(&rand::rng().random::<[u8; 20]>())
}

/// The step whose code this is, if it is near now and later than the last one that was used.
pub fn step_of(code: &str, secret: &str, now: DateTime<Utc>, last: i64) -> Option<i64> {
    let key = BASE32_NOPAD.decode(secret.as_bytes()).ok()?;
    let here = now.timestamp().div_euclid(STEP_SECONDS);
    let mut near = (here - DRIFT..=here + DRIFT).filter(|step| *step > last);
    near.find(|step| code_of(&key, *step).as_bytes().ct_eq(code.as_bytes()).into())
}

fn code_of(key: &[u8], step: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("a key of any length will do");
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    let number = u32::from_be_bytes([hash[at] & 127, hash[at + 1], hash[at + 2], hash[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

/// What authenticator apps read from a picture.
pub fn address(secret: &str, account: &str) -> String {
    let account: String = account.bytes().map(escaped).collect();
    format!(
        "otpauth://totp/Strowger:{account}?secret={secret}&issuer=Strowger&algorithm=SHA1&digits=6&period=30"
    )
}

fn escaped(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}

/// Codes of 80 bits for whoever loses the device.
pub fn recovery_codes() -> Vec<String> {
    let code = |_| {
        let code = BASE32_NOPAD.encode(&rand::rng().random::<[u8; 10]>());
        [&code[..4], &code[4..8], &code[8..12], &code[12..]].join("-")
    };
    (0..RECOVERY_CODES).map(code).collect()
}

/// A code as it counts, however it was typed.
pub fn plain(typed: &str) -> String {
    typed.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, for SHA-1. It has eight digits; six are the last of them.
    const VECTORS: [(i64, &str); 6] = [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ];

    fn secret() -> String {
        BASE32_NOPAD.encode(b"12345678901234567890")
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("an instant")
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, digits) in VECTORS {
            let step = step_of(&digits[2..], &secret(), at(seconds), 0);
            assert_eq!(step, Some(seconds / 30), "{seconds}");
            let wrong = format!("{:06}", (digits[2..].parse::<u32>().expect("digits") + 1) % 1_000_000);
            assert_eq!(step_of(&wrong, &secret(), at(seconds), 0), None, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_for_one_step_more_or_less_and_once() {
        let (seconds, code) = (1_111_111_109, "081804");
        let taken = |by: i64, last| step_of(code, &secret(), at(seconds + by), last).is_some();
        let step = seconds / 30;
        assert!(taken(0, step - 1) && !taken(0, step) && !taken(0, step + 1));
        assert!(taken(30, 0) && taken(-30, 0));
        assert!(!taken(60, 0) && !taken(-60, 0));
    }

    #[test]
    fn what_is_no_code_and_what_is_no_secret_are_refused() {
        for typed in ["", "0", "0818040", "08180٤", "081804 "] {
            assert_eq!(step_of(typed, &secret(), at(1_111_111_109), 0), None, "{typed}");
        }
        assert_eq!(step_of("081804", "not base32!", at(1_111_111_109), 0), None);
    }

    #[test]
    fn an_app_is_told_the_secret_and_whose_it_is() {
        assert_eq!(
            address("ABC", "zoë+1@example.org"),
            "otpauth://totp/Strowger:zo%C3%AB%2B1%40example.org?secret=ABC&issuer=Strowger&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn secrets_and_recovery_codes_are_long_and_never_the_same() {
        assert_eq!(new_secret().len(), 32);
        assert_ne!(new_secret(), new_secret());
        let codes: std::collections::BTreeSet<_> = recovery_codes().into_iter().collect();
        assert_eq!(codes.len(), 10);
        for code in codes {
            assert_eq!((code.len(), plain(&code.to_lowercase()).len()), (19, 16), "{code}");
        }
    }
}
