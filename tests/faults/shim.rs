//! The other side of `shim.c`: builds it, gives orders, reads what it saw, and says what a power loss would leave of
//! the data folder.

use std::{
    collections::BTreeMap,
    fs::File,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// A number that the test sets.
#[derive(Debug, Clone, Copy)]
pub enum Order {
    WritesFailAfter,
    /// Below zero: all.
    WritesToFail,
    WriteError,
    SyncsFailAfter,
    SyncsToFail,
    SyncError,
    ClockShiftMs,
    KillAt,
    KillAfter,
    /// Flushes do nothing and say that all is well.
    Lies,
}

/// A number that the shim counts.
#[derive(Debug, Clone, Copy)]
pub enum Count {
    Writes = 16,
    Syncs,
    Renames,
    Unlinks,
    Creations,
    ClockLooks,
    WritesFailed,
    SyncsFailed,
    Kills,
    Sends,
    LiesTold,
}

/// Where the daemon is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    BeforeLogWrite = 1,
    HalfALogWrite,
    AfterLogWrite,
    BeforeLogSync,
    AfterLogSync,
    BeforeRename,
    AfterRename,
    BeforeSend,
    AfterSend,
    BeforeSoundWrite,
}

impl Point {
    pub const ALL: [(Self, &str); 10] = [
        (Self::BeforeLogWrite, "before a write to the log"),
        (Self::HalfALogWrite, "half a write to the log"),
        (Self::AfterLogWrite, "written, not flushed"),
        (Self::BeforeLogSync, "before the flush"),
        (Self::AfterLogSync, "flushed, not answered"),
        (Self::BeforeRename, "before a message has its name"),
        (Self::AfterRename, "a message named, not recorded"),
        (Self::BeforeSend, "before an answer"),
        (Self::AfterSend, "after an answer"),
        (Self::BeforeSoundWrite, "while a message is written"),
    ];
}

pub const ENOSPC: i64 = 28;
pub const EIO: i64 = 5;
const NUMBERS: usize = 64;

pub struct Shim {
    control: File,
    control_path: PathBuf,
    trace: PathBuf,
    data: PathBuf,
    /// What is in the folder when the daemon is started: all of it is on the disk.
    before: std::sync::Mutex<Disk>,
}

/// The shim, compiled once.
fn library() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/shim.c");
        let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("shim-{}.so", std::process::id()));
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(&built).arg(source);
        let compiled = compiler.args(["-ldl", "-lpthread"]).status().expect("there is no C compiler");
        assert!(compiled.success(), "the shim does not compile");
        built
    })
}

impl Shim {
    pub fn build(folder: &Path, data: &Path) -> Self {
        library();
        let (control_path, trace) = (folder.join("control"), folder.join("trace"));
        std::fs::write(&control_path, [0; NUMBERS * 8]).unwrap();
        let control = File::options().read(true).write(true).open(&control_path).unwrap();
        Self { control, control_path, trace, data: data.to_owned(), before: Default::default() }
    }

    /// The command will run above the shim; its trace begins anew.
    pub fn put_under(&self, command: &mut Command) {
        let _ = std::fs::remove_file(&self.trace);
        *self.before.lock().unwrap() = Disk::of(&self.data);
        command.env("LD_PRELOAD", library()).env("FAULTS_FOLDER", &self.data);
        command.env("FAULTS_CONTROL", &self.control_path).env("FAULTS_TRACE", &self.trace);
    }

    pub fn order(&self, order: Order, number: i64) {
        self.control.write_all_at(&number.to_ne_bytes(), order as u64 * 8).unwrap();
    }

