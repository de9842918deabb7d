//! Real mail servers: Exim takes mail and delivers it into mailboxes, Dovecot lets them be read. Both run as Exim's user, on
//! ports and in a folder of their own.

#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use super::desk::PATIENCE;
use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::{sleep, timeout},
};

/// How Exim's user is called by Debian.
const USER: &str = "Debian-exim";
pub const PASSWORD: &str = "hush-hush";

pub struct PostOffice {
    folder: TempDir,
    pub smtp: u16,
    pub imap: u16,
    /// The same, protected from the first byte.
    imaps: u16,
    exim: Child,
    dovecot: Option<Child>,
}

impl PostOffice {
    pub async fn open() -> Self {
        let folder = tempfile::Builder::new().prefix("strowger-post-").tempdir_in("/tmp").unwrap();
        let [smtp, imap, imaps] = [(); 3].map(|()| {
            let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().port()
        });
        for below in ["run", "state", "home", "boxes"] {
            std::fs::create_dir(folder.path().join(below)).unwrap();
        }
        vouch(folder.path());
        let filled = |config: &str| {
            let config = config.replace("FOLDER", &folder.path().to_string_lossy());
            let config = config.replace("IMAPS", &imaps.to_string());
            config.replace("PORT", &imap.to_string()).replace("PASSWORD", PASSWORD)
        };
        std::fs::write(folder.path().join("exim.conf"), filled(EXIM)).unwrap();
        std::fs::write(folder.path().join("dovecot.conf"), filled(DOVECOT)).unwrap();
        let given = as_root(&["chown", "-R", &format!("{USER}:{USER}"), folder.path().to_str().unwrap()]);
        assert!({ given }.status().unwrap().success(), "exim has no user; tests/run installs it");
        let mut exim = as_its_user("/usr/sbin/exim4");
        exim.arg("-C").arg(folder.path().join("exim.conf"));
        exim.args(["-bdf", "-oX", &format!("127.0.0.1.{smtp}")]);
        let exim = exim.spawn().expect("exim can be started; tests/run installs it");
        let mut office = Self { folder, smtp, imap, imaps, exim, dovecot: None };
        office.listens(smtp).await;
        office.open_mailboxes().await;
        office
    }

    pub async fn open_mailboxes(&mut self) {
        let mut dovecot = as_its_user("/usr/sbin/dovecot");
        dovecot.args(["-F", "-c"]).arg(self.folder.path().join("dovecot.conf"));
        self.dovecot = Some(dovecot.spawn().expect("dovecot can be started; tests/run installs it"));
        self.listens(self.imap).await;
    }

    /// Whoever reads one is cut off.
    pub async fn close_mailboxes(&mut self) {
        let Some(mut dovecot) = self.dovecot.take() else { return };
        let ended = as_root(&["kill", "-TERM", &dovecot.id().to_string()]).status().unwrap();
        assert!(ended.success());
        dovecot.wait().unwrap();
        until("the mailboxes are closed", async || {
            TcpStream::connect(("127.0.0.1", self.imap)).await.is_err().then_some(())
        })
        .await;
    }

    async fn listens(&self, port: u16) {
        until("the mail server listens", async || TcpStream::connect(("127.0.0.1", port)).await.ok()).await;
    }

    /// What the daemon needs to know of one mailbox.
    pub fn config(&self, name: &str) -> String {
        let Self { smtp, imap, .. } = self;
        format!(
            "[mailboxes.{name}.imap]\nhost = \"127.0.0.1\"\nport = {imap}\ntls = \"none\"\nusername = {name:?}\n\
             password = {PASSWORD:?}\n\
             [mailboxes.{name}.smtp]\nhost = \"127.0.0.1\"\nport = {smtp}\ntls = \"none\"\n"
        )
    }

    /// The same over protected lines, from the first byte or begun in the open, with who vouches for the servers.
    pub fn protected(&self, name: &str, from_the_first_byte: bool) -> String {
        let Self { smtp, imap, imaps, .. } = self;
        let (port, tls) = if from_the_first_byte { (imaps, "tls") } else { (imap, "starttls") };
        let ca_file = self.folder.path().join("ca.pem");
        format!(
            "[mailboxes.{name}.imap]\nhost = \"127.0.0.1\"\nport = {port}\ntls = {tls:?}\nca_file = {ca_file:?}\n\
             username = {name:?}\npassword = {PASSWORD:?}\nmove_to = \"Done\"\n\
             [mailboxes.{name}.smtp]\nhost = \"127.0.0.1\"\nport = {smtp}\ntls = \"starttls\"\nca_file = {ca_file:?}\n"
        )
    }

