//! Users, teams, inboxes, skills, channels, greetings, tokens and webhooks; `contacts` for the people who call, `sign_in` for the pages.

use super::{
    audit::Subject,
    contacts, id, instant, json, ms, notifications, optional_id,
    sign_in::{self, SignIn},
    to_json,
    webhooks::{self, Webhook},
};
use crate::routing::{
    ids::{ChannelId, ContactId, GreetingId, InboxId, SkillId, TeamId, TokenId, UserId, WebhookId},
    people::Role,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{Row, SqliteConnection};

/// One change of the settings, already checked.
#[derive(Debug, Clone)]
pub enum Change {
    User(UserId, Value),
    Team(TeamId, Value),
    DeleteTeam(TeamId),
    Inbox(InboxId, Value),
    DeleteInbox(InboxId),
    Skill(SkillId, Value),
    DeleteSkill(SkillId),
    Channel(ChannelId, Value),
    DeleteChannel(ChannelId),
    Contact(ContactId, Value),
    MergeContacts(Box<Merge>),
    /// By which ways a user, or with `None` everybody, is told of tickets.
    Notifications(Option<UserId>, Value),
    DeleteContact(ContactId),
    Greeting(Greeting),
    DeleteGreeting(GreetingId),
    Token(Token),
    RevokeToken(TokenId),
    Webhook(Box<Webhook>),
    DeleteWebhook(WebhookId),
    SignIn(SignIn),
}

impl Change {
    /// What it changes.
    pub fn subject(&self) -> Subject {
        let (kind, id) = match self {
            Self::User(id, _) => ("user", id.0),
            Self::Team(id, _) | Self::DeleteTeam(id) => ("team", id.0),
            Self::Inbox(id, _) | Self::DeleteInbox(id) => ("inbox", id.0),
            Self::Skill(id, _) | Self::DeleteSkill(id) => ("skill", id.0),
            Self::Channel(id, _) | Self::DeleteChannel(id) => ("channel", id.0),
            Self::Contact(id, _) | Self::DeleteContact(id) => ("contact", id.0),
            Self::Notifications(user, _) => ("notifications", user.map_or(uuid::Uuid::nil(), |user| user.0)),
            Self::MergeContacts(merge) => ("contact", merge.into.0),
            Self::Greeting(greeting) => ("greeting", greeting.id.0),
            Self::DeleteGreeting(id) => ("greeting", id.0),
            Self::Token(token) => ("token", token.id.0),
            Self::RevokeToken(id) => ("token", id.0),
            Self::Webhook(webhook) => ("webhook", webhook.id.0),
            Self::DeleteWebhook(id) => ("webhook", id.0),
            Self::SignIn(SignIn::Credentials(credentials)) => ("credentials", credentials.user.0),
            Self::SignIn(SignIn::Session(session)) => ("session", session.id.0),
            Self::SignIn(SignIn::SessionUsed(id, _) | SignIn::EndSession(id)) => ("session", id.0),
            Self::SignIn(SignIn::Invitation(invitation)) => ("invitation", invitation.id.0),
            Self::SignIn(SignIn::EndInvitation(id)) => ("invitation", id.0),
            Self::SignIn(SignIn::SecondFactor(second)) => ("second_factor", second.user.0),
            Self::SignIn(
                SignIn::EndSecondFactor(user) | SignIn::CodeUsed(user, _) | SignIn::RecoveryUsed(user, _),
            ) => ("second_factor", user.0),
        };
        Subject { kind, id }
    }
}

impl Change {
    /// Whether rules may reach others because of it, or reach them otherwise.
    pub fn is_of_people_or_channels(&self) -> bool {
        match self {
            Self::User(..)
            | Self::Team(..)
            | Self::DeleteTeam(_)
            | Self::Inbox(..)
            | Self::DeleteInbox(_)
            | Self::Skill(..)
            | Self::DeleteSkill(_)
            | Self::Channel(..)
            | Self::DeleteChannel(_) => true,
            Self::Contact(..)
            | Self::MergeContacts(_)
            | Self::Notifications(..)
            | Self::DeleteContact(_)
            | Self::Greeting(_)
            | Self::DeleteGreeting(_)
            | Self::Token(_)
            | Self::RevokeToken(_)
            | Self::Webhook(_)
            | Self::DeleteWebhook(_)
            | Self::SignIn(_) => false,
        }
    }
}

/// Two contacts turn out to be one.
#[derive(Debug, Clone)]
pub struct Merge {
    pub into: ContactId,
    /// Is gone afterwards; what was theirs is the other's.
    pub from: ContactId,
    /// What the one is that stays. Where it is only wished for: nothing yet.
    pub document: Value,
}

/// A recorded message that callers can be played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    pub id: GreetingId,
    pub name: String,
    pub sha256: String,
    /// How long it lasts, in milliseconds.
    pub length_ms: u32,
    pub created_at: DateTime<Utc>,
}

