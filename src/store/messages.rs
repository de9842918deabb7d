//! Messages on tickets, in and out, and those that wait to be sent.

use super::{
    Reader, attachments, damaged, id, instant, ms, optional_id,
    script::{Script, Values},
    to_json,
    visible::{LOOKED_AT_MAX, Seen},
};
use crate::{
    routing::ids::{ChannelId, MessageId, TicketId},
    tickets::{
        incoming::Identity,
        message::{Author, Message, Sending, Side},
    },
};
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection, sqlite::SqliteRow};

/// A message, and what is only known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    pub message: Message,
    /// Under its channel and this it is the same message come again.
    pub key: Option<String>,
    /// The file of the whole message as it came.
    pub raw: Option<String>,
    /// What it answers, by outside ids, the nearest first.
    pub references: Vec<String>,
    /// When it is sent, or sent again; `None`: there is nothing to send.
    pub due_at: Option<DateTime<Utc>>,
    /// How often it was tried to send it.
    pub tries: u32,
    /// What went wrong the last time.
    pub error: Option<String>,
}

impl MessageRow {
    /// A message with nothing to send.
    pub fn new(message: Message) -> Self {
        Self { message, key: None, raw: None, references: Vec::new(), due_at: None, tries: 0, error: None }
    }
}

pub(super) fn write<'a>(script: &mut Script, messages: impl Iterator<Item = &'a MessageRow>) {
    let rows: Vec<&MessageRow> = messages.collect();
    let insert = "insert into messages (id, ticket, channel, at_ms, side, person_kind, person, name, automatic, author,
            state, state_ms, error, subject, text, html, outside_id, message_key, raw, answers, tries, due_ms) ";
    let bind = |mut row: Values<'_>, stored: &&MessageRow| {
        let Message { id, ticket, channel, at, side, subject, text, html, outside_id, .. } = &stored.message;
        let columns = SideColumns::of(side);
        row.push_bind(id.to_string())
            .push_bind(ticket.map(|ticket| ticket.to_string()))
            .push_bind(channel.to_string())
            .push_bind(ms(*at))
            .push_bind(columns.side)
            .push_bind(identity_kind(columns.person))
            .push_bind(identity_value(columns.person).map(str::to_owned))
            .push_bind(columns.name.map(str::to_owned))
            .push_bind(columns.automatic.then_some(1_i64))
            .push_bind(columns.author)
            .push_bind(columns.state)
            .push_bind(columns.state_ms)
            .push_bind(stored.error.clone())
            .push_bind(subject.clone())
            .push_bind(text.clone())
            .push_bind(html.clone())
            .push_bind(outside_id.clone())
            .push_bind(stored.key.clone())
            .push_bind(stored.raw.clone())
            .push_bind((!stored.references.is_empty()).then(|| to_json(&stored.references)))
            .push_bind(i64::from(stored.tries))
            .push_bind(stored.due_at.map(ms));
    };
    let or = " on conflict (id) do update set ticket = excluded.ticket, state = excluded.state,
            state_ms = excluded.state_ms, error = excluded.error, outside_id = excluded.outside_id,
            tries = excluded.tries, due_ms = excluded.due_ms";
    script.insert(insert, &rows, bind, or);
    attachments::write(script, rows.iter().map(|row| &row.message));
}

/// What is said of either side, in columns.
struct SideColumns<'a> {
    side: &'static str,
    person: &'a Identity,
    name: Option<&'a str>,
    automatic: bool,
    author: Option<String>,
    state: Option<&'static str>,
    state_ms: Option<i64>,
}

impl<'a> SideColumns<'a> {
    fn of(side: &'a Side) -> Self {
        match side {
            Side::In { from, name, automatic } => Self {
                side: "in",
                person: from,
                name: name.as_deref(),
                automatic: *automatic,
                author: None,
                state: None,
                state_ms: None,
            },
            Side::Out { by, to, state } => Self {
                side: "out",
                person: to,
                name: None,
                automatic: false,
                author: Some(author_text(*by)),
                state: Some(state.name()),
                state_ms: state.at().map(ms),
            },
        }
    }
}

pub(super) fn identity_kind(identity: &Identity) -> &'static str {
    match identity {
        Identity::Number(_) => "number",
        Identity::Email(_) => "email",
        Identity::Visitor(_) => "visitor",
        Identity::Unknown => "unknown",
    }
}

pub(super) fn identity_value(identity: &Identity) -> Option<&str> {
    match identity {
        Identity::Number(value) | Identity::Email(value) | Identity::Visitor(value) => Some(value),
        Identity::Unknown => None,
    }
}

