//! The archive: a tar file of a manifest, the database, and the sounds. The manifest's name holds its hash, and the
//! manifest the hash and size of everything else, so that what is damaged shows. Nothing in an archive is trusted: only
//! names of our own form are written, and links, devices and whatever else tar can hold are refused.

use crate::{audio, store::DATABASE};
use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, BufReader, BufWriter, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

/// The folders of files below the data folder: sounds, and what came or went with messages.
pub const FOLDERS: [&str; 3] = ["media", "voicemail", "attachments"];
const FORMAT: u32 = 1;
const MANIFEST_BYTES_MAX: u64 = 64 << 20;
/// Tar counts in blocks; two empty ones are the end.
const BLOCK: u64 = 512;

/// What is in an archive.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// The version of the program that made it.
    pub strowger: String,
    pub schema: i64,
    pub made_at: DateTime<Utc>,
    /// In the order in which they follow: the database first.
    pub files: Vec<Member>,
    /// Sounds that the database names and that were not there when the backup was made.
    pub missing: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Member {
    pub path: String,
    pub bytes: u64,
    pub sha256: String,
}

impl Manifest {
    pub fn new(schema: i64, made_at: DateTime<Utc>, files: Vec<Member>, missing: Vec<String>) -> Self {
        let strowger = env!("CARGO_PKG_VERSION").to_owned();
        Self { format: FORMAT, strowger, schema, made_at, files, missing }
    }

    /// How long the whole archive must be. `None`: longer than any file.
    fn archive_bytes(&self, manifest_bytes: u64) -> Option<u64> {
        let in_blocks = |bytes: u64| bytes.checked_next_multiple_of(BLOCK)?.checked_add(BLOCK);
        let mut sum = in_blocks(manifest_bytes)?.checked_add(2 * BLOCK)?;
        for member in &self.files {
            sum = sum.checked_add(in_blocks(member.bytes)?)?;
        }
        Some(sum)
    }
}

impl Member {
    pub fn of(path: String, file: &Path) -> io::Result<Self> {
        let mut hash = Sha256::new();
        let bytes = io::copy(&mut File::open(file)?, &mut HashOnly(&mut hash))?;
        Ok(Self { path, bytes, sha256: audio::hex(&hash.finalize()) })
    }
}

/// Whether a file of this name belongs into an archive.
pub fn is_sound_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (1..=80).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(plain)
}

fn is_our_path(path: &str) -> bool {
    path == DATABASE
        || path.split_once('/').is_some_and(|(folder, name)| FOLDERS.contains(&folder) && is_sound_name(name))
}

/// Writes the archive to the new file `target`, for its owner's eyes only, and sees it to the disk. `place` tells where
/// a member is now.
pub fn pack(
    manifest: &Manifest,
    target: &Path,
    place: impl Fn(&str) -> std::path::PathBuf,
) -> anyhow::Result<()> {
    let file = create_new(target)?;
    let mut archive = tar::Builder::new(BufWriter::new(file));
    let text = serde_json::to_vec(manifest)?;
    let name = format!("manifest-{}.json", audio::sha256(&text));
    append(&mut archive, &name, u64::try_from(text.len())?, manifest, text.as_slice())?;
    for member in &manifest.files {
        let path = place(&member.path);
        let file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
        append(&mut archive, &member.path, member.bytes, manifest, file.take(member.bytes))?;
    }
    let file = archive.into_inner().and_then(|writer| Ok(writer.into_inner()?));
    file.and_then(|file| file.sync_all()).context("cannot write the archive")
}

fn append(
    archive: &mut tar::Builder<impl Write>,
    path: &str,
    bytes: u64,
    manifest: &Manifest,
    content: impl Read,
) -> anyhow::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(manifest.made_at.timestamp()).unwrap_or(0));
    header.set_entry_type(tar::EntryType::Regular);
    archive.append_data(&mut header, path, content).context("cannot write the archive")
}

