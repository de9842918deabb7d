//! Erasing a person by number or address: rows, files, the telephone company's copies, and what is left on free pages.
//! Who was erased is remembered by a keyed hash in the file `erasures`, outside the database: a backup that is restored
//! is cleaned again at the next start.

use crate::{
    audio,
    calls::decision::Job,
    routing::ids::{Ids, JobId},
    store::{
        Writer,
        audit::{AuditRow, Author, Subject},
        batch::Batch,
        jobs::JobRow,
        removal::{self, LeavingMessage, Removal},
    },
};
use anyhow::Context;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::{
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};
use tracing::{info, warn};

/// Shorter ones could stand for anything.
const DIGITS_MIN: usize = 5;

/// A number in international form, or an address. Shown, it says nothing.
#[derive(Clone, PartialEq, Eq)]
pub enum Person {
    /// Without + or 00.
    Number(String),
    Address(String),
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(a person)")
    }
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Erased {
    pub rows: u64,
    pub files: u64,
}

/// Why nobody is erased.
#[derive(Debug, thiserror::Error)]
pub enum NotErased {
    #[error("a call of this number is going on: erase when it is over")]
    Live,
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// What erasing needs besides the store.
#[derive(Debug, Clone)]
pub struct Place {
    /// The data folder.
    pub folder: PathBuf,
    pub voicemails: PathBuf,
    /// Calls are deleted at the telephone company too.
    pub forget_calls: bool,
}

impl Person {
    /// `None`: neither a number in international form nor an address.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let plain: String =
            text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '/' | '.')).collect();
        let digits = plain.strip_prefix('+').or(plain.strip_prefix("00")).unwrap_or(&plain);
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        if is_number {
            return (DIGITS_MIN..=20).contains(&digits.len()).then(|| Self::Number(digits.to_owned()));
        }
        let is_address = text.len() <= 320 && text.len() >= DIGITS_MIN && !text.contains(char::is_whitespace);
        (is_address && (text.contains(':') || text.contains('@'))).then(|| Self::Address(text.to_lowercase()))
    }

    fn spellings(&self) -> Vec<String> {
        match self {
            Self::Number(digits) => vec![format!("+{digits}"), format!("00{digits}"), digits.clone()],
            Self::Address(address) => vec![address.clone()],
        }
    }

    fn mention(&self) -> &str {
        let (Self::Number(text) | Self::Address(text)) = self;
        text
    }
}

/// The rows are gone.
#[derive(Debug)]
pub struct Done {
    /// Whether all the rest is.
    pub erased: anyhow::Result<Erased>,
    /// Work that is pointless now.
    pub cancelled: Vec<JobId>,
    /// Work to be started: it deletes the copies at the telephone company.
    pub later: Vec<JobRow>,
}

/// Removes everything about a person.
pub async fn erase(
    writer: &mut Writer,
    place: &Place,
    person: &Person,
    by: Author,
    now: DateTime<Utc>,
) -> Result<Done, NotErased> {
    let list = List::open(&place.folder).context("cannot read the list of erasures")?;
    let connection = writer.connection();
    let found = removal::calls_from(connection, &person.spellings()).await;
    let (calls, live) = found.context("cannot look for calls")?;
    if live {
        return Err(NotErased::Live);
    }
    // First the list: should we be interrupted, the next start goes on.
    let hash = list.hash(person);
    list.add(&hash, now).context("cannot write the list of erasures")?;

    let messages = removal::messages_of(connection, &calls).await.context("cannot look for messages")?;
    let (cancelled, recorded) = removal::work_on(connection, &calls).await.context("cannot look for jobs")?;
    let copies = messages.iter().map(|message| (message.provider.clone(), message.recording.clone()));
    let copies = copies.chain(recorded);
    let mut later: Vec<Job> =
        copies.map(|(provider, recording)| Job::DeleteRecording { provider, recording }).collect();
    if place.forget_calls {
        let forget = |leaving: &removal::Leaving| Job::ForgetCall {
            provider: leaving.provider.clone(),
            provider_call_id: leaving.provider_call_id.clone(),
        };
        later.extend(calls.iter().map(forget));
    }
    let mut ids = Ids::new(rand::random());
    let mut audited = Ids::new(rand::random());
    let later = later.into_iter().map(|job| {
        let id = JobId(ids.next(now.timestamp_millis()));
        JobRow { id, job, due_at: now, tries: 0, sent_at: Some(now), failed_at: None, error: None }
    });
    let later: Vec<JobRow> = later.collect();
    let ids = calls.iter().flat_map(|leaving| [leaving.call.to_string(), leaving.provider_call_id.clone()]);
    let mentions = std::iter::once(person.mention().to_owned()).chain(ids).collect();
    let removal = Removal { calls, mentions, erased: Some((hash, now)), ..Removal::default() };
    let jobs = later.iter().map(|row| (row.id, row.clone())).collect();
    let audit = vec![AuditRow {
        id: audited.next(now.timestamp_millis()),
        at: now,
        by,
        action: "erased",
        subject: Subject { kind: "person", id: audited.next(now.timestamp_millis()) },
        before: None,
        after: None,
    }];
    let batch = Batch { removal: Some(removal), jobs, audit, ..Batch::default() };
    writer.commit(&batch).await.context("cannot remove the rows")?;
    let rows = batch.removal.as_ref().map_or(0, Removal::rows);
    let erased = clean(writer, place, &messages, rows).await;
    Ok(Done { erased, cancelled, later })
}

