//! Signatures of webhooks in the format of Standard Webhooks, so that receivers can use the libraries that are there.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{HeaderMap, HeaderValue};
use sha2::Sha256;

const PREFIX: &str = "whsec_";

/// A new secret, of 256 random bits.
pub fn new_secret() -> String {
    format!("{PREFIX}{}", BASE64_STANDARD.encode(rand::random::<[u8; 32]>()))
}

/// Whether anything can be signed with it.
pub fn is_secret(text: &str) -> bool {
    let key = text.strip_prefix(PREFIX).and_then(|key| BASE64_STANDARD.decode(key).ok());
    key.is_some_and(|key| (24..=64).contains(&key.len()))
}

/// What goes with `body`: an id that stays the same when it is sent again, the time of sending in Unix seconds, and one
/// signature for each secret.
pub fn headers<'a>(
    id: &str,
    timestamp: i64,
    body: &str,
    secrets: impl Iterator<Item = &'a str>,
) -> Option<HeaderMap> {
    let signatures: Option<Vec<String>> =
        secrets.map(|secret| sign(secret, &format!("{id}.{timestamp}.{body}"))).collect();
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", HeaderValue::from_str(id).ok()?);
    headers.insert("webhook-timestamp", HeaderValue::from(timestamp));
    headers.insert("webhook-signature", HeaderValue::from_str(&signatures?.join(" ")).ok()?);
    Some(headers)
}

fn sign(secret: &str, content: &str) -> Option<String> {
    let key = BASE64_STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(content.as_bytes());
    Some(format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification of Standard Webhooks.
    #[test]
    fn the_example_of_the_specification_comes_out_as_it_says() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let headers = headers(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
            [secret].into_iter(),
        );
        let headers = headers.unwrap();
        assert_eq!(headers["webhook-id"], "msg_p5jXN8AQM9LWM0D4loKWxJek");
        assert_eq!(headers["webhook-timestamp"], "1614265330");
        assert_eq!(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_long_enough_and_in_base64() {
        assert!(is_secret(&new_secret()) && is_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        for wrong in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_!!!!"] {
            assert!(!is_secret(wrong), "{wrong}");
        }
    }

    #[test]
    fn two_secrets_sign_both_and_no_two_secrets_are_alike() {
        let (one, two) = (new_secret(), new_secret());
        assert_ne!(one, two);
        let signature = |secrets: &[&str]| {
            let headers = headers("id", 1, "{}", secrets.iter().copied()).unwrap();
            headers["webhook-signature"].to_str().unwrap().to_owned()
        };
        assert_eq!(signature(&[&one, &two]), format!("{} {}", signature(&[&one]), signature(&[&two])));
    }
}
