//! Asks the outside services that answer before people do (R25). Whose turn it is are rows, committed with the message that
//! is to be answered; each is asked once, and has until its deadline. Whatever does not come to an answer hands over.

use super::{Desk, Input, Unavailable, lines::unbroken, postman::Errand};
use crate::{
    clock::Clock,
    notify::{client::Outward, signing},
    routing::ids::TicketId,
    store::{Reader, messages::MessageRow, turns::Turn},
    tickets::{
        channel::{Channel, CustomerAgent, Mode},
        message::{Author, Side},
        ticket::{Status, Ticket},
    },
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::HashSet, sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::sleep};
use tracing::warn;

/// How many are asked at once, and how many more at each look while those let themselves be waited for: one slow agent
/// keeps no other from being asked before its deadline.
const AT_ONCE: u32 = 64;
const AT_ONCE_MAX: u32 = 1_024;
/// How much of the conversation it is told, up to what it is to answer.
const MESSAGES_TOLD: u32 = 200;
/// And how much text.
const CONVERSATION_BYTES_MAX: usize = 1 << 20;
const TEXT_CHARS_MAX: usize = 50_000;
const BECAUSE_CHARS_MAX: usize = 300;
const LOOK_AT_MOST_EVERY: Duration = Duration::from_millis(50);
const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(60);

/// What came of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Took {
    Answers {
        text: String,
        /// What the ticket becomes with it.
        status: Option<Status>,
    },
    HandsOver {
        because: Option<String>,
    },
    Fails {
        error: String,
    },
}

/// What it may say.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
enum Said {
    Answer {
        text: String,
        #[serde(default)]
        status: Option<Status>,
    },
    HandOver {
        #[serde(default)]
        because: Option<String>,
    },
}

pub struct CustomerAgents {
    pub desk: Desk,
    pub reader: Reader,
    pub clock: Clock,
    pub outward: Outward,
    /// What they know us by; without it nobody is asked.
    pub secret: Option<String>,
}

impl CustomerAgents {
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let agents = Arc::new(self);
        let mut news = agents.desk.news();
        let mut turns = JoinSet::new();
        let mut under_way = HashSet::new();
        tokio::pin!(stop);
        loop {
            let nap = match agents.start_open(&mut turns, &mut under_way).await {
                Ok(()) => LOOK_AT_LEAST_EVERY,
                Err(error) => {
                    warn!(%error, "whose turn it is can't be read");
                    Duration::from_secs(1)
                }
            };
            tokio::select! {
                () = &mut stop => return,
                changed = news.changed() => if changed.is_err() { return },
                () = sleep(nap) => {}
                Some(done) = turns.join_next() => if let Ok(turn) = done {
                    under_way.remove(&turn);
                },
            }
            sleep(LOOK_AT_MOST_EVERY).await;
            while let Some(done) = turns.try_join_next() {
                if let Ok(turn) = done {
                    under_way.remove(&turn);
                }
            }
        }
    }

    async fn start_open(
        self: &Arc<Self>,
        turns: &mut JoinSet<(TicketId, DateTime<Utc>)>,
        under_way: &mut HashSet<(TicketId, DateTime<Utc>)>,
    ) -> sqlx::Result<()> {
        // Those under way are open, too.
        let busy = u32::try_from(under_way.len()).unwrap_or(u32::MAX);
        let limit = AT_ONCE.saturating_add(busy).min(AT_ONCE_MAX);
        for turn in self.reader.open_turns(limit).await? {
            let one = (turn.ticket, turn.asked_at);
            if under_way.insert(one) {
                let agents = self.clone();
                turns.spawn(async move {
                    agents.take(turn).await;
                    one
                });
            }
        }
        Ok(())
    }

    /// Asks once, and reports until the report is on the disk.
    async fn take(&self, turn: Turn) {
        let broke = || Err("asking it breaks: this is a fault of the program".into());
        let took = unbroken(self.ask(turn)).await.unwrap_or_else(broke);
        let took = took.unwrap_or_else(|error| Took::Fails { error });
        let errand = Errand::AgentTook { ticket: turn.ticket, asked_at: turn.asked_at, took };
        while let Err(Unavailable) = self.desk.ask(Input::Errand(errand.clone())).await {
            sleep(Duration::from_secs(1)).await;
        }
    }

    /// Err: why it came to nothing.
    async fn ask(&self, turn: Turn) -> Result<Took, String> {
        let secret = self.secret.as_deref().ok_or("no secret of customer agents is configured")?;
        let unreadable = |error: sqlx::Error| error.to_string();
        let ticket =
            self.reader.ticket(turn.ticket).await.map_err(unreadable)?.ok_or("the ticket is gone")?;
        let messages = self.reader.latest_messages(turn.ticket, MESSAGES_TOLD).await.map_err(unreadable)?;
        let settings = self.desk.settings();
        let channel = ticket.channel.and_then(|channel| settings.ticket_channels.get(&channel));
        let channel = channel.filter(|channel| channel.assignment.mode == Mode::Agent);
        let agent = channel.and_then(|channel| Some((channel, channel.assignment.agent.as_ref()?)));
        let (channel, CustomerAgent { url, deadline_seconds }) =
            agent.ok_or("the channel asks none any more")?;
        let too_late = || format!("it did not answer within {deadline_seconds} seconds");
        let now = self.clock.now().at;
        let until = turn.until.unwrap_or(now);
        let within = (until - now).to_std().map_err(|_| too_late())?;
        let body = document(&ticket, channel, &messages, now, until).to_string();
        // The same turn again, after a crash, has the same id.
        let id = format!("{}.{}", turn.ticket, turn.asked_at.timestamp_millis());
        let headers = signing::headers(&id, now.timestamp(), &body, std::iter::once(secret));
        let headers = headers.ok_or("the secret of customer agents can't sign")?;
        match tokio::time::timeout(within, self.outward.ask(url, headers, body)).await {
            Ok(Ok((status, answer))) => understood(status.as_u16(), &answer),
            Ok(Err(trouble)) => Err(trouble.0),
            Err(_) => Err(too_late()),
        }
    }
}