/// What lies beside the rows: sounds, copies of the database, and its own free pages.
async fn clean(
    writer: &mut Writer,
    place: &Place,
    messages: &[removal::LeavingMessage],
    rows: u64,
) -> anyhow::Result<Erased> {
    let files = remove_files(writer, &place.voicemails, messages).await.context("cannot remove files")?;
    let copies = remove_copies(&place.folder).context("cannot remove copies of the database")?;
    writer.scrub().await.context("cannot write the database anew")?;
    info!(rows, files, "a person was erased");
    Ok(Erased { rows, files: files + copies })
}

/// Erases again who is on the list and not in this database: it was restored from a backup of before. Answers how many.
pub async fn erase_again(writer: &mut Writer, place: &Place, now: DateTime<Utc>) -> anyhow::Result<usize> {
    if !place.folder.join(LIST).exists() {
        return Ok(0);
    }
    let list = List::open(&place.folder).context("cannot read the list of erasures")?;
    let known = removal::erasures(writer.connection()).await.context("cannot read the erasures")?;
    let is_done = |hash: &str, at: i64| {
        known.iter().any(|(done, done_at)| done == hash && done_at.timestamp_millis() >= at)
    };
    let due: Vec<&(String, i64)> = list.erased.iter().filter(|(hash, at)| !is_done(hash, *at)).collect();
    if due.is_empty() {
        return Ok(0);
    }
    warn!(persons = due.len(), "the database is older than the list of erasures: they are carried out again");
    let callers = removal::callers(writer.connection()).await.context("cannot look for callers")?;
    let mut again = 0;
    for person in callers.iter().filter_map(|caller| Person::read(caller)) {
        let hash = list.hash(&person);
        if due.iter().any(|(due, _)| *due == hash) {
            match erase(writer, place, &person, Author::Daemon, now).await {
                Ok(_) => again += 1,
                Err(NotErased::Live) => warn!("a person who was erased has a live call: at the next start"),
                Err(NotErased::Failed(error)) => return Err(error),
            }
        }
    }
    // The others are nowhere in this database.
    for (hash, at) in due {
        if !callers.iter().filter_map(|caller| Person::read(caller)).any(|person| list.hash(&person) == *hash)
        {
            let at = DateTime::from_timestamp_millis(*at).unwrap_or(now);
            let removal = Removal { erased: Some((hash.clone(), at)), ..Removal::default() };
            writer.commit(&removal.into()).await.context("cannot note an erasure")?;
        }
    }
    Ok(again)
}

/// Removes the sounds of messages whose rows are gone, unless another message needs them. Answers how many files.
pub async fn remove_files(
    writer: &mut Writer,
    folder: &Path,
    messages: &[LeavingMessage],
) -> anyhow::Result<u64> {
    let files = messages.iter().map(|message| message.sha256.clone()).collect();
    let mut removed = 0;
    for sha256 in removal::unneeded(writer.connection(), files).await? {
        for name in [format!("{sha256}.wav"), audio::trimmed_name(&sha256)] {
            match std::fs::remove_file(folder.join(name)) {
                Ok(()) => removed += 1,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).context("a message's file"),
            }
        }
    }
    Ok(removed)
}

/// Copies that were made before migrations, and what was set aside and can't be read, hold what was erased.
fn remove_copies(folder: &Path) -> std::io::Result<u64> {
    let mut removed = 0;
    let spool = folder.join("spool");
    let spooled = if spool.is_dir() { Some(std::fs::read_dir(spool)?) } else { None };
    for entry in std::fs::read_dir(folder)?.chain(spooled.into_iter().flatten()) {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("before-migration-") || name.ends_with(".unreadable") {
            std::fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// The file's name. A restore leaves it alone.
pub const LIST: &str = "erasures";

/// The first line is the key, each other one a hash and when.
struct List {
    path: PathBuf,
    key: Vec<u8>,
    erased: Vec<(String, i64)>,
}

impl List {
    fn open(folder: &Path) -> std::io::Result<Self> {
        let path = folder.join(LIST);
        if !path.exists() {
            let key = audio::hex(&rand::random::<[u8; 32]>());
            let mut file = tempfile::Builder::new().prefix(".erasures-").tempfile_in(folder)?;
            writeln!(file, "{key}")?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            std::fs::File::open(folder)?.sync_all()?;
        }
        let text = std::fs::read_to_string(&path)?;
        let mut lines = text.lines();
        let key = lines.next().unwrap_or_default().as_bytes().to_vec();
        let entry = |line: &str| {
            let (hash, at) = line.split_once(' ')?;
            Some((hash.to_owned(), at.parse().ok()?))
        };
        Ok(Self { path, key, erased: lines.filter_map(entry).collect() })
    }

    fn add(&self, hash: &str, at: DateTime<Utc>) -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new().append(true).mode(0o600).open(&self.path)?;
        writeln!(file, "{hash} {}", at.timestamp_millis())?;
        file.sync_all()
    }

    fn hash(&self, person: &Person) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key may have any length");
        audio::hex(&mac.chain_update(person.mention()).finalize().into_bytes())
    }
}
