//! The numbers as they are set at the telephone companies, against how they should be, and what was found there and
//! elsewhere when it was looked over.

use super::Providers;
use crate::{
    calls::channel::Channel,
    providers::{Provider, Trouble, addresses::Addresses, numbers::NumberWebhooks},
};
use serde::Serialize;
use std::fmt;
use utoipa::ToSchema;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Finding {
    pub grade: Grade,
    pub sentence: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    Good,
    /// It works, but may surprise.
    Warning,
    /// Calls will be lost or nothing will work.
    Error,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grade = match self.grade {
            Grade::Good => "ok",
            Grade::Warning => "warning",
            Grade::Error => "error",
        };
        write!(f, "{grade}: {}", self.sentence)
    }
}

/// All findings so far.
#[derive(Debug, Default)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    pub fn good(&mut self, sentence: impl Into<String>) {
        self.0.push(Finding { grade: Grade::Good, sentence: sentence.into() });
    }

    pub fn warning(&mut self, sentence: impl Into<String>) {
        self.0.push(Finding { grade: Grade::Warning, sentence: sentence.into() });
    }

    pub fn error(&mut self, sentence: impl Into<String>) {
        self.0.push(Finding { grade: Grade::Error, sentence: sentence.into() });
    }

    pub fn errors(&self) -> usize {
        self.0.iter().filter(|finding| finding.grade == Grade::Error).count()
    }
}

/// Compares the numbers of a channel. `fix`: sets them as they should be.
pub async fn check(
    channel: &Channel,
    public_url: &str,
    providers: &Providers,
    fix: bool,
    findings: &mut Findings,
) {
    let name = &channel.name;
    let Some(provider) = providers.get(&channel.provider) else {
        return findings.error(format!(
            "channel {name:?} belongs to the provider {:?}, which is not configured; its calls are refused",
            channel.provider
        ));
    };
    if channel.numbers.is_empty() {
        return findings
            .warning(format!("channel {name:?} has no number, so what is set for it can't be looked up"));
    }
    let public_url = public_url.to_owned();
    let addresses =
        Addresses { public_url, provider: channel.provider.clone(), channel: channel.id, epoch: None };
    for number in &channel.numbers {
        let about = format!("{number} (channel {name:?})");
        check_number(number, &about, provider, &NumberWebhooks::of(&addresses), fix, findings).await;
    }
}

async fn check_number(
    number: &str,
    about: &str,
    provider: &Provider,
    expected: &NumberWebhooks,
    fix: bool,
    findings: &mut Findings,
) {
    let found = match provider.number(number).await {
        Ok(Some(found)) => found,
        Ok(None) => {
            return findings
                .error(format!("{about}: the telephone company has no such number in this account"));
        }
        Err(trouble) => {
            return findings.error(format!("{about}: its settings can't be read: {}", plainly(&trouble)));
        }
    };
    let mut wrong = found.webhooks.differences(expected);
    wrong.extend(
        found.taken_by.iter().map(|taker| {
            format!("{taker} has it, so its webhooks are not asked: calls to it never reach us")
        }),
    );
    let impatient = found.webhooks.lacks_patience(expected);
    if fix && (!wrong.is_empty() || impatient) {
        match provider.set_number(&found.id, expected).await {
            Ok(()) => {
                return Box::pin(check_number(number, about, provider, expected, false, findings)).await;
            }
            Err(trouble) => findings.error(format!("{about}: it can't be set: {}", plainly(&trouble))),
        }
    }
    if wrong.is_empty() && impatient {
        findings.warning(format!("{about}: how long the telephone company waits for us, and how often it tries again, is not set; check --fix sets it"));
    } else if wrong.is_empty() {
        findings.good(format!("{about} is set as it should be"));
    }
    wrong.iter().for_each(|wrong| findings.error(format!("{about}: {wrong}; check --fix sets it")));
}

fn plainly(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Unauthorised => {
            "our credentials are not accepted; look at the provider's account_sid and auth_token".into()
        }
        Trouble::Unknown(what) => {
            format!("the telephone company is in trouble itself, or can't be reached: {what}")
        }
        other => other.to_string(),
    }
}