    pub fn count(&self, count: Count) -> i64 {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, count as u64 * 8).unwrap();
        i64::from_ne_bytes(bytes)
    }

    /// From the `after`th write on, so many fail with this error; below zero: all do.
    pub fn fail_writes(&self, after: i64, how_many: i64, error: i64) {
        self.order(Order::WriteError, error);
        self.order(Order::WritesFailAfter, after);
        self.order(Order::WritesToFail, how_many);
    }

    pub fn fail_syncs(&self, after: i64, how_many: i64, error: i64) {
        self.order(Order::SyncError, error);
        self.order(Order::SyncsFailAfter, after);
        self.order(Order::SyncsToFail, how_many);
    }

    /// The process dies when it is at the point for the `after`th time.
    pub fn kill_at(&self, point: Point, after: i64) {
        self.order(Order::KillAfter, after);
        self.order(Order::KillAt, point as i64);
    }

    pub fn disarm(&self) {
        self.order(Order::KillAt, 0);
    }

    /// The daemon is dead, and the power is out: only what was flushed is left, and of the rest a part, as it happens.
    /// `survives`: how likely a sector does that was written and not flushed.
    pub fn lose_power(&self, survives: f64) {
        let mut disk = self.before.lock().unwrap().clone();
        disk.replay(&std::fs::read(&self.trace).unwrap_or_default());
        disk.write(&self.data, survives);
    }
}

/// A file's content: what is on the disk, and what is on its way there.
#[derive(Clone, Default)]
struct Node {
    flushed: Vec<u8>,
    /// By number of the record.
    pending: Vec<(u64, Change)>,
}

#[derive(Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

#[derive(Clone)]
enum Name {
    Made(PathBuf, usize),
    Folder(PathBuf),
    Moved(PathBuf, PathBuf),
    Removed(PathBuf),
}

impl Name {
    fn folder(&self) -> &Path {
        let path = match self {
            Self::Made(path, _) | Self::Folder(path) | Self::Removed(path) | Self::Moved(_, path) => path,
        };
        path.parent().unwrap_or(path)
    }
}

/// What is on the disk below a folder, and what is on its way.
#[derive(Clone, Default)]
struct Disk {
    nodes: Vec<Node>,
    /// By inode, as the files are now.
    by_inode: BTreeMap<u64, usize>,
    names: BTreeMap<PathBuf, usize>,
    folders: Vec<PathBuf>,
    pending: Vec<(u64, Name)>,
    /// Where flushes began that are under way, by their number.
    begun: BTreeMap<u64, u64>,
}

const SECTOR: usize = 512;

impl Disk {
    fn of(folder: &Path) -> Self {
        let mut disk = Self::default();
        disk.add(folder);
        disk
    }

