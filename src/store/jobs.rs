//! Work that must happen even after a crash.

use super::{
    Reader, id, instant, json, ms,
    script::{Script, Values},
    to_json,
};
use crate::{calls::decision::Job, routing::ids::JobId};
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row, SqliteConnection, sqlite::SqliteRow};
use tracing::error;

#[derive(Debug, Clone)]
pub struct JobRow {
    pub id: JobId,
    pub job: Job,
    pub due_at: DateTime<Utc>,
    /// How often it was tried without success.
    pub tries: u32,
    /// Set before the first request leaves: after a crash it may have been carried out.
    pub sent_at: Option<DateTime<Utc>>,
    /// Given up at this instant; somebody has to look.
    pub failed_at: Option<DateTime<Utc>>,
    pub error: Option<String>,
}

pub(super) fn write<'a>(script: &mut Script, jobs: impl Iterator<Item = &'a JobRow>) {
    let rows: Vec<&JobRow> = jobs.collect();
    let insert = "insert into jobs (id, document, due_ms, tries, sent_ms, failed_ms, error) ";
    let bind = |mut row: Values<'_>, job: &&JobRow| {
        row.push_bind(job.id.to_string())
            .push_bind(to_json(&job.job))
            .push_bind(ms(job.due_at))
            .push_bind(i64::from(job.tries))
            .push_bind(job.sent_at.map(ms))
            .push_bind(job.failed_at.map(ms))
            .push_bind(job.error.as_deref());
    };
    let or = " on conflict (id) do update set due_ms = excluded.due_ms, tries = excluded.tries,
            sent_ms = excluded.sent_ms, failed_ms = excluded.failed_ms, error = excluded.error";
    script.insert(insert, &rows, bind, or);
}

pub(super) fn delete(script: &mut Script, jobs: &[JobId]) {
    for jobs in jobs.chunks(10_000) {
        let query = script.begin("delete from jobs where id in (");
        let mut list = query.separated(", ");
        jobs.iter().for_each(|job| {
            list.push_bind(job.to_string());
        });
        query.push(")");
    }
}

/// A try that did not succeed.
#[derive(Debug, Clone)]
pub struct Tried {
    pub id: JobId,
    /// When it is tried next.
    pub due_at: DateTime<Utc>,
    pub tries: u32,
    /// Given up.
    pub failed_at: Option<DateTime<Utc>>,
    pub error: String,
}

pub(super) async fn note_tries(tx: &mut SqliteConnection, tries: &[Tried]) -> sqlx::Result<()> {
    for tried in tries {
        let sql = "update jobs set due_ms = $2, tries = $3, failed_ms = $4, error = $5 where id = $1";
        sqlx::query(sql)
            .bind(tried.id.to_string())
            .bind(ms(tried.due_at))
            .bind(i64::from(tried.tries))
            .bind(tried.failed_at.map(ms))
            .bind(tried.error.as_str())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// Everything that is still to be done. A job that can't be read stays for somebody to look at: the others go on.
pub async fn open(connection: &mut SqliteConnection) -> sqlx::Result<Vec<JobRow>> {
    let sql =
        "select id, document, due_ms, tries, sent_ms, failed_ms, error from jobs where failed_ms is null";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    let readable = rows.iter().filter_map(|row| {
        read(row).inspect_err(|error| error!(%error, "a job can't be read and is left alone")).ok()
    });
    Ok(readable.collect())
}

fn read(row: &SqliteRow) -> sqlx::Result<JobRow> {
    Ok(JobRow {
        id: id(row, "id")?,
        job: json(row, "document")?,
        due_at: instant(row.try_get("due_ms")?),
        tries: u32::try_from(row.try_get::<i64, _>("tries")?).unwrap_or(0),
        sent_at: row.try_get::<Option<i64>, _>("sent_ms")?.map(instant),
        failed_at: row.try_get::<Option<i64>, _>("failed_ms")?.map(instant),
        error: row.try_get("error")?,
    })
}

/// One that waits or was given up.
pub async fn one(connection: &mut SqliteConnection, job: JobId) -> sqlx::Result<Option<JobRow>> {
    let sql = "select id, document, due_ms, tries, sent_ms, failed_ms, error from jobs where id = $1";
    let row = sqlx::query(sql).bind(job.to_string()).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// How many are still to be done, and how many were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobCounts {
    pub waiting: i64,
    pub failed: i64,
}

impl Reader {
    /// Jobs that wait or were given up, the newest first, older than `after`.
    pub async fn jobs(&self, after: Option<&str>, limit: u32) -> sqlx::Result<Vec<JobRow>> {
        let mut query =
            QueryBuilder::new("select id, document, due_ms, tries, sent_ms, failed_ms, error from jobs ");
        if let Some(after) = after {
            query.push("where id < ").push_bind(after);
        }
        query.push(" order by id desc limit ").push_bind(i64::from(limit));
        query.build().fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    pub async fn job_counts(&self) -> sqlx::Result<JobCounts> {
        let sql = "select count(*), count(failed_ms) from jobs";
        let row = sqlx::query(sql).fetch_one(&self.pool).await?;
        let (all, failed): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        Ok(JobCounts { waiting: all - failed, failed })
    }
}