/// An API token, by the hash of its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub id: TokenId,
    pub name: String,
    pub role: Role,
    pub user: Option<UserId>,
    pub sha256: String,
    pub created_at: DateTime<Utc>,
}

pub(super) async fn write(tx: &mut SqliteConnection, changes: &[Change]) -> sqlx::Result<()> {
    for change in changes {
        match change {
            Change::User(id, document) => {
                let sql = "insert into users (id, email, document) values ($1, $2, $3)
                    on conflict (id) do update set email = excluded.email, document = excluded.document";
                save(tx, sql, id.to_string(), &document["email"], document).await?;
            }
            Change::Team(id, document) => {
                let sql = "insert into teams (id, name, document) values ($1, $2, $3)
                    on conflict (id) do update set name = excluded.name, document = excluded.document";
                save(tx, sql, id.to_string(), &document["name"], document).await?;
            }
            Change::DeleteTeam(id) => delete(tx, "delete from teams where id = $1", id.to_string()).await?,
            Change::Inbox(id, document) => {
                let sql = "insert into inboxes (id, name, document) values ($1, $2, $3)
                    on conflict (id) do update set name = excluded.name, document = excluded.document";
                save(tx, sql, id.to_string(), &document["name"], document).await?;
            }
            Change::DeleteInbox(id) => {
                delete(tx, "delete from inboxes where id = $1", id.to_string()).await?
            }
            Change::Skill(id, document) => {
                let sql = "insert into skills (id, name, document) values ($1, $2, $3)
                    on conflict (id) do update set name = excluded.name, document = excluded.document";
                save(tx, sql, id.to_string(), &document["name"], document).await?;
            }
            Change::DeleteSkill(id) => delete(tx, "delete from skills where id = $1", id.to_string()).await?,
            Change::Channel(id, document) => {
                let sql = "insert into channels (id, name, document) values ($1, $2, $3)
                    on conflict (id) do update set name = excluded.name, document = excluded.document";
                save(tx, sql, id.to_string(), &document["name"], document).await?;
            }
            Change::DeleteChannel(id) => {
                delete(tx, "delete from channels where id = $1", id.to_string()).await?
            }
            Change::Contact(id, document) => contacts::write(tx, *id, document).await?,
            Change::Notifications(user, document) => notifications::choose(tx, *user, document).await?,
            Change::MergeContacts(merge) => contacts::merge(tx, merge).await?,
            Change::DeleteContact(id) => contacts::delete(tx, *id).await?,
            Change::Greeting(greeting) => write_greeting(tx, greeting).await?,
            Change::DeleteGreeting(id) => {
                delete(tx, "delete from greetings where id = $1", id.to_string()).await?
            }
            Change::Token(token) => write_token(tx, token).await?,
            Change::Webhook(webhook) => webhooks::save(tx, webhook).await?,
            Change::DeleteWebhook(id) => webhooks::delete(tx, *id).await?,
            Change::SignIn(change) => sign_in::write(tx, change).await?,
            Change::RevokeToken(id) => delete(tx, "delete from tokens where id = $1", id.to_string()).await?,
        }
    }
    Ok(())
}

async fn save(
    tx: &mut SqliteConnection,
    sql: &'static str,
    id: String,
    unique: &Value,
    document: &Value,
) -> sqlx::Result<()> {
    let unique = unique.as_str().unwrap_or_default();
    sqlx::query(sql).bind(id).bind(unique).bind(to_json(document)).execute(tx).await.map(drop)
}

