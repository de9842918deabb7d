//! Webhooks that were answered while nothing could be recorded: kept in a synced file until the store takes them.
//!
//! One line each: the beginning of the SHA-256 of the rest, a blank, and the webhook as JSON. A torn end, or a line that
//! was damaged, is found by that and left out. The signature was checked before; it is not checked again, as the secret
//! may have been changed meanwhile.

use super::Webhook;
use crate::{audio, providers::Reading};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use tracing::{error, info};

/// How much may wait. Days of calls; who calls then still gets a document.
const BYTES_MAX: u64 = 256 << 20;
const CHECK_DIGITS: usize = 16;
/// The file that grows. Before it is applied it gets a number in place of this.
const GROWING: &str = "growing";
/// How the ending of a file begins that could not be read and was put aside; numbers tell them apart.
pub const UNREADABLE: &str = "unreadable";

/// The folder `spool/` in the data folder.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    growing: Mutex<Option<Growing>>,
    waiting: AtomicU64,
    failing: AtomicBool,
}

#[derive(Debug)]
struct Growing {
    file: File,
    bytes: u64,
}

/// One webhook that waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetAside {
    pub at: DateTime<Utc>,
    pub webhook: Webhook,
}

impl SetAside {
    /// The webhook, with a caller who was held since then counted as having asked as often as they did.
    pub fn dated(&self, now: DateTime<Utc>) -> Webhook {
        /// How long a caller is held before asking again.
        const CLIP_SECONDS: i64 = 5;
        let mut webhook = self.webhook.clone();
        let clips = u32::try_from((now - self.at).num_seconds() / CLIP_SECONDS).unwrap_or(0);
        if let Reading::Arrived(arrival) | Reading::Fallback(arrival) = &mut webhook.reading {
            arrival.poll = arrival.poll.saturating_add(clips);
        }
        webhook
    }
}

impl Spool {
    /// Looks at what an earlier run left; makes nothing.
    pub fn open(folder: PathBuf) -> Self {
        let spool = Self {
            folder,
            growing: Mutex::default(),
            waiting: AtomicU64::default(),
            failing: AtomicBool::default(),
        };
        spool.waiting.store(spool.count(), Ordering::Relaxed);
        spool
    }

    /// How many webhooks wait.
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// The last one could not be written down: it waits in memory at the most.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Writes it down and syncs it. Blocks.
    pub fn keep(&self, set_aside: &SetAside) -> io::Result<()> {
        let kept = self.append(set_aside);
        match &kept {
            Ok(()) => {
                if self.failing.swap(false, Ordering::Relaxed) {
                    info!("webhooks can be set aside again");
                }
            }
            Err(error) if !self.failing.swap(true, Ordering::Relaxed) => {
                error!(%error, "webhooks can't be set aside while the store is down: they may be lost");
            }
            Err(_) => {}
        }
        kept
    }

