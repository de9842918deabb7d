//! Telnyx's signature on a webhook: Ed25519 over its time and the raw body. The address is not signed.

use super::{Request, Unsigned};
use axum::http::HeaderMap;
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use ring::signature::{ED25519, UnparsedPublicKey};

const SIGNATURE: &str = "telnyx-signature-ed25519";
const TIMESTAMP: &str = "telnyx-timestamp";
/// How far the time of a webhook may be from ours, to either side.
const SKEW_SECONDS_MAX: u64 = 300;

#[derive(Debug)]
pub(super) struct PublicKey([u8; 32]);

impl PublicKey {
    /// From base64; `None`: that is no key.
    pub fn read(text: &str) -> Option<Self> {
        Some(Self(BASE64_STANDARD.decode(text.trim()).ok()?.try_into().ok()?))
    }

    pub fn verify(&self, request: &Request<'_>, now: DateTime<Utc>) -> Result<(), Unsigned> {
        let signature = header(request.headers, SIGNATURE)?;
        let timestamp = header(request.headers, TIMESTAMP)?;
        let signature: [u8; 64] = BASE64_STANDARD
            .decode(signature)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(Unsigned::Wrong)?;
        let sent = seconds(timestamp).ok_or(Unsigned::Wrong)?;
        let message = [timestamp.as_bytes(), b"|", request.body].concat();
        let key = UnparsedPublicKey::new(&ED25519, self.0);
        key.verify(&message, &signature).map_err(|_| Unsigned::Wrong)?;
        // Said only of what Telnyx did sign: then it is a clock that is wrong, or somebody repeats an old webhook.
        if now.timestamp().abs_diff(sent) > SKEW_SECONDS_MAX { Err(Unsigned::OutOfTime) } else { Ok(()) }
    }
}

/// When it was sent, as it says.
pub(super) fn timestamp(headers: &HeaderMap) -> Option<&str> {
    header(headers, TIMESTAMP).ok()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Unsigned> {
    let value = headers.get(name).ok_or(Unsigned::Missing)?;
    value.to_str().map_err(|_| Unsigned::Wrong)
}

/// Unix time in digits, and nothing else.
fn seconds(text: &str) -> Option<i64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key pair of Telnyx's own tests, and what its library signs with it.
    const KEY: &str = "+7E99DXiiQXvceNX4nHm3Lbm5mqPWad5RhDr2ufuCik=";
    const SENT: &str = "1700000000";
    const BODY: &str = r#"{"data":{"event_type":"message.received","id":"test-123"}}"#;
    const SIGNED: &str =
        "tMXRZyBL2gkwrgKp6CTDXTO/K+DVq0ZKEFB3tSdfBwqZGC3K/Hr7TCW+jY7RdWrAiKXEckI3tsHEpdz7lS/MDA==";

    fn verify(
        timestamp: Option<&str>,
        signature: Option<&str>,
        body: &str,
        now: i64,
    ) -> Result<(), Unsigned> {
        let mut headers = HeaderMap::new();
        for (name, value) in [(TIMESTAMP, timestamp), (SIGNATURE, signature)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        let request = Request { method: "POST", target: "/", headers: &headers, body: body.as_bytes() };
        PublicKey::read(KEY).unwrap().verify(&request, DateTime::from_timestamp(now, 0).unwrap())
    }

    #[test]
    fn what_telnyx_signs_is_accepted_for_five_minutes() {
        for (now, expected) in [
            (1_700_000_010, Ok(())),
            (1_700_000_300, Ok(())),
            (1_699_999_700, Ok(())),
            (1_700_000_301, Err(Unsigned::OutOfTime)),
            (1_699_999_699, Err(Unsigned::OutOfTime)),
        ] {
            assert_eq!(verify(Some(SENT), Some(SIGNED), BODY, now), expected, "{now}");
        }
    }

    #[test]
    fn what_is_missing_or_has_another_form_is_refused() {
        let other_body = BODY.replace("received", "sent");
        let zeros = BASE64_STANDARD.encode([0; 64]);
        let long = BASE64_STANDARD.encode([0; 65]);
        for (timestamp, signature, body, expected) in [
            (Some(SENT), None, BODY, Unsigned::Missing),
            (None, Some(SIGNED), BODY, Unsigned::Missing),
            (Some(SENT), Some(SIGNED), other_body.as_str(), Unsigned::Wrong),
            (Some("1700000001"), Some(SIGNED), BODY, Unsigned::Wrong),
            (Some("not-a-number"), Some(SIGNED), BODY, Unsigned::Wrong),
            (Some("1700000000.0"), Some(SIGNED), BODY, Unsigned::Wrong),
            (Some("+1700000000"), Some(SIGNED), BODY, Unsigned::Wrong),
            (Some("-1"), Some(SIGNED), BODY, Unsigned::Wrong),
            (Some(""), Some(SIGNED), BODY, Unsigned::Wrong),
            (Some("99999999999999999999"), Some(SIGNED), BODY, Unsigned::Wrong),
            (Some(SENT), Some("dGVzdA=="), BODY, Unsigned::Wrong),
            (Some(SENT), Some("not-valid-base64!!!"), BODY, Unsigned::Wrong),
            (Some(SENT), Some(""), BODY, Unsigned::Wrong),
            (Some(SENT), Some(zeros.as_str()), BODY, Unsigned::Wrong),
            (Some(SENT), Some(long.as_str()), BODY, Unsigned::Wrong),
        ] {
            let refused = verify(timestamp, signature, body, 1_700_000_010);
            assert_eq!(refused, Err(expected), "{timestamp:?} {signature:?} {body}");
        }
    }

    #[test]
    fn a_key_has_32_bytes() {
        for text in ["", "AAAA", "+7E99", "not base64", &KEY[..43], &BASE64_STANDARD.encode([1; 33])] {
            assert!(PublicKey::read(text).is_none(), "{text:?}");
        }
    }
}