async fn delete(tx: &mut SqliteConnection, sql: &'static str, id: String) -> sqlx::Result<()> {
    sqlx::query(sql).bind(id).execute(tx).await.map(drop)
}

async fn write_greeting(tx: &mut SqliteConnection, greeting: &Greeting) -> sqlx::Result<()> {
    let sql = "insert into greetings (id, name, sha256, length_ms, created_ms) values ($1, $2, $3, $4, $5)
        on conflict (id) do update set name = excluded.name, sha256 = excluded.sha256,
        length_ms = excluded.length_ms";
    sqlx::query(sql)
        .bind(greeting.id.to_string())
        .bind(greeting.name.as_str())
        .bind(greeting.sha256.as_str())
        .bind(i64::from(greeting.length_ms))
        .bind(ms(greeting.created_at))
        .execute(tx)
        .await
        .map(drop)
}

async fn write_token(tx: &mut SqliteConnection, token: &Token) -> sqlx::Result<()> {
    let sql =
        "insert into tokens (id, name, role, user_id, sha256, created_ms) values ($1, $2, $3, $4, $5, $6)";
    sqlx::query(sql)
        .bind(token.id.to_string())
        .bind(token.name.as_str())
        .bind(to_json(&token.role))
        .bind(token.user.map(|user| user.to_string()))
        .bind(token.sha256.as_str())
        .bind(ms(token.created_at))
        .execute(tx)
        .await
        .map(drop)
}

/// All settings, as the changes that would make them.
pub async fn all(connection: &mut SqliteConnection) -> sqlx::Result<Vec<Change>> {
    let mut all = Vec::new();
    for row in sqlx::query("select id, document from skills order by id").fetch_all(&mut *connection).await? {
        all.push(Change::Skill(id(&row, "id")?, json(&row, "document")?));
    }
    for row in sqlx::query("select id, document from users order by id").fetch_all(&mut *connection).await? {
        all.push(Change::User(id(&row, "id")?, json(&row, "document")?));
    }
    for row in sqlx::query("select id, document from teams order by id").fetch_all(&mut *connection).await? {
        all.push(Change::Team(id(&row, "id")?, json(&row, "document")?));
    }
    for row in sqlx::query("select id, document from inboxes order by id").fetch_all(&mut *connection).await?
    {
        all.push(Change::Inbox(id(&row, "id")?, json(&row, "document")?));
    }
    let sql = "select id, name, sha256, length_ms, created_ms from greetings order by id";
    for row in sqlx::query(sql).fetch_all(&mut *connection).await? {
        all.push(Change::Greeting(Greeting {
            id: id(&row, "id")?,
            name: row.try_get("name")?,
            sha256: row.try_get("sha256")?,
            length_ms: u32::try_from(row.try_get::<i64, _>("length_ms")?).unwrap_or(0),
            created_at: instant(row.try_get("created_ms")?),
        }));
    }
    for row in
        sqlx::query("select id, document from channels order by id").fetch_all(&mut *connection).await?
    {
        all.push(Change::Channel(id(&row, "id")?, json(&row, "document")?));
    }
    for (id, document) in contacts::all(connection).await? {
        all.push(Change::Contact(id, document));
    }
    for (user, document) in notifications::choices(connection).await? {
        all.push(Change::Notifications(user, document));
    }
    let sql = "select id, name, role, user_id, sha256, created_ms from tokens order by id";
    for row in sqlx::query(sql).fetch_all(&mut *connection).await? {
        all.push(Change::Token(Token {
            id: id(&row, "id")?,
            name: row.try_get("name")?,
            role: json(&row, "role")?,
            user: optional_id(&row, "user_id")?,
            sha256: row.try_get("sha256")?,
            created_at: instant(row.try_get("created_ms")?),
        }));
    }
    all.extend(
        webhooks::all(connection).await?.into_iter().map(|webhook| Change::Webhook(Box::new(webhook))),
    );
    all.extend(sign_in::all(connection).await?.into_iter().map(Change::SignIn));
    Ok(all)
}
