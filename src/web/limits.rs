//! How much one address or token may ask of us, and how many connections may be open. What a telephone company signed is
//! never refused here: a caller does not pay for what others do.
//!
//! An address is that of the connection, unless it belongs to one of `http.trusted_proxies`: then it is the last one in
//! `X-Forwarded-For` that does not. It counts for limits, the audit log and the log, and for nothing else.

use super::Problem;
use crate::{calls::time::Steady, clock::Clock, desk::softphones::Pass};
use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;
use serde::Deserialize;
use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const MINUTE_US: i64 = 60_000_000;
/// Beyond so many addresses or tokens at once, new ones share what one may.
const KEYS_MAX: usize = 1 << 16;
/// For how long health tells of a connection that was refused.
const TOLD_FOR_MS: i64 = 5 * 60_000;

/// All but connections in requests a minute, which may come at once. 0: no limit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub api_per_token: u32,
    pub api_per_address: u32,
    pub wrong_tokens_per_address: u32,
    pub sign_ins_per_address: u32,
    pub softphones_per_address: u32,
    pub refused_webhooks_per_address: u32,
    pub forms_per_address: u32,
    pub chats_per_address: u32,
    pub chat_messages_per_address: u32,
    pub connections: usize,
    pub connections_per_address: usize,
}

/// For the database, sounds and calls to others.
const FILES_BESIDES: usize = 256;

impl Settings {
    /// No more connections than the process may have open, with room for the reserve.
    pub fn within(&self, files: usize) -> Self {
        let most = files.saturating_sub(FILES_BESIDES).max(FILES_BESIDES / 2) / 11 * 10;
        let connections = if self.connections == 0 { most } else { self.connections.min(most) };
        Self { connections, ..self.clone() }
    }
}

/// The reverse proxies that are believed.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Addresses, or networks as in `10.0.0.0/8`. Err: the one that is neither.
    pub fn read(texts: &[String]) -> Result<Self, String> {
        let one = |text: &String| {
            let network = text
                .parse::<IpNet>()
                .or_else(|_| text.parse().map(|address: IpAddr| address.to_canonical().into()));
            network.map_err(|_| text.clone())
        };
        texts.iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Who asks, if `peer` is who is connected. What can't be read ends what is believed.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let said: Vec<&str> = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .flat_map(|value| value.to_str().unwrap_or("").split(','))
            .collect();
        for hop in said.iter().rev() {
            if !self.trusts(client) {
                break;
            }
            match read_hop(hop.trim()) {
                Some(hop) => client = hop,
                None => break,
            }
        }
        client
    }
}