pub(super) fn identity(kind: &str, value: Option<String>) -> sqlx::Result<Identity> {
    match (kind, value) {
        ("number", Some(value)) => Ok(Identity::Number(value)),
        ("email", Some(value)) => Ok(Identity::Email(value)),
        ("visitor", Some(value)) => Ok(Identity::Visitor(value)),
        ("unknown", None) => Ok(Identity::Unknown),
        _ => Err(damaged("identity")(kind.to_owned())),
    }
}

pub(super) fn author_text(author: Author) -> String {
    match author {
        Author::User(user) => user.to_string(),
        Author::CustomerAgent => "customer_agent".into(),
        Author::Token => "token".into(),
    }
}

pub(super) fn author(text: &str) -> sqlx::Result<Author> {
    match text {
        "customer_agent" => Ok(Author::CustomerAgent),
        "token" => Ok(Author::Token),
        user => user.parse().map(Author::User).map_err(|_| damaged("author")(user.to_owned())),
    }
}

/// All but what was written.
const OUTLINE: &str = "select id, ticket, channel, at_ms, side, person_kind, person, name, automatic, author, state,
    state_ms, error, null as subject, '' as text, null as html, outside_id, message_key, raw, answers, tries, due_ms
    from messages ";

const COLUMNS: &str = "select id, ticket, channel, at_ms, side, person_kind, person, name, automatic, author, state,
    state_ms, error, subject, text, html, outside_id, message_key, raw, answers, tries, due_ms from messages ";

fn read(row: &SqliteRow) -> sqlx::Result<MessageRow> {
    let error: Option<String> = row.try_get("error")?;
    let person = identity(row.try_get("person_kind")?, row.try_get("person")?)?;
    let side = match row.try_get("side")? {
        "in" => Side::In {
            from: person,
            name: row.try_get("name")?,
            automatic: row.try_get::<Option<i64>, _>("automatic")?.is_some(),
        },
        "out" => Side::Out { by: author(row.try_get("author")?)?, to: person, state: state(row, &error)? },
        side => return Err(damaged("side")(side.to_owned())),
    };
    let answers: Option<String> = row.try_get("answers")?;
    let references = match answers {
        Some(json) => serde_json::from_str(&json).map_err(|_| damaged("references")(json.clone()))?,
        None => Vec::new(),
    };
    Ok(MessageRow {
        message: Message {
            id: id(row, "id")?,
            ticket: optional_id(row, "ticket")?,
            channel: id(row, "channel")?,
            at: instant(row.try_get("at_ms")?),
            side,
            subject: row.try_get("subject")?,
            text: row.try_get("text")?,
            html: row.try_get("html")?,
            attachments: Vec::new(),
            outside_id: row.try_get("outside_id")?,
        },
        key: row.try_get("message_key")?,
        raw: row.try_get("raw")?,
        references,
        due_at: row.try_get::<Option<i64>, _>("due_ms")?.map(instant),
        tries: u32::try_from(row.try_get::<i64, _>("tries")?).unwrap_or(u32::MAX),
        error,
    })
}

fn state(row: &SqliteRow, error: &Option<String>) -> sqlx::Result<Sending> {
    let at = instant(row.try_get::<Option<i64>, _>("state_ms")?.unwrap_or_default());
    match row.try_get("state")? {
        "queued" => Ok(Sending::Queued),
        "sent" => Ok(Sending::Sent { at }),
        "delivered" => Ok(Sending::Delivered { at }),
        "read" => Ok(Sending::Read { at }),
        "failed" => Ok(Sending::Failed { at, error: error.clone().unwrap_or_default() }),
        state => Err(damaged("state of a message")(state.to_owned())),
    }
}

/// Runs a query, and reads the attachments of what it finds.
async fn all(
    mut query: QueryBuilder<Sqlite>,
    connection: &mut SqliteConnection,
) -> sqlx::Result<Vec<MessageRow>> {
    let rows = query.build().fetch_all(&mut *connection).await?;
    let mut found: Vec<MessageRow> = rows.iter().map(read).collect::<sqlx::Result<_>>()?;
    let ids: Vec<MessageId> = found.iter().map(|row| row.message.id).collect();
    for (message, attachment) in attachments::of(connection, &ids).await? {
        if let Some(row) = found.iter_mut().find(|row| row.message.id == message) {
            row.message.attachments.push(attachment);
        }
    }
    Ok(found)
}

