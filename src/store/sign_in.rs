//! Who can sign in to the pages, who is signed in, and links that invite. Of every secret only a hash is kept.

use super::{id, instant, ms, optional_id};
use crate::routing::ids::{InvitationId, SessionId, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Row, SqliteConnection};
use std::fmt;

/// A session that is not used for so long is over.
pub const IDLE_MAX: TimeDelta = TimeDelta::days(7);
/// Whoever signed in so long ago does so again.
pub const SESSION_MAX: TimeDelta = TimeDelta::days(30);

/// A hash that says as little in a log as the secret itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Hash(pub String);

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash")
    }
}

/// By what a user proves who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    pub user: UserId,
    /// argon2id in the PHC form. `None`: they can't sign in by a password.
    pub password: Option<Hash>,
    pub changed_at: DateTime<Utc>,
}

/// What says as little in a log as a [`struct@Hash`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What a user proves besides the password: that a device of theirs knows a secret (RFC 6238).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    pub user: UserId,
    /// base32 without padding.
    pub secret: Secret,
    /// The latest step of 30 s whose code was used.
    pub last_step: i64,
    pub set_up_at: DateTime<Utc>,
    /// SHA-256 of the codes that are taken instead, each once.
    pub recovery: Vec<Hash>,
}

/// A user who is signed in, in one browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    /// SHA-256 of the secret in the cookie.
    pub sha256: Hash,
    /// What the browser says it is.
    pub browser: String,
    pub created_at: DateTime<Utc>,
    /// To within an hour.
    pub used_at: DateTime<Utc>,
}

impl Session {
    pub fn is_good(&self, now: DateTime<Utc>) -> bool {
        now < self.expires_at()
    }

    pub fn expires_at(&self) -> DateTime<Utc> {
        (self.used_at + IDLE_MAX).min(self.created_at + SESSION_MAX)
    }
}

/// A link that works once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    /// Who chooses their password by it. `None`: the first start, which makes the first admin.
    pub user: Option<UserId>,
    pub sha256: Hash,
    pub expires_at: DateTime<Utc>,
}

/// One change of all this.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// In place of what there was.
    Credentials(Credentials),
    /// A new session.
    Session(Session),
    /// A session that is there was used at this instant. One that ended does not begin again.
    SessionUsed(SessionId, DateTime<Utc>),
    EndSession(SessionId),
    /// In place of those that the same user, or the first start, had before.
    Invitation(Invitation),
    EndInvitation(InvitationId),
    /// In place of what there was.
    SecondFactor(SecondFactor),
    EndSecondFactor(UserId),
    /// The code of this step was used; refused if that or a later one was.
    CodeUsed(UserId, i64),
    /// The recovery code of this hash was used; refused if it is not there.
    RecoveryUsed(UserId, Hash),
}

pub(super) async fn write(tx: &mut SqliteConnection, change: &SignIn) -> sqlx::Result<()> {
    match change {
        SignIn::Credentials(credentials) => write_credentials(tx, credentials).await,
        SignIn::Session(session) => write_session(tx, session).await,
        SignIn::SessionUsed(id, at) => {
            let query = sqlx::query("update sessions set used_ms = $1 where id = $2");
            query.bind(ms(*at)).bind(id.to_string()).execute(tx).await.map(drop)
        }
        SignIn::EndSession(id) => delete(tx, "delete from sessions where id = $1", id.to_string()).await,
        SignIn::Invitation(invitation) => write_invitation(tx, invitation).await,
        SignIn::EndInvitation(id) => {
            delete(tx, "delete from invitations where id = $1", id.to_string()).await
        }
        SignIn::SecondFactor(second) => write_second_factor(tx, second).await,
        SignIn::EndSecondFactor(user) => delete_second_factor(tx, *user).await,
        SignIn::CodeUsed(user, step) => {
            let query = sqlx::query("update second_factors set last_step = $1 where user_id = $2");
            query.bind(*step).bind(user.to_string()).execute(tx).await.map(drop)
        }
        SignIn::RecoveryUsed(user, hash) => {
            let query = sqlx::query("delete from recovery_codes where user_id = $1 and sha256 = $2");
            query.bind(user.to_string()).bind(hash.0.as_str()).execute(tx).await.map(drop)
        }
    }
}

async fn delete(tx: &mut SqliteConnection, sql: &'static str, id: String) -> sqlx::Result<()> {
    sqlx::query(sql).bind(id).execute(tx).await.map(drop)
}

async fn write_credentials(tx: &mut SqliteConnection, credentials: &Credentials) -> sqlx::Result<()> {
    let sql = "insert into credentials (user_id, password_hash, changed_ms) values ($1, $2, $3)
        on conflict (user_id) do update set password_hash = excluded.password_hash, changed_ms = excluded.changed_ms";
    sqlx::query(sql)
        .bind(credentials.user.to_string())
        .bind(credentials.password.as_ref().map(|hash| hash.0.as_str()))
        .bind(ms(credentials.changed_at))
        .execute(tx)
        .await
        .map(drop)
}

