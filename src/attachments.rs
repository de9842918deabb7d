//! Files that come and go with messages: named by the hash of what is in them, whole on the disk or not there at all.
//! They are kept before the message that names them; one that no message names is swept away after some days.

use crate::audio;
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The folder below the data folder.
pub const FOLDER: &str = "attachments";
/// The largest file, in bytes.
pub const BYTES_MAX: usize = 25 << 20;
/// How many files one message has at the most.
pub const COUNT_MAX: usize = 100;

/// Where the files are.
#[derive(Debug, Clone)]
pub struct Attachments {
    folder: Arc<Path>,
    /// Nothing is kept when the disk has less left.
    room_bytes: u64,
}

/// Why a file was not kept.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    #[error("the file is larger than 25 MiB")]
    TooLarge,
    #[error("the disk is nearly full")]
    NoRoom,
    #[error("the file can't be written: {0}")]
    Failed(#[from] io::Error),
}

impl Attachments {
    pub fn new(data: &Path, room_bytes: u64) -> Self {
        Self { folder: data.join(FOLDER).into(), room_bytes }
    }

    /// Keeps files, and answers what they are called here. Until a message that names them is committed nobody knows them.
    pub async fn keep_all(&self, files: Vec<Vec<u8>>) -> Result<Vec<String>, NotKept> {
        let mut names = Vec::with_capacity(files.len());
        for file in files {
            names.push(self.keep(file).await?);
        }
        Ok(names)
    }

    /// Keeps one file: an attachment, or a whole mail as it came. Answers its name, the hash of what is in it.
    pub async fn keep(&self, bytes: Vec<u8>) -> Result<String, NotKept> {
        if bytes.len() > BYTES_MAX {
            return Err(NotKept::TooLarge);
        }
        let (folder, room) = (self.folder.clone(), self.room_bytes);
        let kept = tokio::task::spawn_blocking(move || write(&folder, room, &bytes)).await;
        kept.map_err(|broken| NotKept::Failed(io::Error::other(broken)))?
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn path(&self, sha256: &str) -> PathBuf {
        self.folder.join(sha256)
    }

    pub fn has(&self, sha256: &str) -> bool {
        is_name(sha256) && self.path(sha256).is_file()
    }

    pub async fn read(&self, sha256: &str) -> io::Result<Vec<u8>> {
        if !is_name(sha256) {
            return Err(io::ErrorKind::NotFound.into());
        }
        tokio::fs::read(self.path(sha256)).await
    }
}

fn write(folder: &Path, room_bytes: u64, bytes: &[u8]) -> Result<String, NotKept> {
    let disk = folder.parent().unwrap_or(folder);
    if !audio::is_room_for_more(disk, room_bytes)? {
        return Err(NotKept::NoRoom);
    }
    let sha256 = audio::sha256(bytes);
    // Written again where it is there already: it is younger then, and not swept away before it is named.
    audio::keep(folder, &sha256, bytes)?;
    Ok(sha256)
}

/// Whether files here can have this name.
pub fn is_name(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_kept_by_its_hash_and_found_by_nothing_else() {
        let data = tempfile::tempdir().expect("a folder");
        let attachments = Attachments::new(data.path(), 0);
        let kept = attachments.keep_all(vec![b"hello".to_vec(), b"hello".to_vec()]).await.expect("kept");
        assert_eq!(kept, [audio::sha256(b"hello"), audio::sha256(b"hello")]);
        assert!(attachments.has(&kept[0]));
        assert_eq!(attachments.read(&kept[0]).await.expect("a file"), b"hello");
        assert_eq!(data.path().join(FOLDER).read_dir().expect("a folder").count(), 1);
        std::fs::write(data.path().join("strowger.db"), b"secret").expect("written");
        attachments.read("../strowger.db").await.expect_err("no name of a file");
        assert!(!attachments.has("../strowger.db"));
    }

    #[tokio::test]
    async fn what_is_too_large_or_has_no_room_is_not_kept() {
        let data = tempfile::tempdir().expect("a folder");
        let large = Attachments::new(data.path(), 0).keep(vec![0; BYTES_MAX + 1]).await;
        assert!(matches!(large, Err(NotKept::TooLarge)));
        let full = Attachments::new(data.path(), u64::MAX).keep(b"hello".to_vec()).await;
        assert!(matches!(full, Err(NotKept::NoRoom)));
        assert!(!data.path().join(FOLDER).exists());
    }
}
