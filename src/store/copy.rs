//! The database as a file of its own: copied while a daemon writes, looked into, and marked as restored.

use super::{
    DATABASE, MIGRATIONS, cursors, engine, jobs, ms, quick_check, restrict,
    settings::{self, Change, Greeting},
    tickets,
};
use crate::routing::{distribution::Cursor, ids::ChannelId, load::Load};
use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{path::Path, time::Duration};

/// The newest schema that this program knows.
pub fn known_schema() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// What a whole database says of itself.
#[derive(Debug, Clone)]
pub struct Contents {
    pub schema: i64,
    pub epoch: i64,
    /// The hashes of the sounds that it names.
    pub voicemails: Vec<String>,
    pub greetings: Vec<String>,
    /// The hashes of files that messages name.
    pub attachments: Vec<String>,
}

/// Writes the database of the data folder, as it is now, into the new file `target`. Nobody has to stop for it.
pub async fn copy(data: &Path, target: &Path) -> anyhow::Result<()> {
    let mut connection = open(&data.join(DATABASE), true).await?;
    let name = target.to_str().context("the way to the copy is no text")?;
    sqlx::query("vacuum into $1")
        .bind(name)
        .execute(&mut connection)
        .await
        .context("cannot copy the database")?;
    restrict(target, 0o600)?;
    connection.close().await.context("cannot close the database")
}

/// Opens the database, proves that it is whole and not from a newer program, and reads what it names.
pub async fn look(database: &Path) -> anyhow::Result<Contents> {
    let mut connection = open(database, true).await?;
    quick_check(&mut connection).await?;
    let schema = schema(&mut connection).await?;
    refuse_newer(schema)?;
    let contents = Contents {
        schema,
        epoch: engine::epoch(&mut connection).await?,
        voicemails: sqlx::query_scalar("select sha256 from voicemails").fetch_all(&mut connection).await?,
        greetings: sqlx::query_scalar("select sha256 from greetings").fetch_all(&mut connection).await?,
        attachments: attachments(&mut connection).await?,
    };
    connection.close().await?;
    Ok(contents)
}

/// A backup may be from before there were any.
async fn attachments(connection: &mut SqliteConnection) -> sqlx::Result<Vec<String>> {
    let sql = "select 1 from sqlite_master where name = 'attachments'";
    if sqlx::query(sql).fetch_optional(&mut *connection).await?.is_none() {
        return Ok(Vec::new());
    }
    let sql = "select sha256 from attachments union select raw from messages where raw is not null";
    sqlx::query_scalar(sql).fetch_all(connection).await
}

/// Fails for a schema of which only a newer program knows what it means.
pub fn refuse_newer(schema: i64) -> anyhow::Result<()> {
    let known = known_schema();
    ensure!(
        schema <= known,
        "the database has schema {schema}, but this strowger knows only up to {known}; use a newer strowger"
    );
    Ok(())
}

/// A restored database begins a new epoch, above its own and that of the one it replaces. What waited in it is parked: since
/// the backup it was sent, or has lost its meaning. Answers how much that is. Everybody signs in again.
pub async fn mark_restored(database: &Path, above: i64, now: DateTime<Utc>) -> anyhow::Result<usize> {
    let mut connection = open(database, false).await?;
    engine::raise(&mut connection, above).await.context("cannot mark the database as restored")?;
    let parked = park(&mut connection, now).await.context("cannot park what waited in the backup")?;
    shut_doors(&mut connection).await.context("cannot end the sessions in the backup")?;
    connection.close().await.context("cannot close the database")?;
    Ok(parked)
}

