//! How far the first start has come, as it can be seen in what is set.

use super::super::super::Web;
use crate::desk::settings::Settings;

/// What is there.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// A telephone company that can prove that a webhook is its own.
    pub company: bool,
    pub number: bool,
    /// One of theirs has come.
    pub webhooks: bool,
    /// Some number is open at some time.
    pub hours: bool,
    /// Some number rings somebody.
    pub agents: bool,
}

impl Progress {
    pub fn of(web: &Web, settings: &Settings) -> Self {
        let channels = || settings.channels.values();
        Self {
            company: web.providers.values().any(|provider| provider.has_secret()),
            number: channels().any(|channel| !channel.numbers.is_empty()),
            webhooks: web.providers.keys().any(|name| web.desk.health().has_heard(name)),
            hours: channels().any(|channel| channel.hours.ever_opens()),
            agents: channels()
                .any(|channel| !settings.people.routed(&channel.rule.users, &channel.rule.teams).is_empty()),
        }
    }

    /// How many steps are left.
    pub fn left(self) -> usize {
        let Self { company, number, webhooks, hours, agents } = self;
        [company, number, webhooks, hours, agents].iter().filter(|done| !**done).count()
    }
}
