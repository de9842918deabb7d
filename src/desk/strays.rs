//! After a time in which callers were served without our recording it: who is still at the telephone company that we
//! never heard of, and what was said there that we don't keep.
//!
//! A held caller comes back by themselves, with the next clip. So a call is only fetched that two looks in a row don't
//! know, on which nobody talks and nobody is leaving a message.

use super::{Desk, Input, Outcome, Webhook, jobs::Runner};
use crate::{
    calls::{
        call::{Caller, Recording},
        channel::Channel,
        event::Arrival,
    },
    providers::{
        Provider, Reading, Trouble,
        addresses::{Addresses, Hook},
    },
    routing::ids::ChannelId,
};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};
use tracing::{info, warn};

/// When to look, in seconds after the one before.
const LOOKS: [u64; 3] = [1, 10, 60];
/// Messages that were left longer ago were looked for before.
const LOOK_BACK: TimeDelta = TimeDelta::hours(24);

/// The numbers of one telephone company's channels.
type Numbers = BTreeMap<String, ChannelId>;

impl Runner {
    /// Looks, in a task of its own, on every telephone company that has channels.
    pub(super) fn look_for_strays(
        &self,
        channels: &HashMap<ChannelId, Channel>,
        now: DateTime<Utc>,
        desk: &Desk,
    ) {
        let mut numbers: BTreeMap<String, Numbers> = BTreeMap::new();
        for channel in channels.values() {
            let own = channel.numbers.iter().map(|number| (number.clone(), channel.id));
            numbers.entry(channel.provider.clone()).or_default().extend(own);
        }
        for (provider, numbers) in numbers {
            let (runner, desk) = (self.clone(), desk.clone());
            tokio::spawn(async move { runner.look(&provider, &numbers, now - LOOK_BACK, &desk).await });
        }
    }

    async fn look(&self, provider: &str, numbers: &Numbers, since: DateTime<Utc>, desk: &Desk) {
        let Some(company) = self.providers.get(provider) else { return };
        let mut suspects = BTreeSet::new();
        for pause in LOOKS {
            tokio::time::sleep(Duration::from_secs(pause)).await;
            let found = Look { runner: self, provider, company, numbers, desk };
            match found.once(since, &suspects).await {
                Ok(unknown) => suspects = unknown,
                Err(trouble) => warn!(provider, %trouble, "whether callers were missed can't be asked"),
            }
        }
    }
}

struct Look<'a> {
    runner: &'a Runner,
    provider: &'a str,
    company: &'a Provider,
    numbers: &'a Numbers,
    desk: &'a Desk,
}

impl Look<'_> {
    /// Keeps messages, fetches the suspects. Answers the live calls that we don't know.
    async fn once(
        &self,
        since: DateTime<Utc>,
        suspects: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>, Trouble> {
        self.messages(since).await?;
        let mut live = BTreeMap::new();
        for (number, channel) in self.numbers {
            live.extend(self.company.live_calls(number).await?.into_iter().map(|call| (call, *channel)));
        }
        let unknown = self.unknown(live.keys().cloned().collect()).await;
        for call in unknown.iter().filter(|call| suspects.contains(*call)) {
            if let Some(channel) = live.get(call) {
                self.fetch(call, *channel).await?;
            }
        }
        Ok(unknown)
    }

    async fn fetch(&self, call: &str, channel: ChannelId) -> Result<(), Trouble> {
        if self.company.leg_is_up(call).await? || self.company.is_recording(call).await? {
            return Ok(());
        }
        warn!(provider = self.provider, call, "a caller of whom nothing is known is taken into the line");
        let (public_url, provider) = (self.runner.public_url.clone(), self.provider.to_owned());
        let url = Addresses { public_url, provider, channel, epoch: None }.of(Hook::Voice);
        match self.company.redirect(call, &url).await {
            Err(Trouble::Gone | Trouble::NotFound) => Ok(()),
            fetched => fetched,
        }
    }

    /// Messages of calls that we know too: the word that one is ready may have been lost.
    async fn messages(&self, since: DateTime<Utc>) -> Result<(), Trouble> {
        let found = self.company.messages_since(since).await?;
        let unknown = self.unknown(found.iter().map(|(call, _)| call.clone()).collect()).await;
        for (call, recording) in found {
            let ends = match unknown.contains(&call) {
                false => None,
                true => match self.company.ends_of(&call).await {
                    Ok(ends) => Some(ends),
                    Err(Trouble::NotFound | Trouble::Gone) => continue,
                    Err(trouble) => return Err(trouble),
                },
            };
            self.report(call, recording, ends).await;
        }
        Ok(())
    }

    /// `ends`: who called whom, if we never heard of the call.
    async fn report(&self, call: String, recording: Recording, ends: Option<(String, String)>) {
        let is_new = ends.is_some();
        let (from, to) = ends.unwrap_or_default();
        let channel = match self.numbers.get(&to) {
            Some(channel) => *channel,
            None if is_new => return,
            None => match self.numbers.values().next() {
                Some(any) => *any,
                None => return,
            },
        };
        if is_new {
            info!(provider = self.provider, call, "a message of a call of which nothing is known is kept");
        }
        let key =
            Sha256::new().chain_update("found").chain_update([0]).chain_update(&recording.id).finalize();
        let arrival = Arrival {
            channel,
            provider: self.provider.to_owned(),
            provider_call_id: call,
            from: Caller::from(from),
            to,
            poll: 0,
        };
        let reading = Reading::Recorded { arrival, recording: Some(recording) };
        let provider = self.provider.to_owned();
        self.desk.report(Input::Found(Webhook { provider, channel, key: key.into(), reading })).await;
    }

    /// Those of the calls that we never heard of. While that can't be said, none.
    async fn unknown(&self, provider_call_ids: Vec<String>) -> BTreeSet<String> {
        let provider = self.provider.to_owned();
        match self.desk.ask(Input::AreKnown { provider, provider_call_ids }).await {
            Ok(Outcome::Unknown(unknown)) => unknown.into_iter().collect(),
            _ => BTreeSet::new(),
        }
    }
}
