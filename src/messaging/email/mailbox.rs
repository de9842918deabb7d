//! A mailbox at a mail server, read by IMAP. What was taken in is marked, or moved, and only then.

use super::{MAIL_BYTES_MAX, settings::Imap};
use crate::{
    messaging::plain,
    notify::mail::{Encryption, own_authorities},
};
use async_imap::{
    Client, Session,
    error::Error,
    imap_proto::{AttributeValue, MailboxDatum, Response, Status},
    types::UnsolicitedResponse,
};
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use std::{fmt::Debug, future::Future, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// How long the server is listened to before it is asked again: some forget to tell, and some networks who listens.
const LISTEN: Duration = Duration::from_secs(9 * 60);
/// How often it is asked where the server does not tell by itself.
const ASK_EVERY: Duration = Duration::from_secs(60);
/// For a mail of 25 MiB over a slow line.
const MAIL_WITHIN: Duration = Duration::from_secs(300);

/// Why a mailbox can't be read, in words that can be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct Trouble {
    pub words: String,
    /// The server does not do this one thing; it can be asked for others.
    pub is_refusal: bool,
}

impl Trouble {
    pub fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), is_refusal: false }
    }
}

/// One mail of it.
#[derive(Debug)]
pub enum Fetched {
    Whole(Vec<u8>),
    /// Only what stands above its text, and how large it is.
    TooLarge {
        head: Vec<u8>,
        bytes: usize,
    },
    /// Somebody was faster.
    Gone,
}

trait Line: AsyncRead + AsyncWrite + Unpin + Debug + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Debug + Send> Line for T {}

type Boxed = Box<dyn Line>;

pub struct Mailbox {
    session: Session<Boxed>,
    /// As long as it stays the same, the same names are of the same mails.
    pub validity: Option<u32>,
    move_to: Option<String>,
    tells: bool,
    /// Since the last look it was told of mail.
    has_news: bool,
    within: Duration,
}

impl Mailbox {
    pub async fn open(settings: &Imap) -> Result<Self, Trouble> {
        let within = Duration::from_secs(settings.timeout_seconds);
        match timeout(within, open(settings, within)).await {
            Ok(opened) => opened,
            Err(_) => Err(Trouble::new(format!("no answer within {} seconds", within.as_secs()))),
        }
    }