    fn append(&self, set_aside: &SetAside) -> io::Result<()> {
        let line = line(set_aside)?;
        let mut growing = self.lock();
        let Growing { file, bytes } = match growing.as_mut() {
            Some(growing) => growing,
            None => growing.insert(self.grow()?),
        };
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if bytes.saturating_add(length) > BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "as much waits as may wait"));
        }
        let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_data());
        match written {
            Ok(()) => {
                *bytes += length;
                self.waiting.fetch_add(1, Ordering::Relaxed);
            }
            // What was written of it is cut off, or found to be torn.
            Err(_) => {
                let _ = file.set_len(*bytes);
                *growing = None;
            }
        }
        written
    }

    fn grow(&self) -> io::Result<Growing> {
        if !self.folder.is_dir() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
            // Without its name on the disk it is lost with all that is in it.
            self.folder.parent().map_or(Ok(()), sync_folder)?;
        }
        let path = self.folder.join(GROWING);
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        let bytes = file.metadata()?.len();
        if bytes > 0 {
            // The last line of an earlier file may be torn.
            file.write_all(b"\n")?;
        }
        sync_folder(&self.folder)?;
        Ok(Growing { file, bytes: bytes + u64::from(bytes > 0) })
    }

    /// The oldest file that waits, for as long as it is not removed. What comes from now on goes into another one.
    pub fn oldest(&self) -> Option<PathBuf> {
        if self.waiting() == 0 {
            return None;
        }
        let mut growing = self.lock();
        let path = self.files().into_iter().next()?;
        if !path.ends_with(GROWING) {
            return Some(path);
        }
        *growing = None;
        // Nothing older is there, so any number will do.
        let numbered = self.folder.join("0");
        match std::fs::rename(&path, &numbered).and_then(|()| sync_folder(&self.folder)) {
            Ok(()) => Some(numbered),
            Err(error) => {
                error!(%error, "what was set aside can't be taken up");
                None
            }
        }
    }

    /// Everything of it is in the store.
    pub fn remove(&self, path: &Path, records: usize) {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        let _ = self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
            Some(waiting.saturating_sub(records))
        });
        if let Err(error) = std::fs::remove_file(path).and_then(|()| sync_folder(&self.folder)) {
            error!(%error, "what was set aside is in the store, but its file can't be removed");
        }
    }

    /// Puts a file aside that can't be read, for somebody to look at. What came after it still waits.
    pub fn give_up(&self, path: &Path) {
        let _nothing_grows = self.lock();
        let names = (0..).map(|nth| path.with_extension(format!("{UNREADABLE}-{nth}")));
        let free = names.into_iter().find(|name: &PathBuf| name.symlink_metadata().is_err());
        let moved = free.map_or(Ok(()), |free| std::fs::rename(path, free));
        if let Err(error) = moved.and_then(|()| sync_folder(&self.folder)) {
            error!(%error, "a file that can't be read can't be put aside either");
            return self.waiting.store(0, Ordering::Relaxed);
        }
        self.waiting.store(self.count(), Ordering::Relaxed);
    }

    /// How many webhooks the files hold. One that can't be read counts too: it has to be looked at.
    fn count(&self) -> u64 {
        let held = |path: PathBuf| read(&path).map_or(1, |(found, damaged)| found.len() + damaged);
        let all: usize = self.files().into_iter().map(held).sum();
        u64::try_from(all).unwrap_or(u64::MAX)
    }

    /// The file that was taken up, if it is still there, before the one that grows.
    fn files(&self) -> Vec<PathBuf> {
        ["0", GROWING].map(|name| self.folder.join(name)).into_iter().filter(|path| path.exists()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Growing>> {
        self.growing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn line(set_aside: &SetAside) -> io::Result<String> {
    let json = serde_json::to_string(set_aside)?;
    Ok(format!("{} {json}\n", &audio::sha256(json.as_bytes())[..CHECK_DIGITS]))
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// What is in the file, in order, and how many lines are torn or damaged.
pub fn read(path: &Path) -> io::Result<(Vec<SetAside>, usize)> {
    let bytes = std::fs::read(path)?;
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let whole: Vec<SetAside> = lines.iter().filter_map(|line| read_line(line)).collect();
    let damaged = lines.len() - whole.len();
    Ok((whole, damaged))
}

fn read_line(line: &[u8]) -> Option<SetAside> {
    let (check, json) = line.split_at_checked(CHECK_DIGITS)?;
    let json = json.strip_prefix(b" ")?;
    let good = audio::sha256(json).as_bytes().get(..CHECK_DIGITS) == Some(check);
    good.then(|| serde_json::from_slice(json).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        calls::{call::Caller, event::Arrival},
        providers::Reading,
        routing::ids::{ChannelId, Ids},
    };
    use std::os::unix::fs::PermissionsExt;

    fn set_aside(number: u8) -> SetAside {
        let channel = ChannelId(Ids::new(1).next(1));
        let webhook =
            Webhook { provider: "main".into(), channel, key: [number; 32], reading: Reading::Nothing };
        SetAside { at: DateTime::from_timestamp_millis(1_767_225_600_000).unwrap(), webhook }
    }

    fn keys(found: &[SetAside]) -> Vec<u8> {
        found.iter().map(|found| found.webhook.key[0]).collect()
    }

    #[test]
    fn what_is_kept_is_found_in_order_after_a_restart_and_only_by_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool");
        let spool = Spool::open(path.clone());
        assert_eq!((spool.waiting(), spool.oldest()), (0, None));
        (1..=3).for_each(|number| spool.keep(&set_aside(number)).unwrap());
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&path.join(GROWING))), (0o700, 0o600));

        let spool = Spool::open(path.clone());
        assert_eq!(spool.waiting(), 3);
        let oldest = spool.oldest().unwrap();
        spool.keep(&set_aside(4)).unwrap();
        let (found, damaged) = read(&oldest).unwrap();
        assert_eq!((keys(&found), damaged), (vec![1, 2, 3], 0));
        assert_eq!(spool.oldest(), Some(oldest.clone()), "until it is removed it is the oldest");
        spool.remove(&oldest, 3);
        let next = spool.oldest().unwrap();
        assert_eq!(keys(&read(&next).unwrap().0), [4]);
        spool.remove(&next, 1);
        assert_eq!((spool.waiting(), std::fs::read_dir(&path).unwrap().count()), (0, 0));
    }

    #[test]
    fn a_torn_end_is_left_out_and_what_comes_after_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool");
        Spool::open(path.clone()).keep(&set_aside(1)).unwrap();
        let file = path.join(GROWING);
        let whole = std::fs::read(&file).unwrap();
        for cut in 1..whole.len() - 1 {
            let mut torn = whole.clone();
            torn.extend_from_slice(&whole[..cut]);
            std::fs::write(&file, torn).unwrap();
            Spool::open(path.clone()).keep(&set_aside(2)).unwrap();
            let (found, damaged) = read(&file).unwrap();
            assert_eq!((keys(&found), damaged), (vec![1, 2], 1), "torn after {cut} bytes");
        }
        let mut flipped = whole.clone();
        flipped[40] ^= 1;
        std::fs::write(&file, flipped).unwrap();
        assert_eq!(read(&file).map(|(found, damaged)| (found.len(), damaged)).unwrap(), (0, 1));
    }

    #[test]
    fn a_caller_who_was_held_meanwhile_counts_as_having_asked_after_each_clip() {
        let mut held = set_aside(1);
        let arrival = Arrival {
            channel: held.webhook.channel,
            provider: "main".into(),
            provider_call_id: "CA1".into(),
            from: Caller::Withheld,
            to: "+431".into(),
            poll: 2,
        };
        for reading in [Reading::Arrived(arrival.clone()), Reading::Fallback(arrival)] {
            held.webhook.reading = reading;
            for (seconds, poll) in [(0, 2), (4, 2), (5, 3), (23, 6), (-60, 2)] {
                let webhook = held.dated(held.at + chrono::TimeDelta::seconds(seconds));
                let (Reading::Arrived(dated) | Reading::Fallback(dated)) = &webhook.reading else {
                    panic!("{webhook:?}")
                };
                assert_eq!(dated.poll, poll, "after {seconds} s");
            }
        }
        let other = set_aside(1);
        let later = other.dated(other.at + chrono::TimeDelta::seconds(60));
        assert_eq!(format!("{later:?}"), format!("{:?}", other.webhook), "others are as they were");
    }

    #[test]
    fn a_file_that_can_not_be_read_is_put_aside_and_what_came_after_it_still_waits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool");
        let spool = Spool::open(path.clone());
        for (nth, others) in [1, 3].into_iter().enumerate() {
            spool.keep(&set_aside(1)).unwrap();
            let oldest = spool.oldest().unwrap();
            std::fs::remove_file(&oldest).unwrap();
            std::fs::create_dir(&oldest).unwrap();
            (0..others).for_each(|_| spool.keep(&set_aside(2)).unwrap());
            assert!(read(&oldest).is_err(), "a folder is no file");
            spool.give_up(&oldest);
            assert!(path.join(format!("0.unreadable-{nth}")).is_dir(), "it is there to be looked at");
            assert_eq!(spool.waiting(), others);
            assert_eq!(Spool::open(path.clone()).waiting(), others, "a restart counts the same");
            let next = spool.oldest().unwrap();
            assert_eq!(read(&next).unwrap().0.len(), usize::try_from(others).unwrap());
            spool.remove(&next, usize::try_from(others).unwrap());
            assert_eq!((spool.waiting(), spool.oldest()), (0, None));
        }
    }

    #[test]
    fn where_nothing_can_be_written_it_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool");
        std::fs::write(&path, "no folder").unwrap();
        let spool = Spool::open(path.clone());
        assert!(spool.keep(&set_aside(1)).is_err());
        assert!(spool.is_failing());
        std::fs::remove_file(&path).unwrap();
        spool.keep(&set_aside(1)).unwrap();
        assert_eq!((spool.is_failing(), spool.waiting()), (false, 1));
    }
}
