//! All SQL, one file per table. One connection writes, everything of a batch in one transaction; a few others read.

pub mod agents;
pub mod answers;
mod attachments;
pub mod audit;
pub mod batch;
pub mod called_back;
pub mod calls;
mod checkpoints;
mod contacts;
pub mod copy;
pub mod cursors;
pub mod decisions;
pub mod deliveries;
pub mod drafts;
pub mod earlier;
pub mod engine;
pub mod events;
pub mod figures;
pub mod happenings;
pub mod jobs;
pub mod known_calls;
pub mod mentions;
pub mod messages;
pub mod notes;
pub mod notifications;
pub mod offers;
pub mod past;
pub mod quarantine;
pub mod removal;
pub mod repeats;
mod script;
pub mod settings;
pub mod sign_in;
pub mod tickets;
pub mod turns;
pub mod views;
pub mod visible;
pub mod voicemails;
pub mod waiting;
pub mod webhooks;

use crate::clock::Clock;
use anyhow::{Context, bail, ensure};
use checkpoints::Checkpoints;
use chrono::{DateTime, Utc};
use sqlx::{
    Connection, Row, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    fs::{File, OpenOptions, Permissions, TryLockError},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("src/store/migrations");

/// How long a read may take, and how long it may wait for a connection.
const READS_WITHIN_SECONDS: u32 = 5;
/// What the write-ahead log is cut back to, once it was longer.
pub const LOG_BYTES_MAX: u64 = 64 << 20;
/// SQLite before this can corrupt a WAL database under rare circumstances.
const SQLITE_AT_LEAST: (u32, u32, u32) = (3, 51, 3);

/// What the data folder holds, besides the sounds.
pub const DATABASE: &str = "strowger.db";
pub const LOCK: &str = "lock";
pub const CONTROL_SOCKET: &str = "control.sock";
/// Where a restore unpacks. While it is there the folder is neither the old nor the new one.
pub const RESTORING: &str = ".restoring";
/// What a restore moves an older folder's contents to, with the time.
pub const ASIDE: &str = "before-restore-";
const BEFORE_MIGRATION: &str = "before-migration-";

/// The data folder, held for as long as this lives: a second daemon on it refuses to start.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if need be and locks it. Fails if somebody else has it, or if it lies on a network.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(path)
            .with_context(|| format!("cannot make the data folder {}", path.display()))?;
        refuse_network(path)?;
        restrict(path, 0o700)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join(LOCK))
            .with_context(|| format!("cannot write in the data folder {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) if path.join(RESTORING).exists() => {
                bail!("a restore into the data folder {} was broken off; run it again", path.display())
            }
            Ok(()) => {
                // A run that was broken off may have made folders here whose names are not on the disk yet.
                File::open(path)?.sync_all().context("cannot sync the data folder")?;
                Ok(Self { path: path.to_owned(), _lock: lock })
            }
            Err(TryLockError::WouldBlock) => {
                bail!("another strowger is running on the data folder {}", path.display())
            }
            Err(TryLockError::Error(error)) => Err(error).context("cannot lock the data folder"),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }
}

fn restrict(path: &Path, mode: u32) -> anyhow::Result<()> {
    let permissions = Permissions::from_mode(mode);
    std::fs::set_permissions(path, permissions).with_context(|| format!("cannot restrict {}", path.display()))
}

/// Locks and WAL don't work reliably over a network.
fn refuse_network(path: &Path) -> anyhow::Result<()> {
    let kind = rustix::fs::statfs(path).context("cannot look at the data folder")?.f_type;
    let kind = u64::try_from(kind).unwrap_or(0) & 0xffff_ffff;
    ensure!(!is_on_network(kind), "the data folder {} is on a network file system", path.display());
    Ok(())
}

/// By the magic number that the kernel gives each kind of file system: NFS, SMB 2, SMB 1, AFS, Coda, Ceph.
fn is_on_network(kind: u64) -> bool {
    [0x6969, 0xfe53_4d42, 0xff53_4d42, 0x5346_414f, 0x7375_7245, 0x00c3_6400].contains(&kind)
}

