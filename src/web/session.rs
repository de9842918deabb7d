//! The session of somebody who is signed in to the pages: a secret in a cookie. What it is sent with by itself, other
//! sites can send too; therefore whatever changes something must come from our own pages.

use super::Problem;
use axum::http::{HeaderMap, HeaderValue, header};
use rand::{Rng, distr::Alphanumeric};

/// How long a browser keeps the cookie, in seconds: as long as a session lasts at most.
const KEPT_SECONDS: i64 = crate::store::sign_in::SESSION_MAX.num_seconds();

/// 238 random bits.
pub fn new_secret() -> String {
    rand::rng().sample_iter(Alphanumeric).take(40).map(char::from).collect()
}

/// The secret that the browser sends.
pub fn secret<'a>(headers: &'a HeaderMap, public_url: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == name_of(public_url)).map(|(_, secret)| secret)
}

/// Keeps the secret in the browser.
pub fn cookie(secret: &str, public_url: &str) -> HeaderValue {
    set_cookie(secret, KEPT_SECONDS, public_url)
}

/// Makes the browser forget it.
pub fn no_cookie(public_url: &str) -> HeaderValue {
    set_cookie("", 0, public_url)
}

fn set_cookie(secret: &str, seconds: i64, public_url: &str) -> HeaderValue {
    let secure = if is_https(public_url) { "; Secure" } else { "" };
    let name = name_of(public_url);
    let text = format!("{name}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(text).expect("a secret is letters and digits")
}

/// Over TLS a name that no other host, and no page without TLS, can set.
fn name_of(public_url: &str) -> &'static str {
    if is_https(public_url) { "__Host-strowger" } else { "strowger" }
}

fn is_https(public_url: &str) -> bool {
    public_url.starts_with("https://")
}

/// A browser says from which site a request comes that can change something.
pub fn must_come_from_our_pages(headers: &HeaderMap, public_url: &str) -> Result<(), Problem> {
    let same_site = headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
    match headers.get(header::ORIGIN) {
        Some(_) if origin_is_ours(headers, public_url) => Ok(()),
        None if same_site => Ok(()),
        _ => Err(Problem::new(403, "This came from another site").because(format!("open {public_url}"))),
    }
}

/// A browser says where its page came from; it must be from us. Other programs don't say.
pub fn origin_is_ours(headers: &HeaderMap, public_url: &str) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let rest = public_url.find("://").map_or(0, |at| at + 3);
    let end = public_url[rest..].find('/').map_or(public_url.len(), |at| rest + at);
    origin.as_bytes().eq_ignore_ascii_case(&public_url.as_bytes()[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://calls.example.org/desk";

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)));
        pairs.collect()
    }

    #[test]
    fn the_cookie_of_a_session_is_found_among_others() {
        let both = headers(&[("cookie", "a=b; strowger=plain; __Host-strowger=safe")]);
        assert_eq!(secret(&both, URL), Some("safe"));
        assert_eq!(secret(&both, "http://127.0.0.1:8080"), Some("plain"));
        assert_eq!(secret(&headers(&[]), URL), None);
    }

    #[test]
    fn over_tls_the_cookie_is_for_this_host_and_never_sent_in_the_clear() {
        let kept = cookie("secret", URL);
        let expected = "__Host-strowger=secret; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure";
        assert_eq!(kept.to_str().ok(), Some(expected));
    }

    #[test]
    fn only_our_own_pages_change_anything() {
        let ours = |pairs| must_come_from_our_pages(&headers(pairs), URL).is_ok();
        assert!(ours(&[("origin", "https://calls.example.org")]));
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(!ours(&[("origin", "https://evil.example.org"), ("sec-fetch-site", "same-origin")]));
        assert!(!ours(&[("origin", "null")]));
        assert!(!ours(&[("sec-fetch-site", "same-site")]));
        assert!(!ours(&[]));
    }
}
