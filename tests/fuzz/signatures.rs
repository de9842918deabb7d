//! The signature on a webhook, beside a second implementation of our own: forms decoded by hand, ring's HMAC.

use crate::{
    draw::Draw,
    webhooks::{decoded, encoded, form},
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::DateTime;
use ring::{
    hmac,
    signature::{Ed25519KeyPair, KeyPair},
};
use serde_json::json;
use strowger::{
    config,
    providers::{
        Request, Unsigned,
        twilio::{Dialect, Twilio},
    },
};

const TOKEN: &str = "hush Ä";
const UUID: &str = "01234567-89ab-cdef-0123-456789abcdef";
const URLS: [&str; 6] = [
    "https://calls.example.org",
    "https://Calls.Example.org:8443",
    "http://127.0.0.1:8080",
    "https://calls.example.org/prefix",
    "https://[2001:db8::1]",
    "https://[2001:db8::1]:8443/a",
];
const SENT: i64 = 1_700_000_000;

fn key_pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key")
}

fn account(dialect: Dialect) -> Twilio {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let public_key = BASE64_STANDARD.encode(key_pair().public_key());
    let settings = match dialect {
        Dialect::Twilio => {
            json!({ "kind": "twilio", "account_sid": format!("AC{:032}", 0), "auth_tokens": ["older", TOKEN],
                    "shared_keys": { "k1": TOKEN } })
        }
        Dialect::SignalWire => {
            json!({ "kind": "signalwire", "space": "example", "project": UUID, "signing_key": TOKEN })
        }
        Dialect::Somleng => {
            json!({ "kind": "somleng", "account_sid": UUID, "auth_token": TOKEN, "api_base": "https://x.example" })
        }
        Dialect::TeXml => json!({ "kind": "texml", "account_sid": UUID, "public_key": public_key }),
    };
    serde_json::from_value::<config::Provider>(settings).unwrap().account().unwrap()
}

/// What is signed of a form posted there.
fn message(dialect: Dialect, url: &str, body: &[u8]) -> Vec<u8> {
    let mut pairs = decoded(body);
    pairs.sort();
    if dialect != Dialect::Somleng {
        pairs.dedup();
    }
    let parameters: String = pairs.into_iter().map(|(name, value)| name + &value).collect();
    format!("{url}{parameters}").into_bytes()
}

fn signed(algorithm: hmac::Algorithm, message: &[u8]) -> String {
    let key = hmac::Key::new(algorithm, TOKEN.as_bytes());
    BASE64_STANDARD.encode(hmac::sign(&key, message))
}

fn verify(
    twilio: &Twilio,
    url: &str,
    target: &str,
    headers: &[(&'static str, &str)],
    body: &[u8],
) -> Result<(), Unsigned> {
    let header = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).expect("a value"))
    };
    let headers: HeaderMap = headers.iter().map(header).collect();
    let now = DateTime::from_timestamp(SENT, 0).expect("a time");
    twilio.verify(url, &Request { method: "POST", target, headers: &headers, body }, now)
}

#[test]
fn a_form_is_accepted_with_its_signature_and_refused_when_it_means_something_else() {
    let accounts = [Dialect::Twilio, Dialect::SignalWire, Dialect::Somleng].map(|one| (one, account(one)));
    fuzz!(10_000, 512, |draw: &mut Draw<'_>| {
        let (dialect, twilio) = &accounts[draw.below(3)];
        let url = draw.pick(&URLS);
        let pairs = form(draw, *dialect);
        let body = encoded(draw, &pairs);
        let body = if draw.chance(2) { draw.mutated(&body, 6) } else { body };
        let target = format!("/hooks/main/c/voice{}", draw.pick(&["", "?", "?a=%C3%A4+b&empty="]));
        let message = |body: &[u8]| message(*dialect, &format!("{url}{target}"), body);
        let shared = *dialect == Dialect::Twilio && draw.chance(2);
        let algorithm = if shared { hmac::HMAC_SHA256 } else { hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY };
        let signature = signed(algorithm, &message(&body));
        let name =
            if *dialect == Dialect::SignalWire { "x-signalwire-signature" } else { "x-twilio-signature" };
        let mut headers = vec![(name, signature.as_str())];
        if shared {
            headers.push(("x-twilio-webhooks-signature-settings", "key=k1,algorithm=HMAC_SHA256"));
        }
        assert_eq!(verify(twilio, url, &target, &headers, &body), Ok(()), "{}", body.escape_ascii());

        let other = draw.mutated(&body, 3);
        let same = message(&other) == message(&body);
        // SignalWire's parameters may also be signed in the order in which they came, which is another message.
        if !same {
            let said = verify(twilio, url, &target, &headers, &other);
            assert_eq!(said, Err(Unsigned::Wrong), "{} for {}", other.escape_ascii(), body.escape_ascii());
        }
        let wrong = draw.mutated_text(&signature, 2);
        if wrong != signature && HeaderValue::from_str(&wrong).is_ok() {
            headers[0].1 = &wrong;
            assert!(verify(twilio, url, &target, &headers, &body).is_err(), "{wrong:?} for {signature}");
        }
    });
}

