//! Whether the daemon lives, and whether it can record.

use super::{Problem, Web, auth::Caller};
use crate::{messaging::email, tickets::channel::Way};
use axum::extract::State;

pub async fn live() -> &'static str {
    "ok\n"
}

/// Whether it can record; why not, and what will go wrong next, is for admins and supervisors. It never gates webhooks:
/// a caller is answered even when nothing can be recorded.
pub async fn ready(caller: Result<Caller, Problem>, State(web): State<Web>) -> Result<String, Problem> {
    let is_told = caller.is_ok_and(|caller| caller.must_not_be_agent().is_ok());
    let Some(why) = web.desk.health().why_down() else {
        let warnings = if is_told { warnings(&web).await } else { Vec::new() };
        return Ok(warnings.into_iter().fold("ok\n".into(), |text, line| format!("{text}warning: {line}\n")));
    };
    let title = match why {
        _ if !is_told => "Nothing can be recorded at the moment".to_owned(),
        why if web.desk.spool().is_failing() => {
            format!("The store takes no writes: {why}; and webhooks can't be set aside either")
        }
        why => format!("The store takes no writes: {why}"),
    };
    Err(Problem::new(503, title))
}

/// What will go wrong next.
pub async fn warnings(web: &Web) -> Vec<String> {
    let mut warnings = web.desk.health().warnings();
    warnings.extend(web.limits.warnings());
    warnings.extend(without_mailbox(web));
    warnings.extend(without_account(web));
    warnings.extend(given_up(web).await);
    warnings
}

/// Channels of mail that get none.
fn without_mailbox(web: &Web) -> Vec<String> {
    let settings = web.desk.settings();
    let told = settings.ticket_channels.values().filter(|channel| channel.enabled).filter_map(|channel| {
        let Way::Email(email) = &channel.way else { return None };
        let lacking = email::settings::lacking(&web.mailboxes, &email.mailbox)?;
        Some(format!("channel {}: {lacking}", channel.name))
    });
    let mut told: Vec<String> = told.collect();
    told.sort_unstable();
    told
}

/// Channels of WhatsApp that hear nothing, or can't answer.
fn without_account(web: &Web) -> Vec<String> {
    let settings = web.desk.settings();
    let enabled = settings.ticket_channels.values().filter(|channel| channel.enabled);
    let told = enabled.flat_map(|channel| {
        let Way::Whatsapp(whatsapp) = &channel.way else { return Vec::new() };
        let (name, account) = (&channel.name, &whatsapp.account);
        match web.whatsapp.get(account) {
            None => vec![format!("channel {name}: no account {account} of WhatsApp is configured")],
            Some(own) => {
                let missing = own.missing().into_iter();
                missing.map(|key| format!("channel {name}: whatsapp.{account} has no {key}")).collect()
            }
        }
    });
    let mut told: Vec<String> = told.collect();
    told.sort_unstable();
    told
}

/// What somebody has to look at. It is tried again from there.
async fn given_up(web: &Web) -> Option<String> {
    let counts = tokio::try_join!(web.reader.job_counts(), web.reader.delivery_counts());
    let (jobs, deliveries) = match counts {
        Ok((jobs, deliveries)) => (jobs.failed, deliveries.failed),
        Err(error) => return Some(format!("what was given up can't be read: {error}")),
    };
    (jobs + deliveries > 0).then(|| {
        format!(
            "{jobs} commands to telephone companies and {deliveries} webhooks and mails were given up; \
             /api/v1/jobs lists them"
        )
    })
}
