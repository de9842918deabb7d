//! What is counted while it happens: atomics only, so that counting costs a call nothing. `web/metrics.rs` writes them
//! down, together with what can be looked up when somebody asks.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Upper bounds in milliseconds. A caller hears silence from about a second on.
pub const BOUNDS_MS: [u64; 12] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000];

#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Counters by names that are known from the start.
#[derive(Debug)]
pub struct Counters<K>(BTreeMap<K, Counter>);

impl<K: Ord + Copy> Counters<K> {
    fn of(keys: impl IntoIterator<Item = K>) -> Self {
        Self(keys.into_iter().map(|key| (key, Counter::default())).collect())
    }

    /// A name that is not known is not counted.
    pub fn count(&self, key: K) {
        if let Some(counter) = self.0.get(&key) {
            counter.add(1);
        }
    }

    pub fn all(&self) -> impl Iterator<Item = (K, u64)> + '_ {
        self.0.iter().map(|(key, counter)| (*key, counter.get()))
    }
}

/// How long something took.
#[derive(Debug, Default)]
pub struct Histogram {
    /// How many took at most as long as the bound, but longer than the one before; the last has no bound.
    buckets: [Counter; BOUNDS_MS.len() + 1],
    sum_us: Counter,
}

impl Histogram {
    pub fn observe(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let index = BOUNDS_MS.iter().position(|bound| us <= bound * 1000).unwrap_or(BOUNDS_MS.len());
        self.buckets[index].add(1);
        self.sum_us.add(us);
    }

    /// How many took at most as long as each bound, and how many there were.
    pub fn cumulated(&self) -> [u64; BOUNDS_MS.len() + 1] {
        let mut sum = 0;
        self.buckets.each_ref().map(|bucket| {
            sum += bucket.get();
            sum
        })
    }

    pub fn sum_us(&self) -> u64 {
        self.sum_us.get()
    }
}

/// What became of a webhook, and why if it was refused.
pub type WebhookResult = (&'static str, &'static str);

pub const ANSWERED: WebhookResult = ("answered", "");
/// The caller got a document that needs no store.
pub const SAFE: WebhookResult = ("safe_document", "");
pub const NOT_FOUND: WebhookResult = ("not_found", "");
pub const MALFORMED: WebhookResult = ("malformed", "");
pub const INVALID: WebhookResult = ("invalid", "");
pub const FORBIDDEN: &str = "forbidden";

#[derive(Debug)]
pub struct Metrics {
    /// By the provider's name in the configuration.
    webhooks: BTreeMap<String, Counters<WebhookResult>>,
    pub webhook: Histogram,
    pub commit: Histogram,
    pub offers: Counter,
    pub offers_ended: Counters<&'static str>,
    pub calls_ended: Counters<&'static str>,
    pub load_differences: Counter,
    /// How often an admin was told that the last agent of a channel misses calls.
    pub last_agent_misses: Counter,
    /// Webhooks and mails.
    pub given_up: Counter,
}

impl Metrics {
    pub fn new<'a>(providers: impl Iterator<Item = &'a String>) -> Self {
        let results = || {
            let forbidden = crate::providers::Unsigned::ALL.map(|unsigned| (FORBIDDEN, unsigned.code()));
            Counters::of([ANSWERED, SAFE, NOT_FOUND, MALFORMED, INVALID].into_iter().chain(forbidden))
        };
        Self {
            webhooks: providers.map(|name| (name.clone(), results())).collect(),
            webhook: Histogram::default(),
            commit: Histogram::default(),
            offers: Counter::default(),
            offers_ended: Counters::of([
                "taken",
                "declined",
                "expired",
                "caller_hung_up",
                "withdrawn",
                "won",
            ]),
            calls_ended: Counters::of(["answered", "voicemail", "abandoned", "rejected"]),
            load_differences: Counter::default(),
            last_agent_misses: Counter::default(),
            given_up: Counter::default(),
        }
    }

    pub fn webhook(&self, provider: &str, result: WebhookResult) {
        if let Some(results) = self.webhooks.get(provider) {
            results.count(result);
        }
    }

    pub fn webhooks(&self) -> impl Iterator<Item = (&str, WebhookResult, u64)> {
        self.webhooks.iter().flat_map(|(provider, results)| {
            results.all().map(move |(result, count)| (provider.as_str(), result, count))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_up_to_each_bound() {
        let histogram = Histogram::default();
        let times = [0, 1_000, 1_001, 2_000, 3_000, 5_000_000, 5_000_001];
        times.into_iter().for_each(|us| histogram.observe(Duration::from_micros(us)));
        let expected = [2, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 7];
        assert_eq!(histogram.cumulated(), expected);
        assert_eq!(histogram.sum_us(), 10_007_002);
    }

    #[test]
    fn only_what_is_known_is_counted() {
        let metrics = Metrics::new(["main".to_owned()].iter());
        metrics.webhook("main", ANSWERED);
        metrics.webhook("main", (FORBIDDEN, "wrong"));
        metrics.webhook("main", ("something", "else"));
        metrics.webhook("nobody", ANSWERED);
        let counted: Vec<_> = metrics.webhooks().filter(|(.., count)| *count > 0).collect();
        assert_eq!(counted, [("main", ANSWERED, 1), ("main", (FORBIDDEN, "wrong"), 1)]);
    }
}