/// Nothing said is a hand-over, too.
fn understood(status: u16, answer: &[u8]) -> Result<Took, String> {
    match status {
        204 => return Ok(Took::HandsOver { because: None }),
        200..300 => {}
        _ => return Err(format!("it answers {status}")),
    }
    let said = serde_json::from_slice(answer).map_err(|_| "its answer can't be understood".to_owned())?;
    match said {
        Said::Answer { text, .. } if text.trim().is_empty() => Err("its answer is empty".into()),
        Said::Answer { text, .. } if text.chars().count() > TEXT_CHARS_MAX => {
            Err("its answer is too long".into())
        }
        Said::Answer { text, status } => Ok(Took::Answers { text: text.trim().to_owned(), status }),
        Said::HandOver { because } => {
            let because = because.map(|because| because.trim().chars().take(BECAUSE_CHARS_MAX).collect());
            Ok(Took::HandsOver { because: because.filter(|because: &String| !because.is_empty()) })
        }
    }
}

fn document(
    ticket: &Ticket,
    channel: &Channel,
    messages: &[MessageRow],
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Value {
    json!({
        "type": "customer_agent.turn",
        "timestamp": now,
        "data": {
            "ticket": {
                "id": ticket.id, "subject": ticket.subject, "status": ticket.status.name(),
                "contact": ticket.contact, "properties": ticket.properties,
            },
            "channel": { "id": channel.id, "name": channel.name },
            "customer": ticket.customer,
            "messages": latest(messages).iter().map(told).collect::<Vec<_>>(),
            "answer_by": until,
        },
    })
}

/// The last ones that have room, the newest in any case.
fn latest(messages: &[MessageRow]) -> &[MessageRow] {
    let mut room = CONVERSATION_BYTES_MAX;
    let has_room = |row: &&MessageRow| {
        let bytes = row.message.text.len();
        let fits = bytes <= room;
        room = room.saturating_sub(bytes);
        fits
    };
    let fitting = messages.iter().rev().take_while(has_room).count().max(1);
    &messages[messages.len().saturating_sub(fitting)..]
}

fn told(MessageRow { message, .. }: &MessageRow) -> Value {
    let by = match &message.side {
        Side::In { name, .. } => json!({ "side": "in", "name": name }),
        Side::Out { by: Author::CustomerAgent, .. } => json!({ "side": "out", "by": "customer_agent" }),
        Side::Out { by: Author::User(user), .. } => json!({ "side": "out", "by": user }),
        Side::Out { by: Author::Token, .. } => json!({ "side": "out", "by": null }),
    };
    let files: Vec<Value> = message
        .attachments
        .iter()
        .map(|file| json!({ "name": file.name, "content_type": file.content_type, "bytes": file.bytes }))
        .collect();
    let mut told = json!({ "id": message.id, "at": message.at, "text": message.text, "attachments": files });
    if let (Some(told), Value::Object(by)) = (told.as_object_mut(), by) {
        told.extend(by);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        routing::ids::{ChannelId, MessageId},
        tickets::{incoming::Identity, message::Message},
    };
    use uuid::Uuid;

    fn written(text: String) -> MessageRow {
        MessageRow::new(Message {
            id: MessageId(Uuid::nil()),
            ticket: None,
            channel: ChannelId(Uuid::nil()),
            at: DateTime::UNIX_EPOCH,
            side: Side::In { from: Identity::Unknown, name: None, automatic: false },
            subject: None,
            text,
            html: None,
            attachments: Vec::new(),
            outside_id: None,
        })
    }

    #[test]
    fn of_a_long_conversation_the_last_of_it_is_told_and_what_is_to_be_answered_in_any_case() {
        let texts = |bytes: &[usize]| -> Vec<MessageRow> {
            bytes.iter().map(|bytes| written("x".repeat(*bytes))).collect()
        };
        let told = |bytes: &[usize]| latest(&texts(bytes)).len();
        let third = CONVERSATION_BYTES_MAX / 3;
        assert_eq!(told(&[]), 0);
        assert_eq!(told(&[1, 2, 3]), 3);
        assert_eq!(told(&[1, third, third, third]), 4);
        assert_eq!(told(&[third, third, third, third]), 3);
        assert_eq!(told(&[1, CONVERSATION_BYTES_MAX + 1]), 1);
    }

    #[test]
    fn an_answer_a_hand_over_and_everything_else_are_told_apart() {
        let said = |status, answer: &str| understood(status, answer.as_bytes());
        let answers = |text: &str, status| Ok(Took::Answers { text: text.into(), status });
        let fails = |error: &str| Err(error.to_owned());
        let hands_over = |because: Option<&str>| Ok(Took::HandsOver { because: because.map(str::to_owned) });
        assert_eq!(said(200, r#"{"action": "answer", "text": " Yes. "}"#), answers("Yes.", None));
        let closes = r#"{"action": "answer", "text": "Yes.", "status": "closed", "more": 1}"#;
        assert_eq!(said(201, closes), answers("Yes.", Some(Status::Closed)));
        assert_eq!(said(200, r#"{"action": "hand_over"}"#), hands_over(None));
        assert_eq!(said(200, r#"{"action": "hand_over", "because": "  "}"#), hands_over(None));
        assert_eq!(said(200, r#"{"action": "hand_over", "because": "angry"}"#), hands_over(Some("angry")));
        assert_eq!(said(204, ""), hands_over(None));
        assert_eq!(said(200, r#"{"action": "answer", "text": " "}"#), fails("its answer is empty"));
        for wrong in ["", "{}", "[]", "<html>", r#"{"action": "dance"}"#, r#"{"action": "answer"}"#, "\u{0}"]
        {
            assert_eq!(said(200, wrong), fails("its answer can't be understood"), "{wrong}");
        }
        assert_eq!(said(500, ""), fails("it answers 500"));
        assert_eq!(said(302, ""), fails("it answers 302"));
        let long = json!({ "action": "answer", "text": "x".repeat(TEXT_CHARS_MAX + 1) }).to_string();
        assert_eq!(said(200, &long), fails("its answer is too long"));
    }
}