#[test]
fn a_body_of_telnyx_is_accepted_as_it_was_signed_and_in_no_other_way() {
    let (twilio, key) = (account(Dialect::TeXml), key_pair());
    fuzz!(2_000, 256, |draw: &mut Draw<'_>| {
        let body = draw.bytes(200);
        let skew = i64::from(draw.number() % 700) - 350;
        let sent = (SENT + skew).to_string();
        let signature = BASE64_STANDARD.encode(key.sign(&[sent.as_bytes(), b"|", &body].concat()));
        let said = |sent: &str, signature: &str, body: &[u8]| {
            let headers = [("telnyx-signature-ed25519", signature), ("telnyx-timestamp", sent)];
            verify(&twilio, URLS[0], "/hooks/main/c/voice", &headers, body)
        };
        let expected = if skew.abs() <= 300 { Ok(()) } else { Err(Unsigned::OutOfTime) };
        assert_eq!(said(&sent, &signature, &body), expected);
        let other = draw.mutated(&body, 3);
        if other != body {
            assert_eq!(said(&sent, &signature, &other), Err(Unsigned::Wrong));
        }
        for other in [draw.mutated_text(&sent, 2), draw.mutated_text(&signature, 2)] {
            if HeaderValue::from_str(&other).is_ok() && other != sent && other != signature {
                assert_eq!(said(&other, &signature, &body), Err(Unsigned::Wrong));
                assert_eq!(said(&sent, &other, &body), Err(Unsigned::Wrong));
            }
        }
    });
}

#[test]
fn headers_and_addresses_may_be_anything() {
    let accounts = Dialect::ALL.map(account);
    let names = [
        "x-twilio-signature",
        "x-signalwire-signature",
        "x-twilio-webhooks-signature-settings",
        "content-type",
        "telnyx-signature-ed25519",
        "telnyx-timestamp",
    ];
    fuzz!(20_000, 256, |draw: &mut Draw<'_>| {
        let twilio = &accounts[draw.below(4)];
        let mut headers = HeaderMap::new();
        for _ in 0..draw.below(5) {
            let name = HeaderName::from_static(draw.pick(&names));
            let settings = "key=k1,algorithm=HMAC_SHA256";
            let value = match draw.below(3) {
                0 => draw.bytes(40),
                1 => {
                    let seed = draw.pick(&[settings, "application/json", "1700000000"]);
                    draw.mutated(seed.as_bytes(), 3)
                }
                _ => BASE64_STANDARD.encode(draw.bytes(64)).into_bytes(),
            };
            headers.extend(HeaderValue::from_bytes(&value).map(|value| (name, value)));
        }
        let (url, target, body) = (draw.text(6), draw.text(6), draw.bytes(60));
        let url = if draw.chance(2) { draw.pick(&URLS).to_owned() } else { url };
        let method = draw.pick(&["POST", "GET", "PUT", ""]);
        let request = Request { method, target: &target, headers: &headers, body: &body };
        let now = DateTime::from_timestamp(SENT, 0).expect("a time");
        assert!(twilio.verify(&url, &request, now).is_err(), "nobody signed this");
    });
}
