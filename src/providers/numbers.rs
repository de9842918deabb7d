//! What a telephone company does when one of our numbers is called: as it is set there, and as it should be.

use super::addresses::{Addresses, Hook};
use std::fmt;

/// How long the telephone company waits for us, and how often it tries again. It never comes to us.
const PATIENCE: &str = "#ct=2000&rt=5000&rc=2&rp=ct,rt,5xx";

/// A number as the telephone company has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberSettings {
    /// The number's id there.
    pub id: String,
    pub webhooks: NumberWebhooks,
    /// Something else that has the number, in place of its webhooks.
    pub taken_by: Option<String>,
}

/// Where a number's webhooks go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberWebhooks {
    pub voice: Target,
    pub fallback: Target,
    pub status: Target,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub url: String,
    pub method: String,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.url.as_str() {
            "" => write!(f, "nothing"),
            url => write!(
                f,
                "{} {}",
                self.method.escape_debug(),
                url.chars().take(256).collect::<String>().escape_debug()
            ),
        }
    }
}

impl Target {
    fn post(url: String) -> Self {
        Self { url, method: "POST".to_owned() }
    }

    fn without_patience(&self) -> (&str, &str) {
        (self.url.split('#').next().unwrap_or_default(), &self.method)
    }
}

impl NumberWebhooks {
    /// As they should be.
    pub fn of(addresses: &Addresses) -> Self {
        Self {
            voice: Target::post(format!("{}{PATIENCE}", addresses.of(Hook::Voice))),
            fallback: Target::post(addresses.of(Hook::Fallback)),
            status: Target::post(addresses.of(Hook::Status)),
        }
    }

    /// What differs from `expected`, each with what it leads to.
    pub fn differences(&self, expected: &Self) -> Vec<String> {
        let table = [
            ("a call comes in", &self.voice, &expected.voice, "calls to it never reach us"),
            (
                "the handler fails",
                &self.fallback,
                &expected.fallback,
                "while we can't be reached, callers hear an error",
            ),
            (
                "the call's status changes",
                &self.status,
                &expected.status,
                "we hear late that a caller is gone",
            ),
        ];
        let wrong =
            table.iter().filter(|(_, is, should, _)| is.without_patience() != should.without_patience());
        wrong
            .map(|(when, is, should, leads)| format!("when {when} it asks {is} instead of {should}: {leads}"))
            .collect()
    }

    /// The addresses are right, but the telephone company is as patient as it likes.
    pub fn lacks_patience(&self, expected: &Self) -> bool {
        self.voice.url != expected.voice.url
    }
}
