//! Twilio's signature on a webhook: an HMAC over the public address and, for a form, its sorted parameters.
//! The rules are those of Twilio's own validators; where these disagree, the plain text of the documentation.
//! SignalWire and Somleng sign alike, but for the header and for parameters that are repeated.

use super::{Dialect, Request, Secret, Unsigned};
use axum::http::{HeaderMap, header::CONTENT_TYPE};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::{borrow::Cow, collections::BTreeMap, fmt};
use subtle::ConstantTimeEq;

const SIGNATURE: &str = "x-twilio-signature";
const SIGNALWIRE: &str = "x-signalwire-signature";
/// Comes with webhooks that are signed with a shared key: `key=…,algorithm=…`.
const SETTINGS: &str = "x-twilio-webhooks-signature-settings";

/// The secrets that webhooks may be signed with, ready for use.
pub(super) struct Keys {
    dialect: Dialect,
    tokens: Vec<Hmac<Sha1>>,
    shared: BTreeMap<String, SharedKey>,
    shared_only: bool,
}

struct SharedKey {
    sha1: Hmac<Sha1>,
    sha256: Hmac<Sha256>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&String> = self.shared.keys().collect();
        f.debug_struct("Keys")
            .field("tokens", &self.tokens.len())
            .field("shared", &ids)
            .finish_non_exhaustive()
    }
}

impl Keys {
    pub fn new(tokens: &[&Secret], shared: &BTreeMap<String, Secret>, shared_only: bool) -> Self {
        let shared_key = |secret| SharedKey { sha1: keyed(secret), sha256: keyed(secret) };
        Self {
            dialect: Dialect::Twilio,
            tokens: tokens.iter().map(|token| keyed(token)).collect(),
            shared: shared.iter().map(|(id, secret)| (id.clone(), shared_key(secret))).collect(),
            shared_only,
        }
    }

    /// Of a company that knows nothing but tokens.
    pub fn of(dialect: Dialect, tokens: &[&Secret]) -> Self {
        Self { dialect, ..Self::new(tokens, &BTreeMap::new(), false) }
    }

    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty() && self.shared.is_empty()
    }

    pub fn verify(&self, public_url: &str, request: &Request<'_>) -> Result<(), Unsigned> {
        if self.is_empty() {
            return Err(Unsigned::NoSecret);
        }
        let signature = self.signature(request.headers).ok_or(Unsigned::Missing)?;
        let signature = BASE64_STANDARD.decode(signature).map_err(|_| Unsigned::Wrong)?;
        let signed = Signed::of(self.dialect, public_url, request)?;

        let settings = header(request.headers, SETTINGS).filter(|text| !text.trim().is_empty());
        let Some(settings) = settings.filter(|_| self.dialect == Dialect::Twilio) else {
            if self.shared_only || self.tokens.is_empty() {
                return Err(Unsigned::Downgraded);
            }
            let matches = self.tokens.iter().any(|token| signed.matches(token, &signature));
            return matches.then_some(()).ok_or(Unsigned::Wrong);
        };
        let key = setting(settings, "key").and_then(|id| self.shared.get(id)).ok_or(Unsigned::UnknownKey)?;
        let matches = match setting(settings, "algorithm") {
            None => signed.matches(&key.sha1, &signature),
            Some(name) if name.eq_ignore_ascii_case("HMAC_SHA1") => signed.matches(&key.sha1, &signature),
            Some(name) if name.eq_ignore_ascii_case("HMAC_SHA256") => signed.matches(&key.sha256, &signature),
            Some(_) => return Err(Unsigned::UnknownAlgorithm),
        };
        matches.then_some(()).ok_or(Unsigned::Wrong)
    }

    fn signature<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let own = if self.dialect == Dialect::SignalWire { header(headers, SIGNALWIRE) } else { None };
        own.or_else(|| header(headers, SIGNATURE))
    }
}

fn keyed<M: KeyInit>(secret: &Secret) -> M {
    M::new_from_slice(secret.0.as_bytes()).expect("HMAC takes keys of any length")
}

/// A value that is no text is one that fits nothing, rather than none.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    Some(headers.get(name)?.to_str().unwrap_or("?"))
}

