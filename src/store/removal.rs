//! What is removed for good: because it is old, or because a person is erased. The lists below name every place where
//! something of a call or of a person can stand; a new table is a line in one of them.

use super::{
    Writer,
    batch::Batch,
    instant, json, known_calls,
    mentions::{mentioning, pattern, stands_in},
    ms,
};
use crate::{
    calls::{call::Recording, decision::Job},
    routing::ids::{CallId, JobId, TicketId},
};
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sqlx::{QueryBuilder, Row, SqliteConnection};
use std::sync::atomic::{AtomicU64, Ordering};

/// Tables whose rows belong to a call and go with it: table and column.
const OF_CALLS: [(&str, &str); 5] = [
    ("offers", "call"),
    ("decisions", "call"),
    ("voicemails", "call"),
    ("called_back", "call"),
    ("happenings", "call"),
];

/// Tables whose rows belong to a ticket, and go with the last of its calls, or with the ticket itself: table and column.
const OF_TICKETS: [(&str, &str); 9] = [
    ("messages", "ticket"),
    ("drafts", "ticket"),
    ("notes", "ticket"),
    ("waiting", "ticket"),
    ("notifications", "ticket"),
    ("customer_agent_turns", "ticket"),
    ("decisions", "ticket"),
    ("happenings", "ticket"),
    ("tickets", "id"),
];

/// Texts in which a number, or the id of a call, can stand: table, column, and in which rows. A row goes with its text.
const TEXTS: [(&str, &str, &str); 28] = [
    ("notes", "text", "true"),
    ("messages", "person", "true"),
    ("messages", "name", "true"),
    ("messages", "subject", "true"),
    ("messages", "text", "true"),
    ("messages", "html", "true"),
    ("messages", "error", "true"),
    ("messages", "outside_id", "true"),
    ("messages", "message_key", "true"),
    ("messages", "answers", "true"),
    ("attachments", "name", "true"),
    ("drafts", "document", "true"),
    ("views", "name", "true"),
    ("views", "document", "true"),
    ("events", "document", "true"),
    ("answers", "body", "true"),
    ("jobs", "document", "true"),
    ("jobs", "error", "true"),
    ("quarantine", "document", "true"),
    ("quarantine", "error", "true"),
    ("repeats", "body", "true"),
    ("contacts", "document", "true"),
    ("contact_numbers", "number", "true"),
    ("audit", "before", "kind = 'contact'"),
    ("audit", "after", "kind = 'contact'"),
    ("happenings", "document", "true"),
    ("deliveries", "error", "true"),
    ("deliveries", "recipient", "true"),
];

/// That settings were changed stays; what they were goes, unless they name the person still. Table and column.
const EMPTIED: [(&str, &str); 2] = [("audit", "before"), ("audit", "after")];

/// What a ticket of somebody else says of itself goes; the ticket stays. Table and column.
const FORGOTTEN: [(&str, &str); 3] =
    [("tickets", "subject"), ("tickets", "properties"), ("tickets", "customer")];

/// Settings in which an address can stand that somebody chose to keep there: they stay, and are named.
const SETTINGS: [(&str, &str); 4] =
    [("users", "document"), ("teams", "document"), ("channels", "document"), ("webhooks", "url")];

/// Rows that belong to another which may have gone: table, column, and the table of the other.
const ORPHANS: [(&str, &str, &str); 3] = [
    ("contact_numbers", "contact", "contacts"),
    ("merged_contacts", "stays", "contacts"),
    ("attachments", "message", "messages"),
];

/// Rows that are of no use after some time, by the class of the configuration: table, instant, and which of them.
const BY_AGE: [(&str, &str, &str); 3] = [
    ("events", "at_ms", "true"),
    ("quarantine", "at_ms", "true"),
    // Those that wait are younger, or will be done.
    ("jobs", "due_ms", "failed_ms is not null"),
];

/// From where somebody changed something is a log; that they did stays.
const FORGOTTEN_BY_AGE: [(&str, &str, &str); 1] = [("audit", "at_ms", "address")];