/// Unpacks the archive into the empty folder `folder`, checking each length and hash.
pub fn unpack(archive: &Path, folder: &Path) -> anyhow::Result<Manifest> {
    let file = File::open(archive).context("it cannot be read")?;
    let length = file.metadata().context("it cannot be read")?.len();
    let mut archive = tar::Archive::new(BufReader::new(file));
    // Raw: extensions of tar, for long names, sparse files and more, are not followed but refused as what they are.
    let mut entries = archive.entries().context("it is no archive")?.raw(true);
    let first = entries.next().context("it is empty")?.context("it is no archive of strowger's")?;
    let (manifest, manifest_bytes) = read_manifest(first)?;
    crate::store::copy::refuse_newer(manifest.schema)?;
    ensure!(manifest.files.first().is_some_and(|first| first.path == DATABASE), "there is no database in it");
    let expected = manifest.archive_bytes(manifest_bytes);
    ensure!(
        expected == Some(length),
        "it is damaged: it is {length} bytes long, and not as long as its manifest says"
    );
    for inner in FOLDERS {
        DirBuilder::new().mode(0o700).create(folder.join(inner)).context("cannot make a folder")?;
    }
    for member in &manifest.files {
        let entry =
            entries.next().with_context(|| format!("it is damaged: it ends before {}", member.path))?;
        let entry = entry.with_context(|| format!("it is damaged before {}", member.path))?;
        unpack_member(entry, member, folder)?;
    }
    ensure!(entries.next().is_none(), "it is damaged: there is more in it than its manifest says");
    Ok(manifest)
}

fn read_manifest(mut entry: tar::Entry<impl Read>) -> anyhow::Result<(Manifest, u64)> {
    let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
    let sha256 = path.strip_prefix("manifest-").and_then(|rest| rest.strip_suffix(".json"));
    let sha256 = sha256.context("it is no archive of strowger's")?;
    ensure!(entry.header().entry_type().is_file(), "it is no archive of strowger's");
    ensure!(entry.size() <= MANIFEST_BYTES_MAX, "its manifest is too long");
    let mut text = Vec::new();
    entry.read_to_end(&mut text).context("its manifest can't be read")?;
    ensure!(audio::sha256(&text) == sha256, "its manifest is damaged");
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let Format { format } = serde_json::from_slice(&text).context("its manifest can't be read")?;
    ensure!(
        format <= FORMAT,
        "it has format {format}, but this strowger knows only up to {FORMAT}; use a newer strowger"
    );
    let manifest = serde_json::from_slice(&text).context("its manifest can't be read")?;
    Ok((manifest, entry.size()))
}

fn unpack_member(mut entry: tar::Entry<impl Read>, member: &Member, folder: &Path) -> anyhow::Result<()> {
    let path = &member.path;
    if !is_our_path(path) {
        bail!("it holds {path:?}, which is no file of strowger's");
    }
    ensure!(entry.header().entry_type().is_file(), "{path} in it is no plain file");
    ensure!(entry.path_bytes() == path.as_bytes(), "it is damaged: {path} is not where it should be");
    ensure!(entry.size() == member.bytes, "it is damaged: {path} has not the size that its manifest says");
    let file = create_new(&folder.join(path))?;
    let mut hash = Sha256::new();
    let mut both = Both(BufWriter::new(file), HashOnly(&mut hash));
    let bytes = io::copy(&mut entry, &mut both).with_context(|| format!("cannot unpack {path}"))?;
    both.flush().with_context(|| format!("cannot unpack {path}"))?;
    let whole = bytes == member.bytes && audio::hex(&hash.finalize()) == member.sha256;
    ensure!(whole, "it is damaged: {path} is not what it was");
    Ok(())
}

fn create_new(path: &Path) -> anyhow::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.with_context(|| format!("cannot write {}", path.display()))
}

struct HashOnly<'a>(&'a mut Sha256);

impl Write for HashOnly<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Both<A, B>(A, B);

impl<A: Write, B: Write> Write for Both<A, B> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        self.1.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()?;
        self.1.flush()
    }
}