/// The first value of that name which is not empty, as Twilio's own libraries read it.
fn setting<'a>(settings: &'a str, name: &str) -> Option<&'a str> {
    let pairs = settings.split(',').filter_map(|part| part.split_once('='));
    pairs.filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim()).find(|value| !value.is_empty())
}

/// What is signed: the address, in pieces so that its port can be put in or left out, and the parameters.
struct Signed<'a> {
    /// Scheme and host.
    origin: &'a str,
    /// With its colon; empty if the address names none.
    port: &'a str,
    default_port: &'static str,
    /// The path of the public URL, if it has one, then path and query as they came.
    path: [&'a str; 2],
    /// In each of the orders in which they may have been signed.
    parameters: Vec<Parameters<'a>>,
}

type Parameters<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

impl<'a> Signed<'a> {
    fn of(dialect: Dialect, public_url: &'a str, request: &Request<'a>) -> Result<Self, Unsigned> {
        // What doesn't start a path would change the host.
        if !request.target.starts_with('/') {
            return Err(Unsigned::Wrong);
        }
        let (origin, port, path) = split(public_url);
        let https = public_url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
        Ok(Self {
            origin,
            port,
            default_port: if https { ":443" } else { ":80" },
            path: [path, request.target],
            parameters: parameters(dialect, request)?,
        })
    }

    /// Twilio signs some addresses with a port and some without, whatever the address says.
    fn matches<M: Mac + Clone>(&self, key: &M, signature: &[u8]) -> bool {
        let with_port = if self.port.is_empty() { self.default_port } else { self.port };
        let fits = |port, parameters| self.mac(key.clone(), port, parameters).verify_slice(signature).is_ok();
        ["", with_port].iter().any(|port| self.parameters.iter().any(|parameters| fits(port, parameters)))
    }

    fn mac<M: Mac>(&self, mut mac: M, port: &str, parameters: &Parameters<'a>) -> M {
        for piece in [self.origin, port, self.path[0], self.path[1]] {
            mac.update(piece.as_bytes());
        }
        for (name, value) in parameters {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
        mac
    }
}

/// Scheme and host, port with its colon, path. A library would fold case and re-encode, and break the signature.
fn split(url: &str) -> (&str, &str, &str) {
    let host_at = url.find("://").map_or(0, |at| at + 3);
    let path_at = url[host_at..].find(['/', '?', '#']).map_or(url.len(), |at| host_at + at);
    let port_at = match url[host_at..path_at].rsplit_once(':') {
        Some((_, port)) if port.bytes().all(|b| b.is_ascii_digit()) => path_at - port.len() - 1,
        _ => path_at,
    };
    (&url[..port_at], &url[port_at..path_at], &url[path_at..])
}

/// The parameters that are signed besides the address: those of a form, sorted. Each company does something else with
/// names that are repeated: Twilio signs distinct values, SignalWire also all of them as they came, Somleng all sorted.
fn parameters<'a>(dialect: Dialect, request: &Request<'a>) -> Result<Vec<Parameters<'a>>, Unsigned> {
    if request.method == "GET" {
        return Ok(vec![Vec::new()]);
    }
    if is_json(request.headers) {
        return check_body(request).map(|()| vec![Vec::new()]);
    }
    let submitted: Parameters<'a> = form_urlencoded::parse(request.body).collect();
    let mut sorted = submitted.clone();
    sorted.sort_unstable();
    Ok(match dialect {
        Dialect::Somleng => vec![sorted],
        Dialect::Twilio | Dialect::TeXml => vec![distinct(sorted)],
        Dialect::SignalWire => {
            let mut by_name = submitted;
            by_name.sort_by(|(one, _), (other, _)| one.cmp(other));
            vec![distinct(sorted), by_name]
        }
    })
}