/// How much goes in one transaction.
pub const AT_ONCE: i64 = 500;

/// An ended call, on its way out.
#[derive(Debug, Clone)]
pub struct Leaving {
    pub call: CallId,
    pub provider: String,
    pub provider_call_id: String,
}

/// A message, on its way out.
#[derive(Debug, Clone)]
pub struct LeavingMessage {
    pub call: CallId,
    pub provider: String,
    pub recording: Recording,
    pub sha256: String,
}

/// That a person is erased, and what is left to do for it once the rows are gone.
#[derive(Debug, Clone)]
pub struct Erasure {
    /// The person's.
    pub hash: String,
    pub at: DateTime<Utc>,
    /// The hashes of sounds that go unless another message needs them. Files of messages stand behind `attachments/`.
    pub sounds: Vec<String>,
}

/// What is removed in one transaction.
#[derive(Debug, Default)]
pub struct Removal {
    /// With everything that belongs to them.
    pub calls: Vec<Leaving>,
    /// With everything that belongs to them. They have no calls.
    pub tickets: Vec<TicketId>,
    /// Of calls that stay.
    pub messages: Vec<LeavingMessage>,
    /// Rows go in whose text one of these stands.
    pub mentions: Vec<String>,
    /// Settings name the person, as one who works here: then so does the record of their changes.
    pub is_in_settings: bool,
    /// Rows go by age that are older.
    pub older_than: Option<DateTime<Utc>>,
    pub erased: Option<Erasure>,
    /// How many rows went: see `rows()`.
    pub removed: AtomicU64,
}

impl Removal {
    /// How many rows are gone.
    pub fn rows(&self) -> u64 {
        self.removed.load(Ordering::Relaxed)
    }

    pub(super) async fn carry_out(&self, tx: &mut SqliteConnection) -> sqlx::Result<()> {
        let mut rows = 0;
        let known: Vec<u128> = self
            .calls
            .iter()
            .map(|call| known_calls::fingerprint(&call.provider, &call.provider_call_id))
            .collect();
        known_calls::write(tx, &known).await?;
        for some in self.calls.chunks(1_000) {
            let ids: Vec<String> = some.iter().map(|leaving| leaving.call.to_string()).collect();
            let tickets = tickets_of(tx, &ids).await?;
            for (table, column) in OF_CALLS.into_iter().chain([("calls", "id")]) {
                rows += delete_in(tx, table, column, &ids).await?;
            }
            rows += delete_attachments_of(tx, &tickets).await?;
            for (table, column) in OF_TICKETS {
                rows += delete_without_calls(tx, table, column, &tickets).await?;
            }
        }
        for some in self.tickets.chunks(1_000) {
            let ids: Vec<String> = some.iter().map(TicketId::to_string).collect();
            rows += delete_attachments_of(tx, &ids).await?;
            for (table, column) in OF_TICKETS {
                rows += delete_without_calls(tx, table, column, &ids).await?;
            }
        }
        for message in &self.messages {
            let sql = "delete from voicemails where call = $1 and recording = $2";
            let (call, recording) = (message.call.to_string(), message.recording.id.as_str());
            rows += sqlx::query(sql).bind(call).bind(recording).execute(&mut *tx).await?.rows_affected();
        }
        for (table, column, which) in TEXTS {
            for texts in mentioning(tx, table, column, which, &self.mentions).await?.chunks(1_000) {
                rows += delete_in(tx, table, column, texts).await?;
            }
        }
        if !self.is_in_settings {
            for (table, column) in EMPTIED {
                let texts = mentioning(tx, table, column, "true", &self.mentions).await?;
                rows += empty_in(tx, table, column, texts).await?;
            }
        }
        if !self.mentions.is_empty() {
            for (table, column) in FORGOTTEN {
                let texts = mentioning(tx, table, column, "true", &self.mentions).await?;
                rows += empty_in(tx, table, column, texts).await?;
            }
        }
        // Looking for them takes as long as the tables are.
        let orphans = if self.mentions.is_empty() { &[][..] } else { &ORPHANS };
        for (table, column, other) in orphans {
            let sql = format!("delete from {table} where {column} not in (select id from {other})");
            rows += sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut *tx).await?.rows_affected();
        }
        if !(self.calls.is_empty() && self.tickets.is_empty() && self.mentions.is_empty()) {
            rows += delete_deliveries_of_nothing(tx).await?;
        }
        if let Some(before) = self.older_than {
            for (table, at, which) in BY_AGE {
                rows += delete_older(tx, table, at, which, before).await?;
            }
            for (table, at, column) in FORGOTTEN_BY_AGE {
                rows += forget_older(tx, table, at, column, before).await?;
            }
        }
        if let Some(Erasure { hash, at, sounds }) = &self.erased {
            let sql = "insert into erasures (hash, at_ms, sounds) values ($1, $2, $3)
                on conflict (hash) do update set at_ms = excluded.at_ms, cleaned_ms = null,
                    sounds = erasures.sounds || ',' || excluded.sounds";
            let query = sqlx::query(sql).bind(hash.as_str()).bind(ms(*at)).bind(sounds.join(","));
            query.execute(&mut *tx).await?;
        }
        self.removed.store(rows, Ordering::Relaxed);
        Ok(())
    }
}

