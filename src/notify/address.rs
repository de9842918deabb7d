//! Which addresses of other machines may be called for an admin. Whoever can save a webhook must not reach what only this
//! machine can reach.

use reqwest::Url;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest address that is taken.
const URL_BYTES_MAX: usize = 2_000;

/// Why an address is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("this is not an address")]
    NotAnAddress,
    #[error("it must begin with https://")]
    NotSecure,
    #[error("it must have no user, password or fragment")]
    Decorated,
    #[error("{0} is not a public address")]
    NotPublic(String),
}

/// Checks all of an address but what its name resolves to. `allow_loopback`: this machine is fine too, even without TLS.
pub fn check(text: &str, allow_loopback: bool) -> Result<Url, Refused> {
    if text.len() > URL_BYTES_MAX {
        return Err(Refused::NotAnAddress);
    }
    let url = Url::parse(text).map_err(|_| Refused::NotAnAddress)?;
    check_url(&url, allow_loopback)?;
    Ok(url)
}

/// Whether it is a page that browsers may be sent to, or that may show something of ours: on this machine without TLS too.
pub fn is_web_page(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let Some(host) = url.host_str().filter(|host| !host.is_empty()) else { return false };
    let here =
        host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let plain = url.username().is_empty() && url.password().is_none();
    plain && (url.scheme() == "https" || (url.scheme() == "http" && here))
}

/// The same for an address that was read already.
pub fn check_url(url: &Url, allow_loopback: bool) -> Result<(), Refused> {
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(Refused::NotAnAddress)?;
    let literal = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    let here = host == "localhost" || literal.is_some_and(|ip| ip.is_loopback());
    let secure = url.scheme() == "https" || (url.scheme() == "http" && here && allow_loopback);
    if !secure {
        return Err(Refused::NotSecure);
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(Refused::Decorated);
    }
    match literal {
        Some(ip) if !may_call(ip, allow_loopback) => Err(Refused::NotPublic(ip.to_string())),
        _ => Ok(()),
    }
}

pub fn may_call(ip: IpAddr, allow_loopback: bool) -> bool {
    is_public(ip) || (allow_loopback && ip.is_loopback())
}

/// Whether everybody can reach it: none of the ranges that IANA lists as special.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    /// Network and length of its prefix.
    const SPECIAL: [([u8; 4], u32); 15] = [
        ([0, 0, 0, 0], 8),
        ([10, 0, 0, 0], 8),
        ([100, 64, 0, 0], 10),
        ([127, 0, 0, 0], 8),
        ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12),
        ([192, 0, 0, 0], 24),
        ([192, 0, 2, 0], 24),
        ([192, 88, 99, 0], 24),
        ([192, 168, 0, 0], 16),
        ([198, 18, 0, 0], 15),
        ([198, 51, 100, 0], 24),
        ([203, 0, 113, 0], 24),
        // Multicast.
        ([224, 0, 0, 0], 4),
        // Reserved, and broadcast.
        ([240, 0, 0, 0], 4),
    ];
    let bits = u32::from(ip);
    SPECIAL.iter().all(|(network, length)| (bits ^ u32::from(Ipv4Addr::from(*network))) >> (32 - length) != 0)
}

/// Only 2000::/3 is given out to the public; what is in it for documents, tunnels and tests is not. So nothing that
/// stands for an IPv4 address (mapped, compatible, translated, 6to4, Teredo) is public.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let given_out = first & 0xe000 == 0x2000;
    let special = match first {
        0x2001 => second < 0x0200 || second == 0x0db8,
        0x2002 => true,
        0x3fff => second < 0x1000,
        _ => false,
    };
    given_out && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_everybody_can_reach_is_public() {
        let public = [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00::1",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2003::1",
            "3ffe::1",
            "3fff:1000::1",
        ];
        let not_public = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.0.0",
            "169.254.169.254",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.0",
            "192.0.0.170",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.0",
            "192.168.255.255",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.255",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.0",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::8.8.8.8",
            "64:ff9b::808:808",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:1::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "3fff:fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for (list, expected) in [(&public[..], true), (&not_public[..], false)] {
            for text in list {
                assert_eq!(is_public(text.parse().unwrap()), expected, "{text}");
            }
        }
    }

    #[test]
    fn an_address_is_public_https_without_ornaments() {
        let not_public = |ip: &str| Err(Refused::NotPublic(ip.to_owned()));
        let table = [
            ("https://hooks.example.org/a?b=c", Ok(())),
            ("https://hooks.example.org:8443/", Ok(())),
            ("https://8.8.8.8/", Ok(())),
            ("http://hooks.example.org/", Err(Refused::NotSecure)),
            ("ftp://hooks.example.org/", Err(Refused::NotSecure)),
            ("file:///etc/passwd", Err(Refused::NotAnAddress)),
            ("hooks.example.org", Err(Refused::NotAnAddress)),
            ("https://", Err(Refused::NotAnAddress)),
            ("https://user@hooks.example.org/", Err(Refused::Decorated)),
            ("https://:secret@hooks.example.org/", Err(Refused::Decorated)),
            ("https://hooks.example.org/#part", Err(Refused::Decorated)),
            ("https://10.0.0.1/", not_public("10.0.0.1")),
            ("https://127.0.0.1/", not_public("127.0.0.1")),
            // The ways in which a number can be written all mean the same.
            ("https://2130706433/", not_public("127.0.0.1")),
            ("https://0x7f.1/", not_public("127.0.0.1")),
            ("https://017700000001/", not_public("127.0.0.1")),
            ("https://[::1]/", not_public("::1")),
            ("https://[::ffff:169.254.169.254]/", not_public("::ffff:169.254.169.254")),
            ("http://127.0.0.1/", Err(Refused::NotSecure)),
        ];
        for (text, expected) in table {
            assert_eq!(check(text, false).map(drop), expected, "{text}");
        }
        assert_eq!(
            check(&format!("https://example.org/{}", "a".repeat(2_000)), false),
            Err(Refused::NotAnAddress)
        );
    }

    #[test]
    fn this_machine_may_be_called_only_where_that_is_allowed() {
        for text in
            ["http://127.0.0.1:8000/", "http://[::1]:8000/", "http://localhost:8000/", "https://127.0.0.1/"]
        {
            assert!(check(text, true).is_ok(), "{text}");
            if !text.contains("localhost") {
                assert!(check(text, false).is_err(), "{text}");
            }
        }
        for text in ["http://10.0.0.1/", "https://10.0.0.1/", "http://8.8.8.8/", "http://example.org/"] {
            assert!(check(text, true).is_err(), "{text}");
        }
    }
}