    /// Hands a mail in as it is, as another mail server would.
    pub async fn post(&self, from: &str, to: &str, mail: &[u8]) {
        let posting = async {
            let mut line = BufReader::new(TcpStream::connect(("127.0.0.1", self.smtp)).await.unwrap());
            says(&mut line, "220").await;
            for (command, answer) in [
                ("HELO mx.example.net".to_owned(), "250"),
                (format!("MAIL FROM:<{from}>"), "250"),
                (format!("RCPT TO:<{to}>"), "250"),
                ("DATA".to_owned(), "354"),
            ] {
                line.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
                says(&mut line, answer).await;
            }
            let mut sent = Vec::with_capacity(mail.len() + 16);
            for part in mail.split_inclusive(|byte| *byte == b'\n') {
                sent.extend(part.starts_with(b".").then_some(b'.'));
                sent.extend_from_slice(part);
            }
            sent.extend_from_slice(b"\r\n.\r\n");
            line.write_all(&sent).await.unwrap();
            says(&mut line, "250").await;
        };
        timeout(PATIENCE * 3, posting).await.expect("a mail can be posted");
    }

    /// Mails in somebody's mailbox, with plain line ends: those that nobody has seen and those that were.
    pub fn mails(&self, name: &str) -> (Vec<String>, Vec<String>) {
        let files = self.files(name).into_iter().filter_map(|path| {
            let mail = std::fs::read(&path).ok()?;
            Some((is_seen(&path), String::from_utf8_lossy(&mail).replace("\r\n", "\n")))
        });
        let (seen, unseen): (Vec<_>, Vec<_>) = files.partition(|(seen, _)| *seen);
        let [unseen, seen] = [unseen, seen].map(|mails| mails.into_iter().map(|(_, mail)| mail).collect());
        (unseen, seen)
    }

    /// How many mails were moved away.
    pub fn moved(&self, name: &str) -> usize {
        self.files(&format!("{name}/.Done")).len()
    }

    /// As if the disk had an error where this mail is.
    pub fn spoil(&self, name: &str, about: &str, is_spoilt: bool) {
        let is_it = |path: &PathBuf| {
            let mail = std::fs::read_to_string(path).unwrap_or_default();
            mail.contains(about) || mail.is_empty()
        };
        let path = self.files(name).into_iter().find(is_it).unwrap();
        let (owner, mode) = if is_spoilt { ("root", "000") } else { (USER, "600") };
        for words in [["chown", owner], ["chmod", mode]] {
            let done = as_root(&[words[0], words[1], path.to_str().unwrap()]).status().unwrap();
            assert!(done.success());
        }
    }

    fn files(&self, name: &str) -> Vec<PathBuf> {
        let at = self.folder.path().join("boxes").join(name);
        let found = ["new", "cur"].iter().filter_map(|part| std::fs::read_dir(at.join(part)).ok());
        found.flatten().map(|file| file.unwrap().path()).collect()
    }

    /// As if nobody had ever seen the mails in it.
    pub fn forget_seen(&self, name: &str) {
        for path in self.files(name).into_iter().filter(|path| is_seen(path)) {
            let (from, to) = (path.to_str().unwrap(), path.to_str().unwrap().replace(":2,S", ":2,"));
            assert!(as_root(&["mv", from, &to]).status().unwrap().success());
        }
    }

    /// Waits until so many mails were seen and none is left.
    pub async fn all_seen(&self, name: &str, count: usize) {
        until(&format!("{count} mails of {name} are marked"), async || {
            let (unseen, seen) = self.mails(name);
            (unseen.is_empty() && seen.len() == count).then_some(())
        })
        .await;
    }

    pub async fn mail(&self, name: &str, about: &str) -> String {
        until(&format!("a mail about {about:?} is in the mailbox of {name}"), async || {
            self.mails(name).0.into_iter().find(|mail| mail.contains(about))
        })
        .await
    }
}