async fn first(
    query: QueryBuilder<Sqlite>,
    connection: &mut SqliteConnection,
) -> sqlx::Result<Option<MessageRow>> {
    Ok(all(query, connection).await?.into_iter().next())
}

pub async fn one(connection: &mut SqliteConnection, message: MessageId) -> sqlx::Result<Option<MessageRow>> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push("where id = ").push_bind(message.to_string());
    first(query, connection).await
}

/// The same message, come before.
pub async fn by_key(
    connection: &mut SqliteConnection,
    channel: ChannelId,
    key: &str,
) -> sqlx::Result<Option<MessageRow>> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push("where message_key = ").push_bind(key.to_owned());
    query.push(" and channel = ").push_bind(channel.to_string());
    first(query, connection).await
}

/// What is called so outside.
pub async fn by_outside_id(
    connection: &mut SqliteConnection,
    channel: ChannelId,
    outside_id: &str,
) -> sqlx::Result<Option<MessageRow>> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push("where outside_id = ").push_bind(outside_id.to_owned());
    query.push(" and channel = ").push_bind(channel.to_string()).push(" order by id desc limit 1");
    first(query, connection).await
}

/// The latest message with this person on this channel, in or out, that belongs to a ticket.
pub async fn latest_with(
    connection: &mut SqliteConnection,
    channel: ChannelId,
    person: &Identity,
) -> sqlx::Result<Option<MessageRow>> {
    let Some(value) = identity_value(person) else { return Ok(None) };
    let mut query = QueryBuilder::new(COLUMNS);
    query.push("where person = ").push_bind(value.to_owned());
    query.push(" and person_kind = ").push_bind(identity_kind(person));
    query.push(" and channel = ").push_bind(channel.to_string());
    query.push(" and ticket is not null order by id desc limit 1");
    first(query, connection).await
}

/// The latest messages of a ticket, the newest first.
async fn latest_of_ticket(
    connection: &mut SqliteConnection,
    ticket: TicketId,
    limit: u32,
) -> sqlx::Result<Vec<MessageRow>> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push("where ticket = ").push_bind(ticket.to_string());
    query.push(" order by id desc limit ").push_bind(i64::from(limit));
    all(query, connection).await
}

/// The same without what was written, and without attachments: mails may be long.
pub async fn outline_of_ticket(
    connection: &mut SqliteConnection,
    ticket: TicketId,
    limit: u32,
) -> sqlx::Result<Vec<MessageRow>> {
    let mut query = QueryBuilder::new(OUTLINE);
    query.push("where ticket = ").push_bind(ticket.to_string());
    query.push(" order by id desc limit ").push_bind(i64::from(limit));
    query.build().fetch_all(connection).await?.iter().map(read).collect()
}

impl Reader {
    /// The messages of a ticket after `after`, the oldest first.
    pub async fn messages(
        &self,
        ticket: TicketId,
        after: Option<MessageId>,
        limit: u32,
    ) -> sqlx::Result<Vec<MessageRow>> {
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where ticket = ").push_bind(ticket.to_string());
        if let Some(after) = after {
            query.push(" and id > ").push_bind(after.to_string());
        }
        query.push(" order by id limit ").push_bind(i64::from(limit));
        let mut connection = self.pool.acquire().await?;
        all(query, &mut connection).await
    }

    /// The latest messages of a ticket, the oldest of them first.
    pub async fn latest_messages(&self, ticket: TicketId, limit: u32) -> sqlx::Result<Vec<MessageRow>> {
        let mut connection = self.pool.acquire().await?;
        let mut found = latest_of_ticket(&mut connection, ticket, limit).await?;
        found.reverse();
        Ok(found)
    }

    pub async fn message(&self, message: MessageId) -> sqlx::Result<Option<MessageRow>> {
        let mut connection = self.pool.acquire().await?;
        one(&mut connection, message).await
    }

    /// What was written with this person on this channel after `after`, the oldest first: what a visitor of a chat sees.
    pub async fn messages_with(
        &self,
        channel: ChannelId,
        person: &Identity,
        after: Option<MessageId>,
        limit: u32,
    ) -> sqlx::Result<Vec<MessageRow>> {
        let Some(value) = identity_value(person) else { return Ok(Vec::new()) };
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where person = ").push_bind(value.to_owned());
        query.push(" and person_kind = ").push_bind(identity_kind(person));
        query.push(" and channel = ").push_bind(channel.to_string());
        if let Some(after) = after {
            query.push(" and id > ").push_bind(after.to_string());
        }
        query.push(" order by id limit ").push_bind(i64::from(limit));
        let mut connection = self.pool.acquire().await?;
        all(query, &mut connection).await
    }

