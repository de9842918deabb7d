//! Erasing a person by number or address: rows, files, the telephone company's copies, and what is left on free pages.
//! Who was erased is remembered by a keyed hash in the file `erasures`, outside the database: a backup that is restored
//! is cleaned again at the next start.

use super::spool::UNREADABLE;
use crate::{
    attachments::FOLDER,
    audio,
    calls::decision::Job,
    routing::ids::{Ids, JobId, TicketId},
    store::{
        ASIDE, Writer,
        audit::{AuditRow, Author, Subject},
        batch::Batch,
        jobs::JobRow,
        mentions,
        removal::{self, Erasure, Removal},
    },
};
use anyhow::Context;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::{
    collections::HashSet,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};
use tracing::{info, warn};

/// Shorter ones could stand for anything.
const DIGITS_MIN: usize = 5;

/// A number in international form, or an address. Shown, it says nothing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Person {
    /// Without + or 00.
    Number(String),
    /// In small letters. One with an @ is the same by mail and by SIP: without `sip:` before it or parameters behind it.
    Address(String),
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(a person)")
    }
}

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Erased {
    pub rows: u64,
    pub files: u64,
    /// Settings that name the person still, such as `users/ID`: only you can say what should stand there instead.
    pub named_in: Vec<String>,
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
        let text = text.to_lowercase();
        let is_address = (DIGITS_MIN..=320).contains(&text.len()) && !text.contains(char::is_whitespace);
        if !is_address {
            return None;
        }
        if !text.contains('@') {
            return text.contains(':').then_some(Self::Address(text));
        }
        let bare = ["sip:", "sips:", "mailto:"].iter().find_map(|scheme| text.strip_prefix(scheme));
        let bare = bare.unwrap_or(&text).split([';', '?']).next().unwrap_or_default();
        let (name, host) = bare.split_once('@')?;
        (!name.is_empty() && !host.is_empty()).then(|| Self::Address(bare.to_owned()))
    }

    /// Everybody who may stand in a text.
    fn all_in(text: &str) -> HashSet<Self> {
        let text = mentions::plain(text);
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        let numbers = words.filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
        let numbers = numbers.filter_map(|digits| Self::read(digits.trim_start_matches('0')));
        let addresses = text.split(|c: char| c.is_whitespace() || "\"'<>&=,\\()[]{}".contains(c));
        let addresses = addresses.filter(|word| word.contains(['@', ':']));
        let addresses = addresses.filter_map(|word| Self::read(word.trim_end_matches(['.', ':', '!'])));
        numbers.chain(addresses).collect()
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
    let found = removal::calls_from(connection, person.mention()).await;
    let (calls, live) = found.context("cannot look for calls")?;
    if live {
        return Err(NotErased::Live);
    }
    let named_in = removal::settings_naming(connection, person.mention()).await;
    let named_in = named_in.context("cannot look into the settings")?;
    if by != Author::Daemon {
        remove_asides(&place.folder).context("cannot remove what a restore moved aside")?;
    }
    // First the list: should we be interrupted, the next start goes on.
    let hash = list.hash(person);
    list.add(&hash, now).context("cannot write the list of erasures")?;

    let messages = removal::messages_of(connection, &calls).await.context("cannot look for messages")?;
    let tickets = removal::tickets_of_person(connection, person.mention()).await;
    let tickets = tickets.context("cannot look for tickets")?;
    let of_calls = removal::tickets_of_calls(connection, &calls).await.context("cannot look for tickets")?;
    let all = [tickets.as_slice(), of_calls.as_slice()].concat();
    let mut written = removal::files_of(connection, &all).await.context("cannot look for files")?;
    written.extend(
        removal::files_mentioning(connection, person.mention()).await.context("cannot look for files")?,
    );
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
    let ids = ids.chain(tickets.iter().map(TicketId::to_string));
    let mentions = std::iter::once(person.mention().to_owned()).chain(ids).collect();
    let sounds = messages.into_iter().map(|message| message.sha256);
    let sounds = sounds.chain(written.iter().map(|file| format!("{FOLDER}/{file}"))).collect();
    let erasure = Erasure { hash, at: now, sounds };
    let is_in_settings = !named_in.is_empty();
    let removal =
        Removal { calls, tickets, mentions, is_in_settings, erased: Some(erasure), ..Removal::default() };
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
    let files = finish(writer, place, now).await;
    let erased = files.map(|files| {
        info!(rows, files, "a person was erased");
        Erased { rows, files, named_in }
    });
    Ok(Done { erased, cancelled, later })
}

