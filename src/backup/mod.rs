//! Backups and their return. A backup is one archive of a copy of the database and of all sounds; it gets its name only
//! after it was restored into a temporary folder. A restore changes nothing until the whole archive was checked.

mod archive;

use crate::{
    audio,
    store::{ASIDE, CONTROL_SOCKET, DATABASE, LOCK, RESTORING, copy},
};
use anyhow::{Context, bail, ensure};
use archive::{FOLDERS, Manifest, Member, is_sound_name};
use chrono::{DateTime, Utc};
use std::{
    fs::{DirBuilder, File, TryLockError},
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

/// A backup that was made.
#[derive(Debug)]
pub struct Made {
    pub bytes: u64,
    pub sounds: usize,
    /// Sounds that the database names and that are not there.
    pub missing: Vec<String>,
}

/// Backs up the data folder into `file`, beside a running daemon or without one.
pub async fn make(data: &Path, file: &Path, now: DateTime<Utc>) -> anyhow::Result<Made> {
    let beside = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    ensure!(file.file_name().is_some() && !file.is_dir(), "{} is a folder, not a file", file.display());
    let workshop = tempfile::Builder::new().prefix(".strowger-backup-").tempdir_in(beside);
    let workshop = workshop.with_context(|| format!("cannot write in {}", beside.display()))?;
    let database = workshop.path().join(DATABASE);
    copy::copy(data, &database).await?;
    let manifest = list(data, &database, now).await?;
    let archive = workshop.path().join("archive");
    archive::pack(&manifest, &archive, |path| match path {
        DATABASE => database.clone(),
        sound => data.join(sound),
    })?;
    let trial = workshop.path().join("trial");
    std::fs::create_dir(&trial)?;
    unpack(&archive, &trial).await.context("the backup was made, but can't be restored")?;
    let bytes = archive.metadata()?.len();
    std::fs::rename(&archive, file).with_context(|| format!("cannot write {}", file.display()))?;
    File::open(beside)?.sync_all()?;
    Ok(Made { bytes, sounds: manifest.files.len() - 1, missing: manifest.missing })
}

/// Everything that goes into the archive. A sound that appears meanwhile is of a later time than the database.
async fn list(data: &Path, database: &Path, now: DateTime<Utc>) -> anyhow::Result<Manifest> {
    let contents = copy::look(database).await?;
    let mut files = vec![Member::of(DATABASE.to_owned(), database)?];
    for folder in FOLDERS {
        for name in sounds(&data.join(folder))? {
            let path = format!("{folder}/{name}");
            let member = Member::of(path.clone(), &data.join(&path));
            files.push(member.with_context(|| format!("cannot read {path}"))?);
        }
    }
    let missing = missing(&contents, &files);
    Ok(Manifest::new(contents.schema, now, files, missing))
}

/// The names of the finished sounds in a folder, in order.
fn sounds(folder: &Path) -> anyhow::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", folder.display())),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_sound_name(&name) && entry.file_type()?.is_file() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// What the database names and is not among the files. Greetings that ship with the program are in the program.
fn missing(contents: &copy::Contents, files: &[Member]) -> Vec<String> {
    let is_there = |folder: &str, sha256: &str| {
        let whole = format!("{folder}/{sha256}");
        let is_it = |path: &str| {
            path.strip_prefix(&whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        files.iter().any(|member| is_it(&member.path))
    };
    let voicemails = contents.voicemails.iter().map(|sha256| ("voicemail", sha256));
    let uploaded = contents.greetings.iter().filter(|sha256| audio::by_hash(sha256).is_none());
    let written = contents.attachments.iter().map(|sha256| ("attachments", sha256));
    let named = voicemails.chain(written).chain(uploaded.map(|sha256| ("media", sha256)));
    let missing = named.filter(|(folder, sha256)| !is_there(folder, sha256));
    missing.map(|(folder, sha256)| format!("{folder}/{sha256}")).collect()
}

/// Unpacks an archive and proves that a daemon could start on what came out.
async fn unpack(file: &Path, folder: &Path) -> anyhow::Result<Manifest> {
    let manifest = archive::unpack(file, folder)?;
    let contents = copy::look(&folder.join(DATABASE)).await.context("the database in it is not good")?;
    let missing = missing(&contents, &manifest.files);
    let lost: Vec<_> = missing.iter().filter(|path| !manifest.missing.contains(path)).collect();
    ensure!(lost.is_empty(), "it lacks sounds that its database names: {lost:?}");
    Ok(manifest)
}

/// A data folder that was restored.
#[derive(Debug)]
pub struct Restored {
    pub made_at: DateTime<Utc>,
    pub sounds: usize,
    pub missing: Vec<String>,
    /// Webhooks, mails and commands to telephone companies that waited: they are not sent unless somebody asks for it.
    pub parked: usize,
    /// Where what was in the folder before is now.
    pub aside: Option<PathBuf>,
}

/// Restores the archive `file` into the data folder, which is made if need be. One that holds something is refused unless
/// `replace`, which moves that aside. Whatever fails leaves the folder as it was.
pub async fn restore(
    file: &Path,
    data: &Path,
    replace: bool,
    now: DateTime<Utc>,
) -> anyhow::Result<Restored> {
    let place = Place::take(data, replace)?;
    let unpacked = unpack(file, &place.staging).await;
    let manifest = unpacked.with_context(|| format!("{} is not restored", file.display()))?;
    let old_epoch = match copy::look(&data.join(DATABASE)).await {
        Ok(contents) => contents.epoch,
        // There is none, or none that a daemon could run on.
        Err(_) => 0,
    };
    let parked = copy::mark_restored(&place.staging.join(DATABASE), old_epoch, now).await?;
    let aside = place.settle(now)?;
    Ok(Restored {
        made_at: manifest.made_at,
        sounds: manifest.files.len() - 1,
        missing: manifest.missing,
        parked,
        aside,
    })
}

/// The data folder while it is being restored. Dropping it removes what was not settled.
struct Place {
    data: PathBuf,
    staging: PathBuf,
    /// What has to go aside.
    old: Vec<String>,
    made_folder: bool,
    _lock: Option<File>,
}

impl Place {
    fn take(data: &Path, replace: bool) -> anyhow::Result<Self> {
        let made_folder = !data.try_exists().with_context(|| format!("cannot look at {}", data.display()))?;
        if made_folder {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(data);
            made.with_context(|| format!("cannot make the data folder {}", data.display()))?;
        }
        let lock = lock(data)?;
        let old = contents(data)?;
        if !old.is_empty() && !replace {
            bail!(
                "the data folder {} is not empty; with --replace what is in it is moved aside",
                data.display()
            );
        }
        let staging = data.join(RESTORING);
        let place = Self { data: data.to_owned(), staging, old, made_folder, _lock: lock };
        // Left over from a restore that was broken off.
        let _ = std::fs::remove_dir_all(&place.staging);
        let made = DirBuilder::new().mode(0o700).create(&place.staging);
        made.with_context(|| format!("cannot write in the data folder {}", data.display()))?;
        Ok(place)
    }

    /// Moves what is there aside and what was unpacked into its place, the database last.
    fn settle(mut self, now: DateTime<Utc>) -> anyhow::Result<Option<PathBuf>> {
        self.give_to_owner()?;
        sync(&self.staging)?;
        let old = std::mem::take(&mut self.old);
        let aside = self.data.join(format!("{ASIDE}{}", now.format("%Y%m%dT%H%M%S%3fZ")));
        if !old.is_empty() {
            let made = DirBuilder::new().mode(0o700).create(&aside);
            made.with_context(|| format!("cannot make {}", aside.display()))?;
            move_all(&old, &self.data, &aside)?;
        }
        let new: Vec<String> = FOLDERS.iter().chain([&DATABASE]).map(|&name| name.to_owned()).collect();
        if let Err(error) = move_all(&new, &self.staging, &self.data) {
            move_all(&old, &aside, &self.data).context("what was there could not be put back")?;
            let _ = std::fs::remove_dir(&aside);
            return Err(error);
        }
        sync(&self.data)?;
        self.made_folder = false;
        Ok((!old.is_empty()).then_some(aside))
    }

    /// Whoever restores as root restores for the folder's owner.
    fn give_to_owner(&self) -> anyhow::Result<()> {
        let owner = std::fs::metadata(&self.data)?;
        let mut left = vec![self.staging.clone()];
        while let Some(path) = left.pop() {
            // What somebody put there meanwhile may point anywhere.
            let metadata = std::fs::symlink_metadata(&path)?;
            if (metadata.uid(), metadata.gid()) != (owner.uid(), owner.gid()) {
                std::os::unix::fs::lchown(&path, Some(owner.uid()), Some(owner.gid()))
                    .with_context(|| format!("cannot give {} to the folder's owner", path.display()))?;
            }
            if metadata.is_dir() {
                for entry in std::fs::read_dir(&path)? {
                    left.push(entry?.path());
                }
            }
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.staging);
        if self.made_folder {
            let _ = std::fs::remove_dir(&self.data);
        }
    }
}

/// Fails while a daemon runs on the folder, and keeps one from starting. A folder without a lock never had one.
fn lock(data: &Path) -> anyhow::Result<Option<File>> {
    let file = match File::options().write(true).open(data.join(LOCK)) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot lock {}", data.display())),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            bail!("a strowger is running on the data folder {}; stop it first", data.display())
        }
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the data folder"),
    }
}

/// Who was erased: see `desk::erasure`.
const ERASURES: &str = "erasures";

/// What is in the folder and would be in the way.
fn contents(data: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(data).with_context(|| format!("cannot read {}", data.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        // Who was erased stays erased: what is restored is cleaned at the next start.
        let is_ours =
            [LOCK, CONTROL_SOCKET, RESTORING, ERASURES].contains(&name.as_str()) || name.starts_with(ASIDE);
        if !is_ours {
            names.push(name);
        }
    }
    Ok(names)
}

/// Moves all of them, or none.
fn move_all(names: &[String], from: &Path, to: &Path) -> anyhow::Result<()> {
    for (index, name) in names.iter().enumerate() {
        if let Err(error) = std::fs::rename(from.join(name), to.join(name)) {
            for name in &names[..index] {
                let _ = std::fs::rename(to.join(name), from.join(name));
            }
            return Err(error).with_context(|| format!("cannot move {name}"));
        }
    }
    Ok(())
}

/// Sees everything on the folder's file system to the disk.
fn sync(folder: &Path) -> anyhow::Result<()> {
    rustix::fs::syncfs(File::open(folder)?).context("cannot sync the disk")
}