    /// The names of those that nobody has seen, the oldest first.
    pub async fn unseen(&mut self) -> Result<Vec<u32>, Trouble> {
        // Nobody reads what the server told in between; the search says it all.
        while self.session.unsolicited_responses.try_recv().is_ok() {}
        self.has_news = false;
        let mut found = Vec::new();
        let search = self.ask("UID SEARCH UNSEEN UNDELETED", |said| {
            if let Response::MailboxData(MailboxDatum::Search(uids)) = said {
                found.extend(uids);
            }
        });
        search.await?;
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Fetches one without marking it.
    pub async fn fetch(&mut self, uid: u32) -> Result<Fetched, Trouble> {
        let size = |value: &AttributeValue<'_>| match value {
            AttributeValue::Rfc822Size(bytes) => usize::try_from(*bytes).ok(),
            _ => None,
        };
        let Some(bytes) = self.one(uid, "RFC822.SIZE", self.within, size).await? else {
            return Ok(Fetched::Gone);
        };
        let text = |value: &AttributeValue<'_>| match value {
            AttributeValue::BodySection { data, .. } => data.as_ref().map(|data| data.to_vec()),
            _ => None,
        };
        if bytes > MAIL_BYTES_MAX {
            let head = self.one(uid, "BODY.PEEK[HEADER]", self.within, text).await?;
            return Ok(head.map_or(Fetched::Gone, |head| Fetched::TooLarge { head, bytes }));
        }
        let raw = self.one(uid, "BODY.PEEK[]", MAIL_WITHIN, text).await?;
        Ok(raw.map_or(Fetched::Gone, Fetched::Whole))
    }

    /// It was taken in. If it can't be moved, it counts as unseen: it is tried again.
    pub async fn done(&mut self, uid: u32) -> Result<(), Trouble> {
        self.ask(&format!("UID STORE {uid} +FLAGS.SILENT (\\Seen)"), |_| {}).await?;
        if let Some(folder) = &self.move_to {
            let moved = in_time(self.within, self.session.uid_mv(uid.to_string(), folder)).await;
            if let Err(trouble) = moved {
                if trouble.is_refusal {
                    self.ask(&format!("UID STORE {uid} -FLAGS.SILENT (\\Seen)"), |_| {}).await?;
                }
                return Err(trouble);
            }
        }
        Ok(())
    }

    /// Until there may be something new. `calm`: nothing is left that should be tried again before long.
    pub async fn wait(mut self, calm: bool) -> Result<Self, Trouble> {
        if !self.tells {
            tokio::time::sleep(ASK_EVERY).await;
            return Ok(self);
        }
        let told = self.session.unsolicited_responses.clone();
        let mut idle = self.session.idle();
        in_time(self.within, idle.init()).await?;
        // What came since the last look was told in passing, and is not told again.
        let is_news = |one| matches!(one, UnsolicitedResponse::Exists(_) | UnsolicitedResponse::Recent(_));
        let mut has_come = self.has_news || told.is_full();
        while let Ok(one) = told.try_recv() {
            has_come |= is_news(one);
        }
        if !has_come {
            // Whatever ends the waiting, the mailbox is looked at; if it can't be, that is seen there.
            let (told, _interrupt) = idle.wait_with_timeout(if calm { LISTEN } else { ASK_EVERY });
            told.await.map_err(told_by)?;
        }
        self.session = in_time(self.within, idle.done()).await?;
        Ok(self)
    }

    /// What the server says of one mail. `None`: it is not there.
    async fn one<T>(
        &mut self,
        uid: u32,
        what: &str,
        within: Duration,
        of: impl Fn(&AttributeValue<'_>) -> Option<T>,
    ) -> Result<Option<T>, Trouble> {
        let (mut is_there, mut found) = (false, None);
        let hear = |said: &Response<'_>| {
            if let Response::Fetch(_, values) = said
                && values.contains(&AttributeValue::Uid(uid))
            {
                is_there = true;
                found = found.take().or_else(|| values.iter().find_map(&of));
            }
        };
        self.ask_within(within, &format!("UID FETCH {uid} (UID {what})"), hear).await?;
        match found {
            None if is_there => {
                Err(Trouble { words: format!("it does not say {what} of a mail"), is_refusal: true })
            }
            found => Ok(found),
        }
    }

    async fn ask(&mut self, command: &str, hear: impl FnMut(&Response<'_>)) -> Result<(), Trouble> {
        self.ask_within(self.within, command, hear).await
    }

    /// Err, unless the server says at the end that it was done: the library takes a refusal for "there is nothing".
    async fn ask_within(
        &mut self,
        within: Duration,
        command: &str,
        mut hear: impl FnMut(&Response<'_>),
    ) -> Result<(), Trouble> {
        let asked = async {
            let asked = self.session.run_command(command).await?;
            loop {
                let said = self.session.read_response().await?.ok_or(Error::ConnectionLost)?;
                match said.parsed() {
                    Response::Done { tag, status, outcome } if *tag == asked => {
                        let words = || format!("information: {:?}", outcome.information);
                        return match status {
                            Status::Ok => Ok(()),
                            Status::No => Err(Error::No(words())),
                            _ => Err(Error::Bad(words())),
                        };
                    }
                    Response::MailboxData(MailboxDatum::Exists(_) | MailboxDatum::Recent(_)) => {
                        self.has_news = true;
                    }
                    said => hear(said),
                }
            }
        };
        in_time(within, asked).await
    }
}

async fn open(settings: &Imap, within: Duration) -> Result<Mailbox, Trouble> {
    let address = (settings.host.as_str(), settings.port);
    let tcp = TcpStream::connect(address)
        .await
        .map_err(|error| Trouble::new(format!("it can't be reached: {error}")))?;
    let client = match settings.tls {
        Encryption::Tls => greeted(tls(settings, Box::new(tcp)).await?).await?,
        Encryption::None => greeted(Box::new(tcp)).await?,
        Encryption::Starttls => {
            let mut client = greeted(Box::new(tcp)).await?;
            client.run_command_and_check_ok("STARTTLS", None).await.map_err(told_by)?;
            // What came in the open after that is not believed: it is thrown away with the client.
            Client::new(tls(settings, client.into_inner()).await?)
        }
    };
    let login = client.login(&settings.username, &settings.password).await;
    let mut session = login.map_err(|(error, _)| match error {
        Error::No(words) => Trouble::new(format!("it refuses our sign-in: {}", said(&words))),
        error => told_by(error),
    })?;
    let able = session.capabilities().await.map_err(told_by)?;
    let (tells, moves) = (able.has_str("IDLE"), able.has_str("MOVE"));
    let move_to = Some(settings.move_to.clone()).filter(|folder| !folder.is_empty());
    if move_to.is_some() && !moves {
        return Err(Trouble::new("it can't move mail (RFC 6851): leave move_to empty"));
    }
    let of_folder = |folder: &str, error| {
        Trouble::new(format!("the folder {folder} can't be opened: {}", told_by(error)))
    };
    if let Some(folder) = &move_to {
        // Otherwise each mail would be taken in before that is seen.
        session.status(folder, "(UIDVALIDITY)").await.map_err(|error| of_folder(folder, error))?;
    }
    let folder = &settings.folder;
    let opened = session.select(folder).await.map_err(|error| of_folder(folder, error))?;
    Ok(Mailbox { session, validity: opened.uid_validity, move_to, tells, has_news: false, within })
}

async fn greeted(line: Boxed) -> Result<Client<Boxed>, Trouble> {
    let mut client = Client::new(line);
    match client.read_response().await {
        Ok(Some(_)) => Ok(client),
        Ok(None) => Err(Trouble::new("it hangs up")),
        Err(error) => Err(Trouble::new(format!("it is no mail server that speaks IMAP here: {error}"))),
    }
}

async fn tls(settings: &Imap, line: Boxed) -> Result<Boxed, Trouble> {
    let roots = match own_authorities(&settings.ca_file).map_err(Trouble::new)? {
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        Some(own) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(own);
            roots
        }
    };
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(settings.host.clone());
    let name = name.map_err(|_| Trouble::new(format!("{:?} is no name of a server", settings.host)))?;
    let line = TlsConnector::from(Arc::new(config)).connect(name, line).await;
    let line = line.map_err(|error| Trouble::new(format!("the way to it can't be protected: {error}")))?;
    Ok(Box::new(line))
}