async fn tickets_of(tx: &mut SqliteConnection, calls: &[String]) -> sqlx::Result<Vec<String>> {
    let mut query = QueryBuilder::new("select distinct ticket from calls where id in (");
    let mut list = query.separated(", ");
    calls.iter().for_each(|call| {
        list.push_bind(call.as_str());
    });
    query.push(")");
    query.build_query_scalar().persistent(false).fetch_all(tx).await
}

async fn empty_in(
    tx: &mut SqliteConnection,
    table: &str,
    column: &str,
    texts: Vec<String>,
) -> sqlx::Result<u64> {
    let mut rows = 0;
    for text in texts {
        let sql = format!("update {table} set {column} = null where {column} = $1");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(text);
        rows += query.execute(&mut *tx).await?.rows_affected();
    }
    Ok(rows)
}

/// What is named by messages of these tickets, which go unless other calls have them too.
async fn delete_attachments_of(tx: &mut SqliteConnection, tickets: &[String]) -> sqlx::Result<u64> {
    let mut query = QueryBuilder::new(
        "delete from attachments where message in (select id from messages where not exists
            (select 1 from calls where calls.ticket = messages.ticket) and ticket in (",
    );
    let mut list = query.separated(", ");
    tickets.iter().for_each(|ticket| {
        list.push_bind(ticket.as_str());
    });
    query.push("))");
    Ok(query.build().persistent(false).execute(tx).await?.rows_affected())
}

/// A ticket that other calls have too stays, with what is written on it.
async fn delete_without_calls(
    tx: &mut SqliteConnection,
    table: &str,
    column: &str,
    tickets: &[String],
) -> sqlx::Result<u64> {
    let mut query = QueryBuilder::new(format!(
        "delete from {table} where not exists (select 1 from calls where calls.ticket = {table}.{column}) and {column} in ("
    ));
    let mut list = query.separated(", ");
    tickets.iter().for_each(|ticket| {
        list.push_bind(ticket.as_str());
    });
    query.push(")");
    Ok(query.build().persistent(false).execute(tx).await?.rows_affected())
}

/// What was on its way about something that is gone.
async fn delete_deliveries_of_nothing(tx: &mut SqliteConnection) -> sqlx::Result<u64> {
    let sql = "delete from deliveries
        where not exists (select 1 from happenings where happenings.id = deliveries.happening)";
    Ok(sqlx::query(sql).execute(tx).await?.rows_affected())
}

async fn delete_in(
    tx: &mut SqliteConnection,
    table: &str,
    column: &str,
    values: &[String],
) -> sqlx::Result<u64> {
    let mut query = QueryBuilder::new(format!("delete from {table} where {column} in ("));
    let mut list = query.separated(", ");
    values.iter().for_each(|value| {
        list.push_bind(value.as_str());
    });
    query.push(")");
    Ok(query.build().persistent(false).execute(tx).await?.rows_affected())
}

async fn delete_older(
    tx: &mut SqliteConnection,
    table: &str,
    at: &str,
    which: &str,
    before: DateTime<Utc>,
) -> sqlx::Result<u64> {
    // The oldest instants first, so that what is removed at once is bounded.
    let sql = format!(
        "delete from {table} where {which} and {at} < $1 and {at} <=
            (select max({at}) from (select {at} from {table} where {which} and {at} < $1 order by {at} limit $2))"
    );
    Ok(sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(ms(before))
        .bind(AT_ONCE)
        .execute(tx)
        .await?
        .rows_affected())
}

async fn forget_older(
    tx: &mut SqliteConnection,
    table: &str,
    at: &str,
    column: &str,
    before: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let sql = format!(
        "update {table} set {column} = null where id in
            (select id from {table} where {column} is not null and {at} < $1 order by {at} limit $2)"
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(ms(before)).bind(AT_ONCE);
    Ok(query.execute(tx).await?.rows_affected())
}

/// Calls that ended before, whose tickets are closed.
pub async fn calls_before(
    connection: &mut SqliteConnection,
    before: DateTime<Utc>,
) -> sqlx::Result<Vec<Leaving>> {
    let sql = "select id, provider, provider_call_id from calls where ended_ms < $1 and live is null
        and not exists (select 1 from tickets where tickets.id = calls.ticket and closed_ms is null)
        order by ended_ms limit $2";
    let rows = sqlx::query(sql).bind(ms(before)).bind(AT_ONCE).fetch_all(connection).await?;
    rows.iter().map(leaving).collect()
}

/// Tickets without calls that were closed before.
pub async fn tickets_before(
    connection: &mut SqliteConnection,
    before: DateTime<Utc>,
) -> sqlx::Result<Vec<TicketId>> {
    let sql = "select id from tickets where closed_ms < $1 and call is null
        and not exists (select 1 from calls where calls.ticket = tickets.id) order by closed_ms limit $2";
    let rows = sqlx::query(sql).bind(ms(before)).bind(AT_ONCE).fetch_all(connection).await?;
    rows.iter().map(|row| super::id(row, "id")).collect()
}

/// The tickets without calls whose customer is somebody, or on which they wrote or were written to.
pub async fn tickets_of_person(
    connection: &mut SqliteConnection,
    mention: &str,
) -> sqlx::Result<Vec<TicketId>> {
    let sql = "select id, customer as person from tickets where customer like $1 and call is null
        union select ticket, person from messages where person like $1 and ticket in
            (select id from tickets where call is null)";
    let rows = sqlx::query(sql).bind(pattern(mention)).fetch_all(connection).await?;
    let mut found = Vec::new();
    for row in &rows {
        if stands_in(mention, row.try_get("person")?) {
            found.push(super::id(row, "id")?);
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The tickets of these calls.
pub async fn tickets_of_calls(
    connection: &mut SqliteConnection,
    calls: &[Leaving],
) -> sqlx::Result<Vec<TicketId>> {
    let mut found = Vec::new();
    for some in calls.chunks(1_000) {
        let ids: Vec<String> = some.iter().map(|leaving| leaving.call.to_string()).collect();
        for ticket in tickets_of(connection, &ids).await? {
            found.push(ticket.parse().map_err(|_| super::damaged("id")(ticket.clone()))?);
        }
    }
    Ok(found)
}

/// The files that messages of these tickets name.
pub async fn files_of(connection: &mut SqliteConnection, tickets: &[TicketId]) -> sqlx::Result<Vec<String>> {
    let mut found = Vec::new();
    for some in tickets.chunks(1_000) {
        for sql in [
            "select sha256 from attachments join messages on messages.id = message where ticket in (",
            "select raw from messages where raw is not null and ticket in (",
        ] {
            let mut query = QueryBuilder::new(sql);
            let mut list = query.separated(", ");
            some.iter().for_each(|ticket| {
                list.push_bind(ticket.to_string());
            });
            query.push(")");
            let files = query.build_query_scalar().persistent(false).fetch_all(&mut *connection).await?;
            found.extend::<Vec<String>>(files);
        }
    }
    Ok(found)
}

/// The files of messages in which somebody stands.
pub async fn files_mentioning(connection: &mut SqliteConnection, mention: &str) -> sqlx::Result<Vec<String>> {
    let (mut messages, mut found) = (Vec::new(), Vec::new());
    for (_, column, _) in TEXTS.into_iter().filter(|(table, ..)| *table == "messages") {
        let sql = format!("select id, raw, {column} as text from messages where {column} like $1");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(pattern(mention));
        for row in query.fetch_all(&mut *connection).await? {
            if stands_in(mention, row.try_get("text")?) {
                messages.push(row.try_get::<String, _>("id")?);
                found.extend(row.try_get::<Option<String>, _>("raw")?);
            }
        }
    }
    for message in messages {
        let sql = "select sha256 from attachments where message = $1";
        let files: Vec<String> = sqlx::query_scalar(sql).bind(message).fetch_all(&mut *connection).await?;
        found.extend(files);
    }
    Ok(found)
}

/// Which of these files of messages no message needs any more.
pub async fn unneeded_files(
    connection: &mut SqliteConnection,
    files: Vec<String>,
) -> sqlx::Result<Vec<String>> {
    let mut unneeded = Vec::new();
    for file in files {
        let sql = "select 1 from attachments where sha256 = $1
            union all select 1 from messages where raw = $1 limit 1";
        if sqlx::query(sql).bind(&file).fetch_optional(&mut *connection).await?.is_none() {
            unneeded.push(file);
        }
    }
    Ok(unneeded)
}

/// Messages that were kept before.
pub async fn messages_before(
    connection: &mut SqliteConnection,
    before: DateTime<Utc>,
) -> sqlx::Result<Vec<LeavingMessage>> {
    let sql = "select voicemails.call, calls.provider, recording, seconds, sha256 from voicemails
        join calls on calls.id = voicemails.call where kept_ms < $1 order by kept_ms limit $2";
    let rows = sqlx::query(sql).bind(ms(before)).bind(AT_ONCE).fetch_all(connection).await?;
    rows.iter().map(message).collect()
}

/// The calls from somebody, however their number or address is written; and whether one of them is live.
pub async fn calls_from(
    connection: &mut SqliteConnection,
    mention: &str,
) -> sqlx::Result<(Vec<Leaving>, bool)> {
    let sql = "select id, provider, provider_call_id, caller, live is not null as is_live from calls
        where caller like $1";
    let rows = sqlx::query(sql).bind(pattern(mention)).fetch_all(connection).await?;
    let (mut calls, mut any_live) = (Vec::new(), false);
    for row in &rows {
        if stands_in(mention, row.try_get("caller")?) {
            calls.push(leaving(row)?);
            any_live |= row.try_get::<bool, _>("is_live")?;
        }
    }
    Ok((calls, any_live))
}

/// The settings that name somebody, as the API calls them.
pub async fn settings_naming(connection: &mut SqliteConnection, mention: &str) -> sqlx::Result<Vec<String>> {
    let mut found = Vec::new();
    for (table, column) in SETTINGS {
        let sql = format!("select id, {column} as text from {table} where {column} like $1 order by id");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(pattern(mention));
        for row in query.fetch_all(&mut *connection).await? {
            if stands_in(mention, row.try_get("text")?) {
                found.push(format!("{table}/{}", row.try_get::<String, _>("id")?));
            }
        }
    }
    Ok(found)
}

/// The kept messages of these calls.
pub async fn messages_of(
    connection: &mut SqliteConnection,
    calls: &[Leaving],
) -> sqlx::Result<Vec<LeavingMessage>> {
    let mut found = Vec::new();
    for some in calls.chunks(1_000) {
        let mut query = QueryBuilder::new(
            "select voicemails.call, calls.provider, recording, seconds, sha256 from voicemails
            join calls on calls.id = voicemails.call where voicemails.call in (",
        );
        let mut list = query.separated(", ");
        some.iter().for_each(|leaving| {
            list.push_bind(leaving.call.to_string());
        });
        query.push(")");
        for row in query.build().persistent(false).fetch_all(&mut *connection).await? {
            found.push(message(&row)?);
        }
    }
    Ok(found)
}

/// Work for these calls that is not done, and what is recorded at the telephone company because of it.
pub async fn work_on(
    connection: &mut SqliteConnection,
    calls: &[Leaving],
) -> sqlx::Result<(Vec<JobId>, Vec<(String, Recording)>)> {
    let (mut jobs, mut recordings) = (Vec::new(), Vec::new());
    for row in sqlx::query("select id, document from jobs").fetch_all(connection).await? {
        if let Ok(Job::KeepRecording { call, provider, recording, .. }) = json(&row, "document")
            && calls.iter().any(|leaving| leaving.call == call)
        {
            jobs.push(super::id(&row, "id")?);
            recordings.push((provider, recording));
        }
    }
    Ok((jobs, recordings))
}

/// Which of these files no message needs any more.
pub async fn unneeded(connection: &mut SqliteConnection, files: Vec<String>) -> sqlx::Result<Vec<String>> {
    let mut unneeded = Vec::new();
    for file in files {
        let sql = "select 1 from voicemails where sha256 = $1 limit 1";
        if sqlx::query(sql).bind(&file).fetch_optional(&mut *connection).await?.is_none() {
            unneeded.push(file);
        }
    }
    Ok(unneeded)
}

/// Every text in which a person can stand, one after the other.
pub async fn each_text(connection: &mut SqliteConnection, mut look: impl FnMut(&str)) -> sqlx::Result<()> {
    let more = [("calls", "caller", "true"), ("tickets", "customer", "true")];
    for (table, column, which) in TEXTS.into_iter().chain(more) {
        let sql = format!("select {column} from {table} where {which} and {column} is not null");
        let mut rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch(&mut *connection);
        while let Some(row) = rows.try_next().await? {
            look(row.try_get(0)?);
        }
    }
    Ok(())
}

/// Who was erased, and when.
pub async fn erasures(connection: &mut SqliteConnection) -> sqlx::Result<Vec<(String, DateTime<Utc>)>> {
    let rows = sqlx::query("select hash, at_ms from erasures").fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, instant(row.try_get(1)?)))).collect()
}

/// Notes that a person was erased who is nowhere in this database.
pub async fn note(connection: &mut SqliteConnection, hash: &str, at: DateTime<Utc>) -> sqlx::Result<()> {
    let sql = "insert into erasures (hash, at_ms, cleaned_ms) values ($1, $2, $2)
        on conflict (hash) do update set at_ms = max(erasures.at_ms, excluded.at_ms)";
    sqlx::query(sql).bind(hash).bind(ms(at)).execute(connection).await.map(drop)
}

/// The sounds that are still to go because of erasures. `None`: all of them are finished.
pub async fn unfinished(connection: &mut SqliteConnection) -> sqlx::Result<Option<Vec<String>>> {
    let sql = "select sounds from erasures where cleaned_ms is null";
    let found: Vec<String> = sqlx::query_scalar(sql).fetch_all(connection).await?;
    let sounds = found.iter().flat_map(|sounds| sounds.split(',')).filter(|sound| !sound.is_empty());
    Ok((!found.is_empty()).then(|| sounds.map(str::to_owned).collect()))
}

/// All erasures are finished.
pub async fn finished(connection: &mut SqliteConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    let sql = "update erasures set cleaned_ms = $1, sounds = '' where cleaned_ms is null";
    sqlx::query(sql).bind(ms(now)).execute(connection).await.map(drop)
}

fn leaving(row: &sqlx::sqlite::SqliteRow) -> sqlx::Result<Leaving> {
    Ok(Leaving {
        call: super::id(row, "id")?,
        provider: row.try_get("provider")?,
        provider_call_id: row.try_get("provider_call_id")?,
    })
}

fn message(row: &sqlx::sqlite::SqliteRow) -> sqlx::Result<LeavingMessage> {
    let seconds = u32::try_from(row.try_get::<i64, _>("seconds")?).unwrap_or(0);
    Ok(LeavingMessage {
        call: super::id(row, "call")?,
        provider: row.try_get("provider")?,
        recording: Recording { id: row.try_get("recording")?, seconds },
        sha256: row.try_get("sha256")?,
    })
}

impl Writer {
    /// Writes the database anew and empties the write-ahead log, so that nothing of what was removed is left on free
    /// pages. Takes as long as copying the database.
    pub async fn scrub(&mut self) -> sqlx::Result<()> {
        self.empty_log().await?;
        // Words of what was removed stay in the index until it is written anew.
        sqlx::query("insert into search_words (search_words) values ('optimize')")
            .execute(self.connection())
            .await?;
        sqlx::query("vacuum").execute(self.connection()).await?;
        self.empty_log().await
    }

    /// Readers may hold it up for the 5 s that they have.
    async fn empty_log(&mut self) -> sqlx::Result<()> {
        for _ in 0..40 {
            let sql = "pragma wal_checkpoint(truncate)";
            let (busy, _, _): (i64, i64, i64) = sqlx::query_as(sql).fetch_one(self.connection()).await?;
            if busy == 0 {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        }
        Err(sqlx::Error::Protocol("the write-ahead log is read all the time and can't be emptied".into()))
    }
}

impl From<Removal> for Batch {
    fn from(removal: Removal) -> Self {
        Self { removal: Some(removal), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Removal, calls_before};
    use crate::{
        routing::ids::{CallId, Ids, TicketId},
        store::{Folder, Writer, instant, open},
    };
    use sqlx::AssertSqlSafe;

    async fn carry_out(writer: &mut Writer, sql: String) {
        sqlx::query(AssertSqlSafe(sql)).execute(writer.connection()).await.expect("a statement");
    }

    async fn count(writer: &mut Writer, table: &str) -> i64 {
        let sql = format!("select count(*) from {table}");
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(writer.connection()).await.expect("a number")
    }

    #[tokio::test]
    async fn a_ticket_of_two_calls_stays_with_its_notes_until_the_last_of_them_goes() {
        let directory = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(directory.path()).expect("the folder");
        let (mut writer, _) = open(&folder).await.expect("a database");
        let mut ids = Ids::new(1);
        let (ticket, first, second) = (TicketId(ids.next(1)), CallId(ids.next(1)), CallId(ids.next(1)));
        for (call, ended_ms) in [(first, 1_000), (second, 9_000)] {
            let sql =
                "insert into calls (id, channel, provider, provider_call_id, caller, called, state, ticket,
                arrived_ms, ended_ms) values";
            let row = format!(
                "('{call}', 'c', 'main', '{call}', '+431', '+432', 'ended', '{ticket}', 1, {ended_ms})"
            );
            carry_out(&mut writer, format!("{sql} {row}")).await;
        }
        let row = format!("('{ticket}', 'calling', 'closed', '{first}', 1, 9000)");
        let sql = "insert into tickets (id, type, status, call, created_ms, closed_ms) values";
        carry_out(&mut writer, format!("{sql} {row}")).await;
        let sql = "insert into notes (id, ticket, at_ms, text) values";
        carry_out(&mut writer, format!("{sql} ('n', '{ticket}', 1, 'called twice')")).await;

        for (before_ms, goes, left) in [(5_000, first, (1, 1, 1)), (10_000, second, (0, 0, 0))] {
            let calls = calls_before(writer.connection(), instant(before_ms)).await.expect("old calls");
            assert_eq!(calls.iter().map(|leaving| leaving.call).collect::<Vec<_>>(), [goes]);
            let removal = Removal { calls, ..Removal::default() };
            writer.commit(&removal.into()).await.expect("it is removed");
            let there = (
                count(&mut writer, "calls").await,
                count(&mut writer, "tickets").await,
                count(&mut writer, "notes").await,
            );
            assert_eq!(there, left, "before {before_ms}");
        }
    }
}
