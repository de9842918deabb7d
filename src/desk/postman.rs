//! Takes happenings to those who want to know them: webhooks and mail. What is to be delivered are rows, committed with the
//! decision; the postman keeps nothing in memory that a crash could lose. Each receiver has a line of its own, so that one
//! who is slow keeps nobody else waiting, and none of them a caller.

use super::{
    Desk, Input, Outcome, Unavailable,
    customer_agents::Took,
    lines::{Lines, carry_on, unbroken},
    messenger::Sent,
    saving::Claim,
    settings::Refused,
};
use crate::{
    audio::trimmed_name,
    calls::channel::RecordingInMail,
    clock::Clock,
    notify::{
        client::Outward,
        mail::{Letter, Postbox, Recording, TicketNews, What},
        signing,
    },
    routing::ids::{CallId, DeliveryId, JobId, MessageId, TicketId, WebhookId},
    store::{
        Reader,
        audit::Author,
        deliveries::{DeliveryRow, Receiver},
        happenings::HappeningRow,
    },
    tickets::notifying::About,
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::{path::PathBuf, time::Duration};
use tokio::time::sleep;
use tracing::info;

/// Seconds between the tries, for webhooks and for mail; then it is given up.
const WEBHOOK_BACKOFF: [u64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
const MAIL_BACKOFF: [u64; 9] = [5, 60, 300, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400];
/// A recording that is larger is linked.
const ATTACHED_BYTES_MAX: usize = 10 << 20;

/// What became of a try, and what admins ask for.
#[derive(Debug, Clone)]
pub enum Errand {
    Tried {
        delivery: DeliveryId,
        receiver: Receiver,
        tries: u32,
        result: Tried,
    },
    Sent {
        message: MessageId,
        tries: u32,
        result: Sent,
    },
    /// What the customer agent made of a turn.
    AgentTook {
        ticket: TicketId,
        asked_at: DateTime<Utc>,
        took: Took,
    },
    Retry {
        what: Retried,
        by: Author,
        claim: Claim,
    },
}

/// What is to be tried again at once.
#[derive(Debug, Clone, Copy)]
pub enum Retried {
    /// `receiver`: it must be theirs.
    Delivery {
        delivery: DeliveryId,
        receiver: Option<Receiver>,
    },
    Job(JobId),
    /// One that was given up, of this ticket.
    Message {
        ticket: TicketId,
        message: MessageId,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    Done {
        status: Option<u16>,
    },
    Again {
        seconds: u64,
        status: Option<u16>,
        error: String,
    },
    /// `gone`: the receiver says that it wants no more.
    GivenUp {
        status: Option<u16>,
        error: String,
        gone: bool,
    },
}

pub struct Postman {
    pub desk: Desk,
    pub reader: Reader,
    pub clock: Clock,
    pub outward: Outward,
    pub postbox: Option<Postbox>,
    pub public_url: String,
    /// Where kept recordings are.
    pub voicemails: PathBuf,
}

impl Lines for Postman {
    type Line = Receiver;
    type Id = DeliveryId;
    type Item = DeliveryRow;
    const AT_ONCE: usize = 2;

    fn desk(&self) -> &Desk {
        &self.desk
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }

    async fn lines_due(&self, now: DateTime<Utc>) -> sqlx::Result<Vec<Receiver>> {
        self.reader.receivers_due(now).await
    }

    async fn due(
        &self,
        receiver: Receiver,
        now: DateTime<Utc>,
        limit: usize,
    ) -> sqlx::Result<Vec<DeliveryRow>> {
        self.reader.deliveries_due(receiver, now, limit).await
    }

    fn id(delivery: &DeliveryRow) -> DeliveryId {
        delivery.id
    }

    async fn next_due(&self, now: DateTime<Utc>) -> sqlx::Result<Option<DateTime<Utc>>> {
        self.reader.next_delivery(now).await
    }

    async fn carry(&self, delivery: DeliveryRow) {
        let broke = || {
            let error = "delivering it breaks: this is a fault of the program".into();
            again(&WEBHOOK_BACKOFF, delivery.tries, None, error)
        };
        let result = unbroken(self.deliver(&delivery)).await.unwrap_or_else(broke);
        let (receiver, tries) = (delivery.receiver, delivery.tries.saturating_add(1));
        let errand = Errand::Tried { delivery: delivery.id, receiver, tries, result };
        while let Err(Unavailable) = self.desk.ask(Input::Errand(errand.clone())).await {
            sleep(Duration::from_secs(1)).await;
        }
    }
}

impl Postman {
    pub async fn run(self, stop: impl Future<Output = ()>) {
        carry_on(self, stop).await;
    }

    async fn deliver(&self, delivery: &DeliveryRow) -> Tried {
        match self.reader.happening(delivery.happening).await {
            Ok(Some(happening)) => match delivery.receiver {
                Receiver::Webhook(webhook) => self.post(webhook, &happening, delivery.tries).await,
                Receiver::Mail => self.mail(delivery, &happening).await,
            },
            Ok(None) => given_up(None, "what happened is forgotten".into()),
            Err(error) => again(&WEBHOOK_BACKOFF, delivery.tries, None, error.to_string()),
        }
    }

    async fn post(&self, webhook: WebhookId, happening: &HappeningRow, tries: u32) -> Tried {
        let settings = self.desk.settings();
        let Some(webhook) = settings.webhooks.get(&webhook).filter(|webhook| webhook.disabled_at.is_none())
        else {
            return given_up(None, "the webhook is disabled".into());
        };
        let now = self.clock.now().at;
        let old = webhook.old.as_ref().filter(|(_, until)| now < *until).map(|(secret, _)| secret);
        let secrets = std::iter::once(&webhook.secret).chain(old).map(|secret| secret.0.as_str());
        let id = happening.id.to_string();
        let Some(headers) = signing::headers(&id, now.timestamp(), &happening.document, secrets) else {
            return given_up(None, "the webhook's secret can't sign".into());
        };
        match self.outward.post(&webhook.url, headers, happening.document.clone()).await {
            Ok(status) if status.is_success() => Tried::Done { status: Some(status.as_u16()) },
            Ok(status) if status.as_u16() == 410 => {
                info!(webhook.id = %webhook.id, "a webhook's receiver wants no more");
                let error = "it answers 410: it wants no more".into();
                Tried::GivenUp { status: Some(410), error, gone: true }
            }
            Ok(status) => {
                let status = status.as_u16();
                again(&WEBHOOK_BACKOFF, tries, Some(status), format!("it answers {status}"))
            }
            Err(trouble) => again(&WEBHOOK_BACKOFF, tries, None, trouble.0),
        }
    }

    async fn mail(&self, delivery: &DeliveryRow, happening: &HappeningRow) -> Tried {
        let Some(postbox) = &self.postbox else {
            return again(&MAIL_BACKOFF, delivery.tries, None, "no mail server is configured".into());
        };
        let letter = match self.letter(delivery, happening).await {
            Ok(Some(letter)) => letter,
            Ok(None) => return given_up(None, "there is nothing to write about it".into()),
            Err(error) => return again(&MAIL_BACKOFF, delivery.tries, None, format!("{error:#}")),
        };
        match postbox.send(&letter).await {
            Ok(()) => Tried::Done { status: Some(250) },
            Err(trouble) if trouble.is_final => given_up(trouble.code, trouble.words),
            Err(trouble) => again(&MAIL_BACKOFF, delivery.tries, trouble.code, trouble.words),
        }
    }

    async fn letter(
        &self,
        delivery: &DeliveryRow,
        happening: &HappeningRow,
    ) -> anyhow::Result<Option<Letter>> {
        let document: Value = serde_json::from_str(&happening.document)?;
        let data = &document["data"];
        let text = |key: &str| data[key].as_str().unwrap_or_default().to_owned();
        let Some(to) = delivery.recipient.clone() else { return Ok(None) };
        let settings = self.desk.settings();
        let id = text("channel").parse().ok();
        let channel = id.and_then(|channel| settings.channels.get(&channel));
        let ticket_channel = id.and_then(|channel| settings.ticket_channels.get(&channel));
        let instant = |key: &str| data[key].as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok());
        let arrived = instant("arrived_at").unwrap_or(happening.at);
        let zone = channel.map(|channel| &channel.zone).or(ticket_channel.map(|channel| &channel.zone));
        let local_time = match zone {
            Some(zone) => {
                let local = zone.local(arrived).format("%A %-d %B %Y, %H:%M");
                format!("{local} ({})", zone.name())
            }
            None => arrived.format("%A %-d %B %Y, %H:%M (UTC)").to_string(),
        };
        let letter = |what, about: String| Letter {
            id: format!("{}.{}", happening.id, delivery.id),
            to,
            at: happening.at,
            what,
            from: text("from"),
            called: text("to"),
            channel: channel
                .map(|channel| &channel.name)
                .or(ticket_channel.map(|channel| &channel.name))
                .cloned()
                .unwrap_or_default(),
            local_time,
            link: format!("{}/api/v1/{about}", self.public_url),
        };
        if happening.kind == "agent.misses_calls" {
            let Ok(agent) = text("agent").parse() else { return Ok(None) };
            let (name, misses) = (settings.name_of(agent), data["misses"].as_u64().unwrap_or(0));
            return Ok(Some(letter(What::LastAgent { name, misses }, format!("users/{agent}"))));
        }
        if happening.kind == "user.notified" {
            let Some((ticket, news)) = happening.ticket.zip(ticket_news(&text("about"))) else {
                return Ok(None);
            };
            let said = data["text"].as_str().map(str::to_owned);
            let what = What::Ticket { news, subject: text("subject"), said };
            let link = format!("{}/tickets/{ticket}", self.public_url);
            let from = data["customer"]["value"].as_str().unwrap_or_default().to_owned();
            return Ok(Some(Letter { link, from, ..letter(what, String::new()) }));
        }
        let Some(call) = happening.call else { return Ok(None) };
        let what = if happening.kind == "voicemail.kept" {
            let seconds =
                data["voicemail"]["seconds"].as_u64().and_then(|seconds| u32::try_from(seconds).ok());
            let wish = channel.map_or(RecordingInMail::None, |channel| channel.notify.recording);
            let seconds = seconds.unwrap_or(0);
            What::Voicemail { seconds, recording: self.recording(call, happening, wish).await? }
        } else {
            let ended = instant("ended_at").unwrap_or(happening.at);
            What::Missed { seconds: (ended - arrived).num_seconds().max(0) }
        };
        Ok(Some(letter(what, format!("calls/{call}"))))
    }

    async fn recording(
        &self,
        call: CallId,
        happening: &HappeningRow,
        wish: RecordingInMail,
    ) -> anyhow::Result<Recording> {
        let link = || Recording::Linked(format!("{}/api/v1/calls/{call}/voicemail", self.public_url));
        match wish {
            RecordingInMail::None => Ok(Recording::None),
            RecordingInMail::Link => Ok(link()),
            RecordingInMail::Attach => {
                // A call may keep several messages; this one was kept at this very instant.
                let kept = self.reader.voicemails(&[call]).await?;
                let Some(kept) = kept.into_iter().find(|kept| kept.kept_at == happening.at) else {
                    return Ok(link());
                };
                let bytes = match tokio::fs::read(self.voicemails.join(trimmed_name(&kept.sha256))).await {
                    Ok(trimmed) => trimmed,
                    Err(_) => tokio::fs::read(self.voicemails.join(format!("{}.wav", kept.sha256))).await?,
                };
                Ok(if bytes.len() > ATTACHED_BYTES_MAX { link() } else { Recording::Attached(bytes) })
            }
        }
    }
}

fn ticket_news(about: &str) -> Option<TicketNews> {
    Some(match About::named(about)? {
        About::Unassigned => TicketNews::IsNobodys,
        About::Assigned => TicketNews::IsYours,
        About::Message => TicketNews::CustomerWrote,
        About::OwnerAbsent => TicketNews::ContactWrote,
    })
}

fn given_up(status: Option<u16>, error: String) -> Tried {
    Tried::GivenUp { status, error, gone: false }
}

fn again(backoff: &[u64], tries: u32, status: Option<u16>, error: String) -> Tried {
    match backoff.get(usize::try_from(tries).unwrap_or(usize::MAX)) {
        Some(&seconds) => Tried::Again { seconds, status, error },
        None => given_up(status, error),
    }
}

impl Desk {
    /// Has somebody's wish for another try carried out.
    pub async fn retry(&self, what: Retried, by: Author) -> Result<Result<(), Refused>, Unavailable> {
        let claim = Claim::default();
        let errand = Errand::Retry { what, by, claim: claim.clone() };
        match self.ask_soon(Input::Errand(errand), &claim).await? {
            Outcome::Done => Ok(Ok(())),
            Outcome::Refused(refused) => Ok(Err(refused)),
            _ => Err(Unavailable),
        }
    }
}