    fn add(&mut self, folder: &Path) {
        self.folders.push(folder.to_owned());
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            if kind.is_dir() {
                self.add(&path);
            } else if kind.is_file() && !is_shared_memory(&path) {
                let inode = entry.metadata().unwrap().ino();
                let node = Node { flushed: std::fs::read(&path).unwrap(), pending: Vec::new() };
                self.by_inode.insert(inode, self.nodes.len());
                self.names.insert(path, self.nodes.len());
                self.nodes.push(node);
            }
        }
    }

    /// A trace is a row of records: kind, inode, number, two lengths, two texts. The last may be torn.
    fn replay(&mut self, trace: &[u8]) {
        let (mut at, mut record) = (0, 0);
        while let Some(head) = trace.get(at..at + 40) {
            let number = |index: usize| {
                u64::from_ne_bytes(head[index * 8..index * 8 + 8].try_into().expect("eight bytes"))
            };
            let lengths = [number(3) as usize, number(4) as usize];
            let Some(texts) = trace.get(at + 40..at + 40 + lengths[0] + lengths[1]) else { return };
            let (one, two) = texts.split_at(lengths[0]);
            self.apply(record, number(0) as u8, number(1), number(2), one, two);
            at += 40 + lengths[0] + lengths[1];
            record += 1;
        }
    }

    fn apply(&mut self, record: u64, kind: u8, inode: u64, number: u64, one: &[u8], two: &[u8]) {
        let path = |bytes: &[u8]| PathBuf::from(String::from_utf8_lossy(bytes).into_owned());
        match kind {
            b'W' => self.change(record, inode, Change::Write(number as usize, one.to_vec())),
            b'T' => self.change(record, inode, Change::Length(number as usize)),
            b'C' => {
                self.by_inode.insert(inode, self.nodes.len());
                self.pending.push((record, Name::Made(path(one), self.nodes.len())));
                self.nodes.push(Node::default());
            }
            b'M' => self.pending.push((record, Name::Folder(path(one)))),
            b'R' => self.pending.push((record, Name::Moved(path(one), path(two)))),
            b'U' => self.pending.push((record, Name::Removed(path(one)))),
            b'B' => drop(self.begun.insert(number, record)),
            b'S' | b'F' => {
                let until = self.begun.remove(&number).unwrap_or(record);
                let is_good = kind == b'S';
                if let Some(node) = self.by_inode.get(&inode) {
                    self.nodes[*node].flush(until, is_good);
                } else if is_good {
                    self.flush_folder(&path(one), until);
                }
            }
            kind => panic!("a record of the kind {kind} in the trace"),
        }
    }

    fn change(&mut self, record: u64, inode: u64, change: Change) {
        let node = self.by_inode.get(&inode).unwrap_or_else(|| panic!("who made the file {inode}?"));
        self.nodes[*node].pending.push((record, change));
    }

    fn flush_folder(&mut self, folder: &Path, until: u64) {
        for (record, name) in std::mem::take(&mut self.pending) {
            if record < until && name.folder() == folder {
                self.rename(name);
            } else {
                self.pending.push((record, name));
            }
        }
    }

    fn rename(&mut self, name: Name) {
        match name {
            Name::Made(path, node) => drop(self.names.insert(path, node)),
            Name::Folder(path) => self.folders.push(path),
            Name::Removed(path) => drop(self.names.remove(&path)),
            Name::Moved(from, to) => {
                if let Some(node) = self.names.remove(&from) {
                    self.names.insert(to, node);
                } else if let Some(index) = self.folders.iter().position(|folder| *folder == from) {
                    self.folders[index] = to;
                }
            }
        }
    }

    /// Makes the folder what is left. Names that were not flushed survive in their order up to some point, as in a
    /// file system's journal; sectors survive as it happens.
    fn write(mut self, folder: &Path, survives: f64) {
        let pending = std::mem::take(&mut self.pending);
        let kept = (pending.len() as f64 * survives * rand::random_range(0.0..=1.0)) as usize;
        pending.into_iter().take(kept).for_each(|(_, name)| self.rename(name));
        std::fs::remove_dir_all(folder).unwrap();
        for made in &self.folders {
            std::fs::create_dir_all(made).unwrap();
        }
        for (path, node) in &self.names {
            if path.parent().is_some_and(Path::exists) {
                std::fs::write(path, self.nodes[*node].after_power_loss(survives)).unwrap();
            }
        }
    }
}

impl Node {
    /// A flush that failed has dropped what it could not write: nobody tries that again.
    fn flush(&mut self, until: u64, is_good: bool) {
        for (record, change) in std::mem::take(&mut self.pending) {
            if record >= until {
                self.pending.push((record, change));
            } else if is_good {
                apply(&mut self.flushed, &change);
            }
        }
    }

    fn after_power_loss(&self, survives: f64) -> Vec<u8> {
        let mut content = self.flushed.clone();
        for (_, change) in &self.pending {
            match change {
                Change::Write(from, bytes) => {
                    for (index, sector) in bytes.chunks(SECTOR).enumerate() {
                        if rand::random_bool(survives) {
                            apply(&mut content, &Change::Write(from + index * SECTOR, sector.to_vec()));
                        }
                    }
                }
                length if rand::random_bool(survives) => apply(&mut content, length),
                Change::Length(_) => {}
            }
        }
        content
    }
}

fn apply(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(length) => content.resize(*length, 0),
        Change::Write(from, bytes) => {
            if content.len() < from + bytes.len() {
                content.resize(from + bytes.len(), 0);
            }
            content[*from..from + bytes.len()].copy_from_slice(bytes);
        }
    }
}

fn is_shared_memory(path: &Path) -> bool {
    path.to_string_lossy().ends_with("-shm")
}