/// What is free for us on the disk of this folder.
pub fn free_bytes(folder: &Path) -> std::io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Reads for the pages and the API. Each takes at most 5 s.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(crate) pool: SqlitePool,
}

/// The one connection that writes.
#[derive(Debug)]
pub struct Writer {
    connection: SqliteConnection,
    options: SqliteConnectOptions,
    checkpoints: Checkpoints,
    epoch: i64,
    last_batch: i64,
    /// The last commit was answered with an error: what is in the store has to be looked at before anything else.
    in_doubt: bool,
    /// The last run ended as it should.
    clean: bool,
}

/// Opens the database in `folder`, makes or migrates it, and raises the epoch: an older daemon that still runs
/// somewhere can commit nothing any more.
pub async fn open(folder: &Folder) -> anyhow::Result<(Writer, Reader)> {
    let path = folder.database();
    let is_new = !path.exists();
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(1))
        .pragma("journal_size_limit", LOG_BYTES_MAX.to_string())
        .pragma("wal_autocheckpoint", "0");
    let mut connection =
        SqliteConnection::connect_with(&options).await.context("cannot open the database")?;
    restrict(&path, 0o600)?;
    check_version(&mut connection).await?;
    if !is_new {
        copy_before_migration(&mut connection, folder).await?;
    }
    MIGRATIONS.run(&mut connection).await.context("cannot bring the database up to date")?;
    let clean = engine::was_stopped_cleanly(&mut connection).await?;
    if !clean {
        quick_check(&mut connection).await?;
    }
    let (epoch, last_batch) = engine::start(&mut connection).await?;
    let pool = SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(Duration::from_secs(READS_WITHIN_SECONDS.into()))
        .after_connect(|connection, _| Box::pin(limit(connection)))
        .before_acquire(|connection, _| Box::pin(async move { limit(connection).await.map(|()| true) }))
        .connect_lazy_with(options.clone().read_only(true));
    let checkpoints = Checkpoints::start(options.clone());
    let writer = Writer { connection, options, checkpoints, epoch, last_batch, in_doubt: false, clean };
    Ok((writer, Reader { pool }))
}

/// What is read from now on ends in time: a long read keeps the write-ahead log from being cut.
async fn limit(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    /// Steps of SQLite's machine between two looks at the clock: well below a millisecond.
    const STEPS: i32 = 10_000;
    let clock = Clock::start();
    let until = clock.now().steady.plus_seconds(READS_WITHIN_SECONDS);
    let mut handle = connection.lock_handle().await?;
    handle.set_progress_handler(STEPS, move || clock.now().steady < until);
    Ok(())
}

async fn check_version(connection: &mut SqliteConnection) -> anyhow::Result<()> {
    let version: String = sqlx::query_scalar("select sqlite_version()").fetch_one(connection).await?;
    ensure!(is_new_enough(&version), "SQLite {version} is too old");
    Ok(())
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    (part(), part(), part()) >= SQLITE_AT_LEAST
}

/// Refuses a schema that is newer than this program, and keeps a copy of one that is older.
async fn copy_before_migration(connection: &mut SqliteConnection, folder: &Folder) -> anyhow::Result<()> {
    let known = copy::known_schema();
    let sql = "select max(version) from _sqlx_migrations";
    let Ok(row) = sqlx::query(sql).fetch_one(&mut *connection).await else { return Ok(()) };
    let Some(found) = row.try_get::<Option<i64>, _>(0)? else { return Ok(()) };
    copy::refuse_newer(found)?;
    if found < known {
        let copy = folder.path().join(format!("{BEFORE_MIGRATION}{found}.db"));
        let unfinished = folder.path().join(".before-migration");
        let _ = std::fs::remove_file(&unfinished);
        let target = unfinished.to_string_lossy().into_owned();
        sqlx::query("vacuum into $1")
            .bind(target)
            .execute(connection)
            .await
            .context("cannot copy the database before it is brought up to date")?;
        restrict(&unfinished, 0o600)?;
        File::open(&unfinished)?.sync_all()?;
        std::fs::rename(&unfinished, &copy)?;
        forget_other_copies(folder.path(), &copy)?;
    }
    Ok(())
}