/// Some proxies name the port, too.
fn read_hop(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// Whom a limit counts: with IPv6 everybody has a whole network of addresses.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

/// Who sent a request. Requests over the socket in the data folder have none.
#[derive(Debug, Clone, Copy)]
pub struct Client(pub IpAddr);

/// Everything that is counted.
#[derive(Debug)]
pub struct Limits {
    clock: Clock,
    proxies: Proxies,
    passes: Budget<Pass>,
    addresses: Budget<IpAddr>,
    wrong_tokens: Budget<IpAddr>,
    sign_ins: Budget<IpAddr>,
    softphones: Budget<IpAddr>,
    refused_webhooks: Budget<IpAddr>,
    forms: Budget<IpAddr>,
    chats: Budget<IpAddr>,
    chat_messages: Budget<IpAddr>,
    pub connections: Arc<Connections>,
    /// Requests that were answered 429.
    pub refused: AtomicU64,
}

impl Limits {
    pub fn new(settings: &Settings, proxies: Proxies, clock: Clock) -> Self {
        let Settings { connections, connections_per_address, .. } = *settings;
        Self {
            clock,
            proxies,
            passes: Budget::new(settings.api_per_token),
            addresses: Budget::new(settings.api_per_address),
            wrong_tokens: Budget::new(settings.wrong_tokens_per_address),
            sign_ins: Budget::new(settings.sign_ins_per_address),
            softphones: Budget::new(settings.softphones_per_address),
            refused_webhooks: Budget::new(settings.refused_webhooks_per_address),
            forms: Budget::new(settings.forms_per_address),
            chats: Budget::new(settings.chats_per_address),
            chat_messages: Budget::new(settings.chat_messages_per_address),
            connections: Arc::new(Connections::new(connections, connections_per_address)),
            refused: AtomicU64::default(),
        }
    }

    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        Client(self.proxies.client(peer, headers))
    }

    /// A request to the API, whoever it is from.
    pub fn api(&self, client: Option<Client>) -> Result<(), TooMany> {
        self.address(&self.addresses, client)
    }

    /// A request with a good token, or of a session.
    pub fn pass(&self, pass: Pass) -> Result<(), TooMany> {
        self.told(self.passes.take(pass, self.clock.now().steady))
    }

    /// A token that is none. Good ones are let in all the same: who shares an address with a lost softphone is not
    /// locked out by it, and nobody guesses 238 bits.
    pub fn wrong_token(&self, client: Option<Client>) -> Result<(), TooMany> {
        self.address(&self.wrong_tokens, client)
    }

    /// A password, before it is looked at: that is work.
    pub fn sign_in(&self, client: Option<Client>) -> Result<(), TooMany> {
        self.address(&self.sign_ins, client)
    }

    pub fn softphone(&self, client: Option<Client>) -> Result<(), TooMany> {
        self.address(&self.softphones, client)
    }

    pub fn refused_webhook(&self, client: Option<Client>) -> Result<(), TooMany> {
        self.address(&self.refused_webhooks, client)
    }

    /// A form on somebody's page, before it is read.
    pub fn form(&self, client: Option<Client>) -> Result<(), TooMany> {
        self.address(&self.forms, client)
    }

    /// A page that opens its chat.
    pub fn chat(&self, client: Option<Client>) -> Result<(), TooMany> {
        self.address(&self.chats, client)
    }

    /// What a visitor says.
    pub fn chat_message(&self, client: Option<Client>) -> Result<(), TooMany> {
        self.address(&self.chat_messages, client)
    }

    fn address(&self, budget: &Budget<IpAddr>, client: Option<Client>) -> Result<(), TooMany> {
        let Some(Client(address)) = client else { return Ok(()) };
        self.told(budget.take(household(address), self.clock.now().steady))
    }

    fn told(&self, taken: Result<(), TooMany>) -> Result<(), TooMany> {
        if taken.is_err() {
            self.refused.fetch_add(1, Relaxed);
        }
        taken
    }

    /// A place for a connection. `None`: there is none.
    pub fn connect(&self, peer: IpAddr) -> Option<Place> {
        // Behind a proxy there are many, and they are one to us.
        let counts = !self.proxies.trusts(peer.to_canonical());
        let place = self.connections.enter(counts.then(|| household(peer)));
        if place.as_ref().is_none_or(|place| place.is_reserve) {
            self.connections.short_ms.store(self.clock.now().steady.0, Relaxed);
        }
        place
    }

    /// What an operator should know.
    pub fn warnings(&self) -> Option<String> {
        let connections = &self.connections;
        let is_recent = self.clock.now().steady.0 - connections.short_ms.load(Relaxed) < TOLD_FOR_MS;
        is_recent.then(|| {
            format!(
                "connections were refused, {} since the start; {} are open, of at most {} and {} from one address",
                connections.refused.load(Relaxed),
                connections.count(),
                connections.most,
                connections.most_per_address
            )
        })
    }
}

/// Whoever asked has to wait for so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany(pub u64);

impl From<TooMany> for Problem {
    fn from(TooMany(seconds): TooMany) -> Self {
        Self::new(429, "There are too many requests").later(seconds)
    }
}

/// A minute's worth that refills all the time.
#[derive(Debug)]
struct Budget<K> {
    per_minute: u32,
    /// When each will be whole again, in microseconds; the key `None` is for those for whom there is no room.
    whole_at: Mutex<HashMap<Option<K>, i64>>,
}

impl<K: Hash + Eq> Budget<K> {
    fn new(per_minute: u32) -> Self {
        Self { per_minute, whole_at: Mutex::default() }
    }

    fn take(&self, key: K, now: Steady) -> Result<(), TooMany> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let (now, cost) = (now.0 * 1_000, MINUTE_US / i64::from(self.per_minute));
        let mut whole_at = open(&self.whole_at);
        let mut key = Some(key);
        if whole_at.len() >= KEYS_MAX && !whole_at.contains_key(&key) {
            // Nobody makes us look through all of them at every request.
            let swept = whole_at.get(&None).is_some_and(|at| *at > now);
            if !swept {
                whole_at.retain(|_, at| *at > now);
            }
            if whole_at.len() >= KEYS_MAX {
                key = None;
            }
        }
        let at = whole_at.entry(key).or_insert(now);
        let whole = (*at).max(now) + cost;
        let over = whole - now - MINUTE_US;
        if over > 0 {
            return Err(TooMany(u64::try_from(over).unwrap_or_default().div_ceil(1_000_000)));
        }
        *at = whole;
        Ok(())
    }
}

