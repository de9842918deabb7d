//! Sounds on the disk, named by the hash of their bytes: whole or not there at all.

use std::{
    fs::{File, create_dir_all},
    io::{self, Write},
    path::Path,
};

/// Writes under a temporary name, syncs, renames, syncs the folder.
pub fn keep(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".keeping-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name)).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// Whether the disk under this folder has at least so many bytes left.
pub fn is_room_for_more(folder: &Path, bytes: u64) -> io::Result<bool> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize) >= bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let below = folder.path().join("media");
        keep(&below, "a.wav", b"sound").expect("kept");
        assert_eq!(std::fs::read(below.join("a.wav")).expect("a file"), b"sound");
        // A folder stands where the file should go: renaming fails.
        std::fs::create_dir(below.join("b.wav")).expect("a folder");
        keep(&below, "b.wav", b"sound").expect_err("refused");
        let mut names: Vec<_> =
            below.read_dir().expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        assert_eq!(names, ["a.wav", "b.wav"], "nothing temporary is left");
    }

    #[test]
    fn room_is_what_the_disk_says() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(is_room_for_more(folder.path(), 1).expect("an answer"));
        assert!(!is_room_for_more(folder.path(), u64::MAX).expect("an answer"));
        is_room_for_more(&folder.path().join("not there"), 1).expect_err("no such folder");
    }
}
