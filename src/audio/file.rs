//! Sounds on the disk, named by the hash of their bytes: whole or not there at all.

use std::{
    fs::{File, create_dir_all},
    io::{self, Write},
    path::Path,
};

/// How the names of unfinished files begin.
const BEING_WRITTEN: &str = ".keeping-";

/// Writes under a temporary name, syncs, renames, syncs the folder.
pub fn keep(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    make_folder(folder)?;
    let mut file = tempfile::Builder::new().prefix(BEING_WRITTEN).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    // Through the C library, as everything else that must survive: tests stand between it and us.
    let unfinished = file.into_temp_path();
    std::fs::rename(&unfinished, folder.join(name))?;
    File::open(folder)?.sync_all()
}

/// A folder whose own name is not on the disk is lost with all that is in it.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    create_dir_all(folder)?;
    match folder.parent() {
        Some(above) if !above.as_os_str().is_empty() => File::open(above)?.sync_all(),
        _ => Ok(()),
    }
}

/// Removes what a crash has left: files that were being written, and those that are not wanted any more.
pub fn sweep(folder: &Path, is_wanted: impl Fn(&str) -> bool) -> io::Result<()> {
    let entries = match folder.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if entry.file_type()?.is_file() && (name.starts_with(BEING_WRITTEN) || !is_wanted(&name)) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
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
    fn what_a_crash_has_left_is_swept_away() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [".keeping-Xy12", "a.wav", "b.wav"] {
            std::fs::write(folder.path().join(name), b"sound").expect("written");
        }
        sweep(folder.path(), |name| name == "b.wav").expect("swept");
        let left: Vec<_> = folder
            .path()
            .read_dir()
            .expect("a folder")
            .map(|one| one.expect("an entry").file_name())
            .collect();
        assert_eq!(left, ["b.wav"]);
        sweep(&folder.path().join("not there"), |_| true).expect("nothing to sweep");
    }

    #[test]
    fn room_is_what_the_disk_says() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(is_room_for_more(folder.path(), 1).expect("an answer"));
        assert!(!is_room_for_more(folder.path(), u64::MAX).expect("an answer"));
        is_room_for_more(&folder.path().join("not there"), 1).expect_err("no such folder");
    }
}