impl Drop for PostOffice {
    fn drop(&mut self) {
        for child in self.dovecot.as_mut().into_iter().chain([&mut self.exim]) {
            let _ = as_root(&["kill", "-TERM", &child.id().to_string()]).status();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            for log in ["dovecot.log", "mainlog", "paniclog"] {
                let text = std::fs::read_to_string(self.folder.path().join(log)).unwrap_or_default();
                eprintln!("---- {log} ----\n{text}");
            }
        }
    }
}

/// Makes an authority of our own, and what the servers show: `ca.pem`, `cert.pem` and `key.pem`.
fn vouch(folder: &Path) {
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"];
    let authority = ["-subj", "/CN=Our own", "-keyout", "ca.key", "-out", "ca.pem"];
    let server = [
        "-subj",
        "/CN=mail",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
    ];
    for own in [&authority[..], &server] {
        let mut openssl = Command::new("openssl");
        openssl.current_dir(folder).args(["req", "-x509"]).args(key).args(own).stderr(Stdio::null());
        assert!(openssl.status().expect("tests/run installs openssl").success());
    }
}

/// Whether its name in the mailbox says that it was seen.
fn is_seen(path: &Path) -> bool {
    path.to_string_lossy().rsplit_once(":2,").is_some_and(|(_, flags)| flags.contains('S'))
}

fn as_root(words: &[&str]) -> Command {
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let mut command = Command::new(if root { words[0] } else { "sudo" });
    command.args(&words[usize::from(root)..]).stdin(Stdio::null());
    command
}

fn as_its_user(program: &str) -> Command {
    let (user, group) = (format!("--reuid={USER}"), format!("--regid={USER}"));
    as_root(&["setpriv", &user, &group, "--clear-groups", "--no-new-privs", "--pdeathsig=KILL", program])
}

async fn says(line: &mut BufReader<TcpStream>, expected: &str) {
    let mut said = String::new();
    line.read_line(&mut said).await.unwrap();
    assert!(said.starts_with(expected), "{expected} is expected: {said}");
}

pub async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(Duration::from_millis(25)).await;
        }
    };
    timeout(PATIENCE * 3, looking).await.unwrap_or_else(|_| panic!("{what}: it never came to that"))
}

/// Nobody is there who is called `gone`: their mail is taken, and comes back. `nobody` is refused at once.
const EXIM: &str = "\
keep_environment =
spool_directory = FOLDER/spool
log_file_path = FOLDER/%slog
pid_file_path =
primary_hostname = mail.example.test
local_interfaces = 127.0.0.1
tls_advertise_hosts = *
tls_certificate = FOLDER/cert.pem
tls_privatekey = FOLDER/key.pem
deliver_drop_privilege = true
message_size_limit = 60M
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
begin acl
rcpt:
  deny local_parts = nobody
       message = there is no such person
  accept
begin routers
gone:
  driver = redirect
  local_parts = gone
  allow_fail
  data = :fail: nobody of this name works here any more
boxes:
  driver = accept
  local_parts = help : other : ann
  transport = box
begin transports
box:
  driver = appendfile
  directory = FOLDER/boxes/$local_part_data
  maildir_format
  create_directory
  delivery_date_add
  envelope_to_add
  return_path_add
begin retry
* * F,1h,1s
";

const DOVECOT: &str = "\
base_dir = FOLDER/run
state_dir = FOLDER/state
log_path = FOLDER/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <FOLDER/cert.pem
ssl_key = <FOLDER/key.pem
disable_plaintext_auth = no
default_internal_user = Debian-exim
default_internal_group = Debian-exim
default_login_user = Debian-exim
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:FOLDER/boxes/%n
mailbox_idle_check_interval = 1 secs
namespace inbox {
  inbox = yes
  mailbox Done {
    auto = create
  }
}
passdb {
  driver = static
  args = password=PASSWORD
}
userdb {
  driver = static
  args = uid=Debian-exim gid=Debian-exim home=FOLDER/home/%n
}
service imap-login {
  chroot =
  inet_listener imap {
    port = PORT
  }
  inet_listener imaps {
    port = IMAPS
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
";