/// The connections that are open.
#[derive(Debug)]
pub struct Connections {
    most: usize,
    most_per_address: usize,
    open: Mutex<Open>,
    pub refused: AtomicU64,
    /// When one was last refused, or let in for webhooks only.
    short_ms: AtomicI64,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Connections {
    /// 0: no limit.
    fn new(most: usize, most_per_address: usize) -> Self {
        let unless_none = |most: usize| if most == 0 { usize::MAX } else { most };
        Self {
            most: unless_none(most),
            most_per_address: unless_none(most_per_address),
            open: Mutex::default(),
            refused: AtomicU64::default(),
            short_ms: AtomicI64::new(i64::MIN / 2),
        }
    }

    pub fn count(&self) -> usize {
        open(&self.open).all
    }

    /// One in ten besides is kept for webhooks, for when everybody else has taken all places.
    fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Place> {
        let mut open = open(&self.open);
        let from_there = address.and_then(|address| open.by_address.get(&address)).copied().unwrap_or(0);
        let reserve = self.most / 10 + 1;
        if from_there >= self.most_per_address || open.all >= self.most.saturating_add(reserve) {
            self.refused.fetch_add(1, Relaxed);
            return None;
        }
        let is_reserve = open.all >= self.most;
        open.all += 1;
        if let Some(address) = address {
            *open.by_address.entry(address).or_default() += 1;
        }
        drop(open);
        Some(Place { connections: self.clone(), address, is_reserve })
    }
}

/// One connection's place, given back when it ends.
#[derive(Debug)]
pub struct Place {
    connections: Arc<Connections>,
    address: Option<IpAddr>,
    /// For webhooks and what callers hear.
    pub is_reserve: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = open(&self.connections.open);
        open.all -= 1;
        let Some(address) = self.address else { return };
        if let Some(count) = open.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&address);
            }
        }
    }
}