/// Removes what lies beside the rows of those who were erased: sounds, copies of the database, its own free pages. Does
/// nothing if all of that is done; what a crash broke off is taken up here. Answers how many files went.
pub async fn finish(writer: &mut Writer, place: &Place, now: DateTime<Utc>) -> anyhow::Result<u64> {
    let sounds = removal::unfinished(writer.connection()).await.context("cannot read the erasures")?;
    let Some(sounds) = sounds else { return Ok(0) };
    let is_written = |file: &String| file.starts_with(FOLDER);
    let (written, sounds): (Vec<_>, Vec<_>) = sounds.into_iter().partition(is_written);
    let of_messages = written.iter().filter_map(|file| file.rsplit('/').next().map(str::to_owned)).collect();
    let attachments = place.folder.join(FOLDER);
    let files = remove_files(writer, &place.voicemails, sounds).await.context("cannot remove files")?
        + remove_files_of_messages(writer, &attachments, of_messages).await.context("cannot remove files")?;
    let copies = remove_copies(&place.folder).context("cannot remove copies of the database")?;
    writer.scrub().await.context("cannot write the database anew")?;
    removal::finished(writer.connection(), now).await.context("cannot note that it is done")?;
    Ok(files + copies)
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
    let mut found = HashSet::new();
    let mut seen = HashSet::new();
    let look = |text: &str| {
        for person in Person::all_in(text).into_iter().filter(|person| seen.insert(person.clone())) {
            let hash = list.hash(&person);
            if due.iter().any(|(due, _)| *due == hash) {
                found.insert(person);
            }
        }
    };
    removal::each_text(writer.connection(), look).await.context("cannot look for those who were erased")?;
    let (mut again, mut live) = (0, HashSet::new());
    for person in found {
        match erase(writer, place, &person, Author::Daemon, now).await {
            Ok(done) => {
                done.erased?;
                again += 1;
            }
            Err(NotErased::Live) => {
                warn!("a person who was erased has a live call: at the next start");
                live.insert(list.hash(&person));
            }
            Err(NotErased::Failed(error)) => return Err(error),
        }
    }
    // The others are nowhere in this database.
    for (hash, at) in due.into_iter().filter(|(hash, _)| !live.contains(hash)) {
        let at = DateTime::from_timestamp_millis(*at).unwrap_or(now);
        removal::note(writer.connection(), hash, at).await.context("cannot note an erasure")?;
    }
    Ok(again)
}

/// Removes the sounds of messages whose rows are gone, unless another message needs them. Answers how many files.
pub async fn remove_files(writer: &mut Writer, folder: &Path, sounds: Vec<String>) -> anyhow::Result<u64> {
    let mut removed = 0;
    for sha256 in removal::unneeded(writer.connection(), sounds).await? {
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

/// The same of files that came or went with messages.
pub async fn remove_files_of_messages(
    writer: &mut Writer,
    folder: &Path,
    files: Vec<String>,
) -> anyhow::Result<u64> {
    let mut removed = 0;
    for sha256 in removal::unneeded_files(writer.connection(), files).await? {
        match std::fs::remove_file(folder.join(sha256)) {
            Ok(()) => removed += 1,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).context("a file of a message"),
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
        if name.starts_with("before-migration-") || name.contains(UNREADABLE) {
            std::fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// What restores moved aside is older than this erasure. What is erased again was erased in there too, before it went aside.
fn remove_asides(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(ASIDE) && entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::spool::Spool;

    #[test]
    fn a_person_is_the_same_however_they_are_written() {
        let number = Person::Number("436641234567".into());
        for text in ["+43 664 123-45 67", "0043 (664) 1234567", "436641234567"] {
            assert_eq!(Person::read(text).as_ref(), Some(&number), "{text}");
        }
        let address = Person::Address("zoe@example.org".into());
        for text in [
            "Zoe@example.org",
            "sip:zoe@example.org;transport=udp",
            "sips:ZOE@EXAMPLE.org",
            "mailto:zoe@example.org",
        ] {
            assert_eq!(Person::read(text).as_ref(), Some(&address), "{text}");
        }
        assert_eq!(Person::read("sip:pbx.test"), Some(Person::Address("sip:pbx.test".into())));
        for text in ["", "0664 1234567", "+43", "Zoe", "@example.org", "zoe@", "z o e@example.org"] {
            assert_eq!(Person::read(text), None, "{text}");
        }
    }

    #[test]
    fn copies_of_the_database_and_what_the_spool_put_aside_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let spool = folder.path().join("spool");
        let opened = Spool::open(spool.clone());
        std::fs::create_dir(&spool).expect("the spool");
        std::fs::write(spool.join("0.taken"), "+436641234567").expect("a file");
        opened.give_up(&spool.join("0.taken"));
        std::fs::write(folder.path().join("before-migration-3.db"), "+436641234567").expect("a file");
        std::fs::write(folder.path().join("strowger.db"), "").expect("a file");
        assert_eq!(remove_copies(folder.path()).expect("they can be removed"), 2);
        let left = |folder: &Path| std::fs::read_dir(folder).expect("the folder").count();
        assert_eq!((left(&spool), left(folder.path())), (0, 2), "the database and the empty spool");
    }

    #[test]
    fn everybody_who_stands_in_a_text_is_found_there() {
        for (text, person) in [
            (r#"{"from":"+436641234567","to":"+431"}"#, "+436641234567"),
            ("From=%2B436641234567&To=1", "+436641234567"),
            ("sip:+436641234567@gateway.test", "+436641234567"),
            (r#"{"from":"sip:Zoe@example.org"}"#, "zoe@example.org"),
            ("Webhook { body: \"From=sip%3Azoe%40example.org&x\" }", "zoe@example.org"),
            ("Please write to zoe@example.org.", "zoe@example.org"),
            (r#"{"from":"sip:pbx.test"}"#, "sip:pbx.test"),
        ] {
            let person = Person::read(person).expect("a person");
            assert!(Person::all_in(text).contains(&person), "{person:?} in {text}");
            assert!(mentions::stands_in(person.mention(), text), "{person:?} in {text}");
        }
    }
}