/// Only the copy before the last migration is kept.
fn forget_other_copies(folder: &Path, kept: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_copy = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(BEFORE_MIGRATION));
        if is_copy && path != kept {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}

async fn quick_check(connection: &mut SqliteConnection) -> anyhow::Result<()> {
    let verdict: String = sqlx::query_scalar("pragma quick_check(1)").fetch_one(connection).await?;
    ensure!(verdict == "ok", "the database is damaged: {verdict}");
    Ok(())
}

pub(crate) fn ms(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

pub(crate) fn instant(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

/// A stored text that this program wrote and can't read again.
pub(crate) fn damaged(what: &'static str) -> impl Fn(String) -> sqlx::Error {
    move |text| sqlx::Error::Decode(format!("damaged {what}: {text}").into())
}

/// Reads an id column.
pub(crate) fn id<T: std::str::FromStr>(row: &sqlx::sqlite::SqliteRow, column: &str) -> sqlx::Result<T> {
    let text: String = row.try_get(column)?;
    text.parse().map_err(|_| damaged("id")(text.clone()))
}

/// Reads an id column that may be null.
pub(crate) fn optional_id<T: std::str::FromStr>(
    row: &sqlx::sqlite::SqliteRow,
    column: &str,
) -> sqlx::Result<Option<T>> {
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| text.parse().map_err(|_| damaged("id")(text.clone()))).transpose()
}

/// Reads a column of JSON.
pub(crate) fn json<T: serde::de::DeserializeOwned>(
    row: &sqlx::sqlite::SqliteRow,
    column: &str,
) -> sqlx::Result<T> {
    let text: String = row.try_get(column)?;
    serde_json::from_str(&text).map_err(|error| damaged("document")(format!("{error} in {text}")))
}

pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("what we store is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_their_numbers_and_local_ones_are_not_taken_for_them() {
        for network in [0x6969, 0xff53_4d42, 0xfe53_4d42, 0x00c3_6400] {
            assert!(is_on_network(network), "{network:x}");
        }
        // ext4, XFS, btrfs, tmpfs, overlay, ZFS
        for local in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1] {
            assert!(!is_on_network(local), "{local:x}");
        }
        let directory = tempfile::tempdir().expect("a folder");
        refuse_network(directory.path()).expect("a folder of our own is none");
    }

    #[tokio::test]
    async fn the_sqlite_that_is_built_in_is_new_enough_and_an_older_one_would_be_refused() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.expect("a database");
        check_version(&mut connection).await.expect("the one that is built in");
        for old in ["3.51.2", "3.50.9", "2.99.99", "3.51", "nonsense"] {
            assert!(!is_new_enough(old), "{old}");
        }
        for new in ["3.51.3", "3.52.0", "4.0.0"] {
            assert!(is_new_enough(new), "{new}");
        }
    }

    #[tokio::test]
    async fn a_read_that_never_ends_is_ended_and_the_next_one_goes_through() {
        let directory = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(directory.path()).expect("the folder");
        let (_writer, reader) = open(&folder).await.expect("a database");
        let endless =
            "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
        let clock = Clock::start();
        let began = clock.now().steady;
        let ended = sqlx::query_scalar::<_, i64>(endless).fetch_one(&reader.pool).await;
        let took_ms = clock.now().steady.ms_since(began);
        assert!(matches!(ended, Err(sqlx::Error::Database(_))), "{ended:?}");
        assert!((4_000..15_000).contains(&took_ms), "{took_ms} ms");
        let next: i64 = sqlx::query_scalar("select 7").fetch_one(&reader.pool).await.expect("an answer");
        assert_eq!(next, 7);
    }
}