fn open<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn proxies(texts: &[&str]) -> Result<Proxies, String> {
        Proxies::read(&texts.iter().map(|text| text.to_string()).collect::<Vec<_>>())
    }

    #[test]
    fn forwarded_addresses_count_only_from_proxies_that_are_trusted_and_from_the_right() {
        let table = [
            // trusted, peer, X-Forwarded-For, client
            (&[][..], "198.51.100.1", &["203.0.113.9"][..], "198.51.100.1"),
            (&["10.0.0.0/8"], "198.51.100.1", &["203.0.113.9"], "198.51.100.1"),
            (&["10.0.0.0/8"], "10.1.2.3", &[], "10.1.2.3"),
            (&["10.0.0.0/8"], "10.1.2.3", &["203.0.113.9"], "203.0.113.9"),
            // What a client puts in front is worth nothing.
            (&["10.0.0.0/8"], "10.1.2.3", &["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
            (&["10.0.0.0/8"], "10.1.2.3", &["1.1.1.1", "203.0.113.9, 10.9.9.9"], "203.0.113.9"),
            (&["10.0.0.0/8"], "10.1.2.3", &["10.4.4.4, 10.9.9.9"], "10.4.4.4"),
            // What is no address ends it where it stands.
            (&["10.0.0.0/8"], "10.1.2.3", &["203.0.113.9, unknown"], "10.1.2.3"),
            (&["10.0.0.0/8"], "10.1.2.3", &["203.0.113.9, unknown, 10.5.5.5"], "10.5.5.5"),
            (&["10.0.0.0/8"], "10.1.2.3", &[""], "10.1.2.3"),
            (&["10.0.0.0/8"], "10.1.2.3", &["203.0.113.9:4711"], "203.0.113.9"),
            // A listener for both kinds of addresses sees the older ones in the newer form.
            (&["10.0.0.0/8"], "::ffff:10.1.2.3", &["203.0.113.9"], "203.0.113.9"),
            (&["127.0.0.1", "::1"], "::1", &["::ffff:203.0.113.9"], "203.0.113.9"),
            (&["127.0.0.1", "::1"], "127.0.0.1", &["2001:db8::1"], "2001:db8::1"),
            (&["127.0.0.1", "::1"], "127.0.0.2", &["2001:db8::1"], "127.0.0.2"),
            (&["2001:db8:1::/48"], "2001:db8:1::5", &["[2001:db8:2::7]:4711"], "2001:db8:2::7"),
            (&["2001:db8:1::/48"], "2001:db8:1::5", &["[2001:db8:2::7]"], "2001:db8:2::7"),
        ];
        for (trusted, peer, said, expected) in table {
            let mut headers = HeaderMap::new();
            for value in said {
                headers.append(FORWARDED_FOR, value.parse().unwrap());
            }
            let client = proxies(trusted).unwrap().client(address(peer), &headers);
            assert_eq!(client, address(expected), "{trusted:?} {peer} {said:?}");
        }
        assert_eq!(proxies(&["10.0.0.0/8", "proxy.example.org"]).unwrap_err(), "proxy.example.org");
        assert!(proxies(&["10.0.0.0/33"]).is_err());
    }

    #[test]
    fn with_ipv6_a_whole_network_counts_as_one() {
        assert_eq!(household(address("2001:db8:1:2:3::4")), household(address("2001:db8:1:2::9")));
        assert_ne!(household(address("2001:db8:1:2::4")), household(address("2001:db8:1:3::4")));
        assert_eq!(household(address("::ffff:10.0.0.1")), address("10.0.0.1"));
        assert_ne!(household(address("10.0.0.1")), household(address("10.0.0.2")));
    }

    #[test]
    fn a_minute_s_worth_may_come_at_once_and_comes_back_over_a_minute() {
        let budget = Budget::new(60);
        let at = |seconds: i64| Steady(1_000_000 + seconds * 1_000);
        for _ in 0..60 {
            assert_eq!(budget.take("anna", at(0)), Ok(()));
        }
        assert_eq!(budget.take("anna", at(0)), Err(TooMany(1)));
        assert_eq!(budget.take("ben", at(0)), Ok(()), "others are not touched");
        // Who is refused does not wait longer for having asked.
        for _ in 0..1_000 {
            assert_eq!(budget.take("anna", at(0)), Err(TooMany(1)));
        }
        assert_eq!(budget.take("anna", at(1)), Ok(()));
        assert_eq!(budget.take("anna", at(1)), Err(TooMany(1)));
        let slow = Budget::new(2);
        assert_eq!([slow.take("anna", at(0)), slow.take("anna", at(0))], [Ok(()); 2]);
        assert_eq!(slow.take("anna", at(0)), Err(TooMany(30)));
        let none = Budget::new(0);
        assert!((0..10_000).all(|_| none.take("anna", at(0)).is_ok()));
    }

    #[test]
    fn memory_is_bounded_and_who_comes_too_late_shares() {
        let budget = Budget::new(2);
        let (now, later) = (Steady(5_000), Steady(5_000 + 60_000));
        let many = u32::try_from(KEYS_MAX).unwrap();
        assert!((0..many).all(|key| budget.take(key, now).is_ok()));
        let strangers = (many..2 * many).filter(|key| budget.take(*key, now).is_ok()).count();
        assert_eq!(strangers, 2);
        assert!(open(&budget.whole_at).len() <= KEYS_MAX + 1);
        assert_eq!(budget.take(0, now), Ok(()), "who was there before is not touched");
        assert_eq!(budget.take(2 * many, later), Ok(()));
        assert!(open(&budget.whole_at).len() <= 2, "what is whole again is forgotten");
    }

    #[test]
    fn connections_are_bounded_in_all_and_by_address_with_a_reserve_for_webhooks() {
        let connections = Arc::new(Connections::new(20, 15));
        let (one, two) = (Some(address("10.0.0.1")), Some(address("10.0.0.2")));
        let hog: Vec<Place> = (0..20).map_while(|_| connections.enter(one)).collect();
        assert_eq!(hog.len(), 15);
        let mut others: Vec<Place> = (0..20).map_while(|_| connections.enter(two)).collect();
        assert_eq!(others.iter().filter(|place| !place.is_reserve).count(), 5);
        assert_eq!(others.iter().filter(|place| place.is_reserve).count(), 3);
        assert_eq!((connections.count(), connections.refused.load(Relaxed)), (23, 2));
        assert!(connections.enter(None).is_none(), "a trusted proxy is bounded by the whole");
        others.clear();
        assert_eq!(connections.count(), 15);
        assert!(!connections.enter(None).unwrap().is_reserve);
        drop(hog);
        assert_eq!(connections.count(), 0);
        assert!(open(&connections.open).by_address.is_empty());
    }
}