    /// The latest that was written with this person on this channel, the oldest first.
    pub async fn latest_messages_with(
        &self,
        channel: ChannelId,
        person: &Identity,
        limit: u32,
    ) -> sqlx::Result<Vec<MessageRow>> {
        let Some(value) = identity_value(person) else { return Ok(Vec::new()) };
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where person = ").push_bind(value.to_owned());
        query.push(" and person_kind = ").push_bind(identity_kind(person));
        query.push(" and channel = ").push_bind(channel.to_string());
        query.push(" order by id desc limit ").push_bind(i64::from(limit));
        let mut connection = self.pool.acquire().await?;
        let mut found = all(query, &mut connection).await?;
        found.reverse();
        Ok(found)
    }

    /// What was written with visitors, on whatever channel, after `after`, the oldest first.
    pub async fn messages_of_visitors(
        &self,
        after: Option<MessageId>,
        limit: u32,
    ) -> sqlx::Result<Vec<MessageRow>> {
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where person_kind = 'visitor'");
        if let Some(after) = after {
            query.push(" and id > ").push_bind(after.to_string());
        }
        query.push(" order by id limit ").push_bind(i64::from(limit));
        let mut connection = self.pool.acquire().await?;
        all(query, &mut connection).await
    }

    /// The newest message of all.
    pub async fn last_message(&self) -> sqlx::Result<Option<MessageId>> {
        let newest = sqlx::query("select id from messages order by id desc limit 1");
        let newest = newest.fetch_optional(&self.pool).await?;
        newest.map(|row| id(&row, "id")).transpose()
    }

    /// Messages that belong to no ticket, the newest first, older than `after`: those of these channels, or all.
    pub async fn messages_of_no_ticket(
        &self,
        channels: Option<&[ChannelId]>,
        after: Option<MessageId>,
        limit: u32,
    ) -> sqlx::Result<Seen<MessageRow>> {
        const OF: &str = "ticket is null";
        let after = after.map(|after| after.to_string());
        let mut end = None;
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where ").push(OF);
        if let Some(channels) = channels {
            end = self.looks_until("messages", Some(OF), None, after.clone(), LOOKED_AT_MAX).await?;
            if let Some(end) = &end {
                query.push(" and id >= ").push_bind(end.clone());
            }
            query.push(" and channel in (");
            let mut list = query.separated(", ");
            channels.iter().for_each(|channel| {
                list.push_bind(channel.to_string());
            });
            query.push(")");
        }
        if let Some(after) = after {
            query.push(" and id < ").push_bind(after);
        }
        query.push(" order by id desc limit ").push_bind(i64::from(limit) + 1);
        let mut connection = self.pool.acquire().await?;
        let rows = all(query, &mut connection).await?;
        Ok(Seen::new(rows, limit, |row: &MessageRow| row.message.id.to_string(), end))
    }

    /// The channels of which something is to be sent.
    pub async fn channels_to_send(&self, now: DateTime<Utc>) -> sqlx::Result<Vec<ChannelId>> {
        let sql = "select distinct channel from messages where due_ms <= $1";
        let rows = sqlx::query(sql).bind(ms(now)).fetch_all(&self.pool).await?;
        rows.iter().map(|row| id(row, "channel")).collect()
    }

    /// What is to be sent on a channel, the longest due first. What is said on a ticket goes out in its order.
    pub async fn messages_to_send(
        &self,
        channel: ChannelId,
        now: DateTime<Utc>,
        limit: usize,
    ) -> sqlx::Result<Vec<MessageRow>> {
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where due_ms <= ").push_bind(ms(now));
        query.push(" and channel = ").push_bind(channel.to_string());
        query.push(
            " and not exists (select 1 from messages as earlier where earlier.ticket = messages.ticket
                and earlier.due_ms is not null and earlier.id < messages.id) order by due_ms, id limit ",
        );
        query.push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let mut connection = self.pool.acquire().await?;
        all(query, &mut connection).await
    }

    /// When the next message becomes due that is not due yet.
    pub async fn next_message(&self, now: DateTime<Utc>) -> sqlx::Result<Option<DateTime<Utc>>> {
        let sql = "select min(due_ms) from messages where due_ms > $1";
        let next: Option<i64> = sqlx::query_scalar(sql).bind(ms(now)).fetch_one(&self.pool).await?;
        Ok(next.map(instant))
    }
}