fn distinct(mut sorted: Parameters<'_>) -> Parameters<'_> {
    sorted.dedup();
    sorted
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()) else { return false };
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Of a body that is no form only the hash is signed, being part of the address.
fn check_body(request: &Request<'_>) -> Result<(), Unsigned> {
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let (_, promised) = pairs.find(|(name, _)| name == "bodySHA256").ok_or(Unsigned::WrongBody)?;
    let hash: String = Sha256::digest(request.body).iter().map(|byte| format!("{byte:02x}")).collect();
    bool::from(hash.as_bytes().ct_eq(promised.as_bytes())).then_some(()).ok_or(Unsigned::WrongBody)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &str =
        "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";
    const VOICE: &str = "/hooks/a/b/voice";
    const ORG: &str = "https://calls.example.org";

    fn keys(tokens: &[&str], shared: &[(&str, &str)], shared_only: bool) -> Keys {
        let tokens: Vec<Secret> = tokens.iter().map(|token| Secret((*token).into())).collect();
        let shared = shared.iter().map(|(id, secret)| ((*id).into(), Secret((*secret).into()))).collect();
        Keys::new(&tokens.iter().collect::<Vec<_>>(), &shared, shared_only)
    }

    fn verify(
        keys: &Keys,
        url: &str,
        request: (&str, &str, &str),
        headers: &[(&str, &str)],
    ) -> Result<(), Unsigned> {
        let (method, target, body) = request;
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            map.insert(name, value.parse().unwrap());
        }
        keys.verify(url, &Request { method, target, headers: &map, body: body.as_bytes() })
    }

    /// A form, signed with the account's token `12345`.
    fn form(url: &str, target: &str, body: &str, signature: &str) -> Result<(), Unsigned> {
        verify(&keys(&["12345"], &[], false), url, ("POST", target, body), &[(SIGNATURE, signature)])
    }

    #[test]
    fn the_documented_signatures_are_accepted() {
        let (url, target) = ("https://mycompany.com", "/myapp.php?foo=1&bar=2");
        assert_eq!(form(url, target, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="), Ok(()));
        let repeated = "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234";
        assert_eq!(form(url, target, repeated, "IK+Dwps556ElfBT0I3Rgjkr1wJU="), Ok(()));
    }

    #[test]
    fn the_port_may_be_signed_or_not_whatever_the_public_url_says() {
        for (url, signature) in [
            (ORG, "w9jdVVCEZjG3NLH8mhnPEph9XjA="),
            (ORG, "P8fVQxj+Xv7OGbAQks6IhNaTPJ0="), // :443
            ("https://calls.example.org:8443", "7kR3NJaHS3gAc3COtrWbHyOqkPk="),
            ("https://calls.example.org:8443", "w9jdVVCEZjG3NLH8mhnPEph9XjA="), // without
            ("http://calls.example.org", "5IgpI9+77t4MuqbpsZ05EalS/fk="),       // :80
            ("https://calls.example.org/prefix", "RJs5qZZunD7KVMN3PkQjKc4Yq6Q="),
            ("https://[2001:db8::1]", "/+l8yxWtW7wLHFJ6tUFdk9HZw7w="),
            ("https://[2001:db8::1]:8443", "5eWFGXVemJnnMRYuk43kkNjfKNo="),
            ("https://[2001:db8::1]:8443", "/+l8yxWtW7wLHFJ6tUFdk9HZw7w="),
        ] {
            assert_eq!(form(url, VOICE, CALL, signature), Ok(()), "{url} {signature}");
        }
        // Another port than ours, and the wrong scheme's.
        assert_eq!(form(ORG, VOICE, CALL, "7kR3NJaHS3gAc3COtrWbHyOqkPk="), Err(Unsigned::Wrong));
        assert_eq!(form(ORG, VOICE, CALL, "5IgpI9+77t4MuqbpsZ05EalS/fk="), Err(Unsigned::Wrong));
    }

    #[test]
    fn the_host_is_ours_alone() {
        let signature = "w9jdVVCEZjG3NLH8mhnPEph9XjA=";
        assert_eq!(
            form("https://calls", ".example.org/hooks/a/b/voice", CALL, signature),
            Err(Unsigned::Wrong)
        );
        assert_eq!(form("https://Calls.example.org", VOICE, CALL, signature), Err(Unsigned::Wrong));
    }

    #[test]
    fn empty_values_and_letters_beyond_ascii_are_signed() {
        let body = "Empty=&CallerName=Zo%C3%AB+%C4%9C";
        assert_eq!(form(ORG, VOICE, body, "H9YUn04dgCWxL/ZKrqicYtGaI5M="), Ok(()));
        assert_eq!(form(ORG, VOICE, &body[7..], "H9YUn04dgCWxL/ZKrqicYtGaI5M="), Err(Unsigned::Wrong));
    }

    #[test]
    fn of_a_get_only_the_address_is_signed() {
        let headers = [(SIGNATURE, "OnVDT6VN4RVNIPuuRekMYx70fMg=")];
        let get = |target| verify(&keys(&["12345"], &[], false), ORG, ("GET", target, ""), &headers);
        assert_eq!(get("/hooks/a/b/voice?CallSid=CA1&From=&Digits=1"), Ok(()));
        assert_eq!(get("/hooks/a/b/voice?CallSid=CA1&From=&Digits=2"), Err(Unsigned::Wrong));
    }

    #[test]
    fn of_json_the_hash_in_the_address_is_signed_and_must_be_there() {
        let hash = "46e7684c4b1944115e7f227c9f2d1275a3edf7806a40d523d1c77e0df97b3432";
        let target = format!("{VOICE}?bodySHA256={hash}");
        let json = |target, body, signature| {
            let headers = [(SIGNATURE, signature), ("content-type", "application/json; charset=utf-8")];
            verify(&keys(&["12345"], &[], false), ORG, ("POST", target, body), &headers)
        };
        let body = "{\"a\":\"ä\"}";
        assert_eq!(json(&target, body, "2S3YXknWaTI8t3dkzpxiTTG6Wgo="), Ok(()));
        assert_eq!(json(&target, "{\"a\":\"b\"}", "2S3YXknWaTI8t3dkzpxiTTG6Wgo="), Err(Unsigned::WrongBody));
        assert_eq!(json(&target, body, "gaJnOR8KIvhdhF3OY2kQEN4cS70="), Err(Unsigned::Wrong));
        // The address alone is signed well, but nothing vouches for the body.
        assert_eq!(json(VOICE, body, "gaJnOR8KIvhdhF3OY2kQEN4cS70="), Err(Unsigned::WrongBody));
    }

    #[test]
    fn every_token_counts_while_they_are_being_rotated() {
        let keys = keys(&["12345", "older"], &[], false);
        let signed = |signature| verify(&keys, ORG, ("POST", VOICE, CALL), &[(SIGNATURE, signature)]);
        assert_eq!(signed("w9jdVVCEZjG3NLH8mhnPEph9XjA="), Ok(()));
        assert_eq!(signed("zpPMTdn/s/Ge00E0CF8VBlqurqw="), Ok(()));
        assert_eq!(signed("w9jdVVCEZjG3NLH8mhnPEph9XjB="), Err(Unsigned::Wrong));
    }

    #[test]
    fn without_a_signature_or_a_secret_everything_is_refused() {
        let voice = ("POST", VOICE, CALL);
        assert_eq!(verify(&keys(&["12345"], &[], false), ORG, voice, &[]), Err(Unsigned::Missing));
        let signed = [(SIGNATURE, "w9jdVVCEZjG3NLH8mhnPEph9XjA=")];
        assert_eq!(verify(&keys(&[], &[], false), ORG, voice, &signed), Err(Unsigned::NoSecret));
        for garbage in ["", "WRONG_SIGNATURE", "w9jdVVCEZjG3NLH8mhnPEph9XjA", "w9jdVVCEZjG3NLH8mhnPEg=="] {
            assert_eq!(form(ORG, VOICE, CALL, garbage), Err(Unsigned::Wrong), "{garbage:?}");
        }
    }

    #[test]
    fn a_shared_key_signs_with_the_algorithm_that_it_names() {
        const SHA1: &str = "w9jdVVCEZjG3NLH8mhnPEph9XjA=";
        const SHA256: &str = "fRCa3u/xnQ2mXiT4aP7LaWkdnHnbndAJswFj8fOBrdM=";
        let keys = keys(&["another"], &[("k1", "12345"), ("k2", "other")], false);
        for (settings, signature, expected) in [
            ("key=k1,algorithm=HMAC_SHA256", SHA256, Ok(())),
            (" algorithm = hmac_sha256 , key = k1 ", SHA256, Ok(())),
            ("key=k1,algorithm=HMAC_SHA1", SHA1, Ok(())),
            ("key=k1", SHA1, Ok(())),
            ("key=k1", SHA256, Err(Unsigned::Wrong)),
            ("key=k1,algorithm=HMAC_SHA1", SHA256, Err(Unsigned::Wrong)),
            ("key=k1,algorithm=HMAC_SHA256", SHA1, Err(Unsigned::Wrong)),
            ("key=k2,algorithm=HMAC_SHA256", SHA256, Err(Unsigned::Wrong)),
            ("key=k1,algorithm=HMAC_MD5", SHA256, Err(Unsigned::UnknownAlgorithm)),
            ("key=k3,algorithm=HMAC_SHA256", SHA256, Err(Unsigned::UnknownKey)),
            ("algorithm=HMAC_SHA256", SHA256, Err(Unsigned::UnknownKey)),
            ("", SHA1, Err(Unsigned::Wrong)), // as without: by a token, and `12345` is none
        ] {
            let headers = [(SIGNATURE, signature), (SETTINGS, settings)];
            assert_eq!(verify(&keys, ORG, ("POST", VOICE, CALL), &headers), expected, "{settings}");
        }
    }

    #[test]
    fn where_only_shared_keys_count_a_token_does_not() {
        let signed = [(SIGNATURE, "w9jdVVCEZjG3NLH8mhnPEph9XjA=")];
        let strict = keys(&["12345"], &[("k1", "12345")], true);
        assert_eq!(verify(&strict, ORG, ("POST", VOICE, CALL), &signed), Err(Unsigned::Downgraded));
        let tokenless = keys(&[], &[("k1", "12345")], false);
        assert_eq!(verify(&tokenless, ORG, ("POST", VOICE, CALL), &signed), Err(Unsigned::Downgraded));
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = format!("{:?}", keys(&["hush"], &[("k1", "hushhush")], false));
        assert!(!shown.contains("hush") && shown.contains("k1"), "{shown}");
    }

    fn by(dialect: Dialect, header: &str, signature: &str, body: &str) -> Result<(), Unsigned> {
        let token = Secret("PSKtest1234567890abcdef".into());
        verify(&Keys::of(dialect, &[&token]), ORG, ("POST", VOICE, body), &[(header, signature)])
    }

    #[test]
    fn values_of_a_repeated_name_are_signed_in_the_company_s_own_way() {
        // HMAC-SHA1 of the address and of what is beside it, by another program.
        let distinct = "mGGvF7ICQ3djrj/rfVEaPamVhGo="; // Digits1Digits2To9
        let sorted = "q5/POa9EZl7vcXIkIc948kxAiC4="; // Digits1Digits2Digits2To9
        let submitted = "L6TP3H7jJpT8eeRo8o24valVOxU="; // Digits2Digits1Digits2To9
        let body = "To=9&Digits=2&Digits=1&Digits=2";
        for (dialect, expected) in [
            (Dialect::Twilio, [true, false, false]),
            (Dialect::SignalWire, [true, false, true]),
            (Dialect::Somleng, [false, true, false]),
        ] {
            let accepted = [distinct, sorted, submitted].map(|one| by(dialect, SIGNATURE, one, body).is_ok());
            assert_eq!(accepted, expected, "{dialect:?}");
        }
    }

    #[test]
    fn signalwire_has_a_header_of_its_own_that_nobody_else_has() {
        let (signature, body) = ("mGGvF7ICQ3djrj/rfVEaPamVhGo=", "To=9&Digits=2&Digits=1");
        assert_eq!(by(Dialect::SignalWire, SIGNALWIRE, signature, body), Ok(()));
        assert_eq!(by(Dialect::SignalWire, SIGNALWIRE, "AAAA", body), Err(Unsigned::Wrong));
        for other in [Dialect::Twilio, Dialect::Somleng] {
            assert_eq!(by(other, SIGNALWIRE, signature, body), Err(Unsigned::Missing));
        }
    }
}