/// Since the backup somebody may have signed out, and a link may have been followed, which works only once.
async fn shut_doors(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    for table in ["sessions", "invitations"] {
        // A backup may be from before there were any.
        let there = sqlx::query("select 1 from sqlite_master where type = 'table' and name = $1").bind(table);
        if there.fetch_optional(&mut *connection).await?.is_some() {
            let sql = format!("delete from {table}");
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// Why something that waited in a backup is not done.
const PARKED: &str = "it waited when the backup was made, and was not sent since the restore";

/// Nobody gets a webhook or a mail a second time, and no call a command that was meant for another moment: live calls are
/// looked up at the telephone company instead. Work on recordings goes on, as it does no harm when it is done twice.
async fn park(connection: &mut SqliteConnection, now: DateTime<Utc>) -> sqlx::Result<usize> {
    let waiting = jobs::open(connection).await?.into_iter();
    let waiting = waiting.filter(|row| !row.job.is_about_recordings()).map(|row| jobs::Tried {
        id: row.id,
        due_at: now,
        tries: row.tries,
        failed_at: Some(now),
        error: PARKED.to_owned(),
    });
    let waiting: Vec<jobs::Tried> = waiting.collect();
    jobs::note_tries(connection, &waiting).await?;
    // A backup may be from before there were any.
    let sql = "select 1 from sqlite_master where name = 'deliveries'";
    if sqlx::query(sql).fetch_optional(&mut *connection).await?.is_none() {
        return Ok(waiting.len());
    }
    let sql = "update deliveries set failed_ms = $1, error = $2 where done_ms is null and failed_ms is null";
    let parked = sqlx::query(sql).bind(ms(now)).bind(PARKED).execute(&mut *connection).await?.rows_affected();
    let messages = park_messages(connection, now).await?;
    Ok(waiting.len() + usize::try_from(parked + messages).unwrap_or(usize::MAX))
}

/// Customers are not answered a second time.
async fn park_messages(connection: &mut SqliteConnection, now: DateTime<Utc>) -> sqlx::Result<u64> {
    // A backup may be from before there were any.
    let sql = "select 1 from sqlite_master where name = 'messages'";
    if sqlx::query(sql).fetch_optional(&mut *connection).await?.is_none() {
        return Ok(0);
    }
    let sql = "update messages set state = 'failed', state_ms = $1, error = $2, due_ms = null
        where due_ms is not null";
    Ok(sqlx::query(sql).bind(ms(now)).bind(PARKED).execute(connection).await?.rows_affected())
}

async fn schema(connection: &mut SqliteConnection) -> anyhow::Result<i64> {
    let row = sqlx::query("select max(version) from _sqlx_migrations").fetch_one(connection).await;
    let version = row.and_then(|row| row.try_get::<Option<i64>, _>(0));
    version.ok().flatten().context("this is no database of strowger's")
}

async fn open(path: &Path, read_only: bool) -> anyhow::Result<SqliteConnection> {
    ensure!(path.exists(), "there is no database {}", path.display());
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .read_only(read_only)
        .busy_timeout(Duration::from_secs(5));
    let opened = SqliteConnection::connect_with(&options).await;
    opened.with_context(|| format!("cannot open the database {}", path.display()))
}

/// What there is to look over.
#[derive(Debug, Clone)]
pub struct Stored {
    pub settings: Vec<Change>,
    pub voicemails: Vec<String>,
    /// Why each job was given up that was.
    pub failed_jobs: Vec<String>,
    pub quarantined: i64,
    pub load: Load,
    pub cursors: Vec<(ChannelId, Cursor)>,
}

impl Stored {
    pub fn greetings(&self) -> impl Iterator<Item = &Greeting> {
        self.settings.iter().filter_map(|change| match change {
            Change::Greeting(greeting) => Some(greeting),
            _ => None,
        })
    }
}

/// Reads the settings in the data folder, what counts at `at`, and what went wrong, beside a running daemon or without one.
pub async fn read(data: &Path, at: DateTime<Utc>) -> anyhow::Result<Stored> {
    let mut connection = open(&data.join(DATABASE), true).await?;
    refuse_newer(schema(&mut connection).await?)?;
    let failed =
        "select coalesce(error, 'unknown') from jobs where failed_ms is not null order by failed_ms desc";
    let stored = Stored {
        settings: settings::all(&mut connection).await.context("cannot read the settings")?,
        voicemails: sqlx::query_scalar("select sha256 from voicemails").fetch_all(&mut connection).await?,
        failed_jobs: sqlx::query_scalar(failed).fetch_all(&mut connection).await?,
        quarantined: sqlx::query_scalar("select count(*) from quarantine").fetch_one(&mut connection).await?,
        load: tickets::load(&mut connection, at).await.context("cannot count the tickets")?,
        cursors: cursors::all(&mut connection).await.context("cannot read the cursors")?,
    };
    connection.close().await?;
    Ok(stored)
}