async fn write_session(tx: &mut SqliteConnection, session: &Session) -> sqlx::Result<()> {
    let sql = "insert into sessions (id, user_id, sha256, browser, created_ms, used_ms) values ($1, $2, $3, $4, $5, $6)";
    sqlx::query(sql)
        .bind(session.id.to_string())
        .bind(session.user.to_string())
        .bind(session.sha256.0.as_str())
        .bind(session.browser.as_str())
        .bind(ms(session.created_at))
        .bind(ms(session.used_at))
        .execute(tx)
        .await
        .map(drop)
}

async fn write_invitation(tx: &mut SqliteConnection, invitation: &Invitation) -> sqlx::Result<()> {
    let user = invitation.user.map(|user| user.to_string());
    let sql = "delete from invitations where user_id is not distinct from $1";
    sqlx::query(sql).bind(user.clone()).execute(&mut *tx).await?;
    let sql = "insert into invitations (id, user_id, sha256, expires_ms) values ($1, $2, $3, $4)";
    sqlx::query(sql)
        .bind(invitation.id.to_string())
        .bind(user)
        .bind(invitation.sha256.0.as_str())
        .bind(ms(invitation.expires_at))
        .execute(tx)
        .await
        .map(drop)
}

async fn delete_second_factor(tx: &mut SqliteConnection, user: UserId) -> sqlx::Result<()> {
    delete(tx, "delete from recovery_codes where user_id = $1", user.to_string()).await?;
    delete(tx, "delete from second_factors where user_id = $1", user.to_string()).await
}

async fn write_second_factor(tx: &mut SqliteConnection, second: &SecondFactor) -> sqlx::Result<()> {
    delete_second_factor(tx, second.user).await?;
    let sql = "insert into second_factors (user_id, secret, last_step, set_up_ms) values ($1, $2, $3, $4)";
    sqlx::query(sql)
        .bind(second.user.to_string())
        .bind(second.secret.0.as_str())
        .bind(second.last_step)
        .bind(ms(second.set_up_at))
        .execute(&mut *tx)
        .await?;
    for hash in &second.recovery {
        let query = sqlx::query("insert into recovery_codes (user_id, sha256) values ($1, $2)");
        query.bind(second.user.to_string()).bind(hash.0.as_str()).execute(&mut *tx).await?;
    }
    Ok(())
}

async fn second_factors(connection: &mut SqliteConnection) -> sqlx::Result<Vec<SecondFactor>> {
    let sql = "select user_id, secret, last_step, set_up_ms from second_factors";
    let mut all = Vec::new();
    for row in sqlx::query(sql).fetch_all(&mut *connection).await? {
        let user: UserId = id(&row, "user_id")?;
        let sql = "select sha256 from recovery_codes where user_id = $1 order by sha256";
        let hashes = sqlx::query_scalar(sql).bind(user.to_string()).fetch_all(&mut *connection).await?;
        all.push(SecondFactor {
            user,
            secret: Secret(row.try_get("secret")?),
            last_step: row.try_get("last_step")?,
            set_up_at: instant(row.try_get("set_up_ms")?),
            recovery: hashes.into_iter().map(Hash).collect(),
        });
    }
    Ok(all)
}

/// Everything, as the changes that would make it.
pub(super) async fn all(connection: &mut SqliteConnection) -> sqlx::Result<Vec<SignIn>> {
    let mut all = Vec::new();
    let sql = "select user_id, password_hash, changed_ms from credentials";
    for row in sqlx::query(sql).fetch_all(&mut *connection).await? {
        all.push(SignIn::Credentials(Credentials {
            user: id(&row, "user_id")?,
            password: row.try_get::<Option<String>, _>("password_hash")?.map(Hash),
            changed_at: instant(row.try_get("changed_ms")?),
        }));
    }
    let sql = "select id, user_id, sha256, browser, created_ms, used_ms from sessions";
    for row in sqlx::query(sql).fetch_all(&mut *connection).await? {
        all.push(SignIn::Session(Session {
            id: id(&row, "id")?,
            user: id(&row, "user_id")?,
            sha256: Hash(row.try_get("sha256")?),
            browser: row.try_get("browser")?,
            created_at: instant(row.try_get("created_ms")?),
            used_at: instant(row.try_get("used_ms")?),
        }));
    }
    let sql = "select id, user_id, sha256, expires_ms from invitations";
    for row in sqlx::query(sql).fetch_all(&mut *connection).await? {
        all.push(SignIn::Invitation(Invitation {
            id: id(&row, "id")?,
            user: optional_id(&row, "user_id")?,
            sha256: Hash(row.try_get("sha256")?),
            expires_at: instant(row.try_get("expires_ms")?),
        }));
    }
    all.extend(second_factors(connection).await?.into_iter().map(SignIn::SecondFactor));
    Ok(all)
}