async fn in_time<T>(within: Duration, command: impl Future<Output = Result<T, Error>>) -> Result<T, Trouble> {
    match timeout(within, command).await {
        Ok(done) => done.map_err(told_by),
        Err(_) => Err(Trouble::new(format!("no answer within {} seconds", within.as_secs()))),
    }
}

fn told_by(error: Error) -> Trouble {
    let is_refusal = matches!(error, Error::Bad(_) | Error::No(_));
    let words = match error {
        Error::Io(error) => format!("the connection broke: {error}"),
        Error::ConnectionLost => "it hung up".to_owned(),
        Error::Bad(words) | Error::No(words) => format!("it refuses: {}", said(&words)),
        other => other.to_string(),
    };
    Trouble { words: plain(&words, 300), is_refusal }
}

/// The library tells code and words of a refusal in its own way; only the words are for people.
fn said(words: &str) -> &str {
    let starts = ["info: Some(\"", "information: Some(\""];
    let info = starts.iter().find_map(|start| words.split_once(start)).map(|(_, info)| info);
    info.and_then(|info| info.rsplit_once("\")")).map_or(words, |(info, _)| info)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
        net::TcpListener,
    };

    const GREETING: &str = "* OK ready";
    /// What a server says besides that a command was carried out.
    const ABLE: (&str, &[&str]) = ("CAPABILITY", &["* CAPABILITY IMAP4rev1 IDLE MOVE"]);
    const IDLE: (&str, &[&str]) = ("IDLE", &["+ go on"]);

    type Script = &'static [(&'static str, &'static [&'static str])];

    /// A server that says these words to each command; `NO` and what follows refuses it.
    async fn server(greeting: &'static str, script: Script) -> Imap {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (reader, mut writer) = stream.into_split();
            writer.write_all(format!("{greeting}\r\n").as_bytes()).await.unwrap();
            let (mut lines, mut idling) = (BufReader::new(reader).lines(), String::new());
            while let Ok(Some(line)) = lines.next_line().await {
                if line == "DONE" {
                    writer.write_all(format!("{idling} OK\r\n").as_bytes()).await.unwrap();
                    continue;
                }
                let (tag, command) = line.split_once(' ').unwrap();
                let words = script.iter().find(|(start, _)| command.starts_with(start));
                let words = words.map_or(&[][..], |(_, words)| words);
                for word in words.iter().filter(|word| !word.starts_with("NO")) {
                    writer.write_all(format!("{word}\r\n").as_bytes()).await.unwrap();
                }
                if command.starts_with("IDLE") {
                    idling = tag.to_owned();
                    continue;
                }
                let end = words.iter().find(|word| word.starts_with("NO")).unwrap_or(&"OK done");
                writer.write_all(format!("{tag} {end}\r\n").as_bytes()).await.unwrap();
            }
        });
        let text = format!(
            "host = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nusername = \"help\"\npassword = \"hush\"\n"
        );
        toml::from_str(&text).unwrap()
    }

    async fn refused(greeting: &'static str, script: Script) -> String {
        match Mailbox::open(&server(greeting, script).await).await {
            Ok(_) => panic!("it is open"),
            Err(trouble) => trouble.words,
        }
    }

    #[tokio::test]
    async fn what_is_told_while_mail_is_taken_in_is_not_waited_for() {
        let script: Script = &[
            ABLE,
            ("UID SEARCH", &["* SEARCH 7 3"]),
            ("UID STORE", &["* 3 EXISTS"]),
            // After that it says nothing more.
            IDLE,
        ];
        let mut mailbox = Mailbox::open(&server(GREETING, script).await).await.unwrap();
        assert_eq!(mailbox.unseen().await, Ok(vec![3, 7]));
        mailbox.done(3).await.unwrap();
        let mut mailbox = mailbox.wait(true).await.unwrap();
        assert_eq!(mailbox.unseen().await, Ok(vec![3, 7]));
    }

    #[tokio::test]
    async fn what_comes_while_nothing_is_done_is_told() {
        let script: Script = &[ABLE, ("UID SEARCH", &["* SEARCH"]), ("IDLE", &["+ go on", "* 1 EXISTS"])];
        let mut mailbox = Mailbox::open(&server(GREETING, script).await).await.unwrap();
        assert_eq!(mailbox.unseen().await, Ok(Vec::new()));
        assert!(mailbox.wait(true).await.is_ok());
    }

    #[tokio::test]
    async fn of_a_mail_that_is_too_large_only_the_head_is_fetched() {
        let script: Script = &[
            ABLE,
            ("UID FETCH 1 (UID RFC822.SIZE)", &["* 1 FETCH (UID 1 RFC822.SIZE 26214401)"]),
            (
                "UID FETCH 1 (UID BODY.PEEK[HEADER])",
                &["* 1 FETCH (UID 1 BODY[HEADER] {12}", "Subject: x", ")"],
            ),
            (
                "UID FETCH 2 (UID RFC822.SIZE)",
                &["* 2 FETCH (UID 2 RFC822.SIZE 5)", "* 1 FETCH (UID 1 FLAGS ())"],
            ),
            ("UID FETCH 2 (UID BODY.PEEK[])", &["* 2 FETCH (UID 2 BODY[] {5}", "abc", ")"]),
        ];
        let mut mailbox = Mailbox::open(&server(GREETING, script).await).await.unwrap();
        let Fetched::TooLarge { head, bytes } = mailbox.fetch(1).await.unwrap() else {
            panic!("not too large")
        };
        assert_eq!((head.as_slice(), bytes), (b"Subject: x\r\n".as_slice(), 26_214_401));
        let Fetched::Whole(raw) = mailbox.fetch(2).await.unwrap() else { panic!("not whole") };
        assert_eq!(raw, b"abc\r\n");
        assert!(matches!(mailbox.fetch(3).await.unwrap(), Fetched::Gone));
    }

    #[tokio::test]
    async fn what_is_refused_of_one_mail_says_nothing_of_the_others() {
        let script: Script = &[
            ABLE,
            ("UID FETCH 1 ", &["NO [SERVERBUG] it is broken"]),
            ("UID STORE", &["NO you may only look"]),
            ("UID FETCH 2 (UID RFC822.SIZE)", &["* 2 FETCH (UID 2 RFC822.SIZE 5)"]),
            ("UID FETCH 2 (UID BODY.PEEK[])", &["* 2 FETCH (UID 2 BODY[] {5}", "abc", ")"]),
        ];
        let mut mailbox = Mailbox::open(&server(GREETING, script).await).await.unwrap();
        for refused in [mailbox.fetch(1).await.unwrap_err(), mailbox.done(1).await.unwrap_err()] {
            assert!(refused.is_refusal, "{refused}");
        }
        assert!(matches!(mailbox.fetch(2).await, Ok(Fetched::Whole(_))));
    }

    #[tokio::test]
    async fn why_a_mailbox_can_t_be_read_is_said_in_words() {
        let login = refused(GREETING, &[("LOGIN", &["NO [AUTHENTICATIONFAILED] who are you?"])]).await;
        assert_eq!(login, "it refuses our sign-in: [AUTHENTICATIONFAILED] who are you?");
        let folder = refused(GREETING, &[ABLE, ("SELECT", &["NO there is none"])]).await;
        assert_eq!(folder, "the folder INBOX can't be opened: it refuses: there is none");
        let moves = Imap {
            move_to: "Done".into(),
            ..server(GREETING, &[ABLE, ("STATUS", &["NO there is none"])]).await
        };
        let Err(trouble) = Mailbox::open(&moves).await else { panic!("it is open") };
        assert_eq!(trouble.words, "the folder Done can't be opened: it refuses: there is none");
        let web = refused("HTTP/1.1 400 Bad Request", &[]).await;
        assert!(web.starts_with("it is no mail server that speaks IMAP here"), "{web}");
        let moves = Imap {
            move_to: "Done".into(),
            ..server(GREETING, &[("CAPABILITY", &["* CAPABILITY IMAP4rev1"])]).await
        };
        let Err(trouble) = Mailbox::open(&moves).await else { panic!("it is open") };
        assert_eq!(trouble.words, "it can't move mail (RFC 6851): leave move_to empty");
    }
}
