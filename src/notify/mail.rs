//! Mail about calls: written as plain text, handed to the operator's mail server.

use chrono::{DateTime, Utc};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Attachment, Mailbox, MultiPart, SinglePart,
        header::{ContentType, Header, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
    },
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde::Deserialize;
use std::{error::Error, fmt, time::Duration};

/// Names and numbers from outside are cut at so many characters.
const NAME_CHARS_MAX: usize = 128;
/// A megabit a second.
const BYTES_PER_SECOND_MIN: usize = 128 << 10;

/// The operator's mail server. Without a host no mail is sent.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub host: String,
    pub port: u16,
    pub tls: Encryption,
    /// As for [`own_authorities`].
    pub ca_file: String,
    pub username: String,
    pub password: String,
    pub from: String,
    pub timeout_seconds: u64,
}

/// How the way to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// Begun in the open, as on port 587. A server that can't is not used.
    Starttls,
    /// From the first byte, as on port 465.
    Tls,
    /// None: for a server on this machine only.
    None,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Settings {
    pub fn is_on(&self) -> bool {
        !self.host.is_empty()
    }

    /// What is wrong with them: key and reason.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if !self.is_on() {
            return Ok(());
        }
        if let Err(error) = self.from.parse::<Mailbox>() {
            return Err(("from", format!("{:?} is not an address of mail: {error}", self.from)));
        }
        self.check_server()
    }

    /// As `check`, whoever mail is from.
    pub fn check_server(&self) -> Result<(), (&'static str, String)> {
        if self.host.is_empty() {
            return Err(("host", "it is missing".into()));
        }
        if self.tls == Encryption::None && !["localhost", "127.0.0.1", "::1"].contains(&self.host.as_str()) {
            return Err(("tls", "\"none\" is for a mail server on this machine".into()));
        }
        own_authorities(&self.ca_file).map_err(|wrong| ("ca_file", wrong))?;
        if self.username.is_empty() != self.password.is_empty() {
            return Err(("password", "username and password go together".into()));
        }
        if !(1..=300).contains(&self.timeout_seconds) {
            return Err(("timeout_seconds", "it is from 1 to 300".into()));
        }
        Ok(())
    }
}

/// Whom to believe which server it is: those in the operator's file. `None`, where it has no name: those whom everybody
/// believes. Err: what is wrong with it.
pub fn own_authorities(ca_file: &str) -> Result<Option<Vec<CertificateDer<'static>>>, String> {
    if ca_file.is_empty() {
        return Ok(None);
    }
    let read = CertificateDer::pem_file_iter(ca_file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if found.is_empty() => Err(format!("{ca_file} has no certificate in it")),
        Ok(found) => Ok(Some(found)),
        Err(error) => Err(format!("{ca_file} can't be read: {error}")),
    }
}

/// Whether this is an address that mail can be sent to.
pub fn is_address(text: &str) -> bool {
    text.len() <= 254 && text.parse::<lettre::Address>().is_ok()
}

/// One mail, before it is written.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The part of the message's id before the `@`: the same whenever this letter is sent.
    pub id: String,
    pub to: String,
    pub at: DateTime<Utc>,
    pub what: What,
    pub from: String,
    pub called: String,
    pub channel: String,
    /// When it happened, on the channel's clock, in words.
    pub local_time: String,
    /// Where the call can be looked at.
    pub link: String,
}

#[derive(Debug, Clone)]
pub enum What {
    Missed {
        seconds: i64,
    },
    Voicemail {
        seconds: u32,
        recording: Recording,
    },
    /// The last agent of a channel misses calls.
    LastAgent {
        name: String,
        misses: u64,
    },
    /// Something about a ticket concerns whoever reads it.
    Ticket {
        news: TicketNews,
        subject: String,
        /// What the customer wrote, or its beginning.
        said: Option<String>,
    },
}

/// What about a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketNews {
    IsNobodys,
    IsYours,
    CustomerWrote,
    /// One of their contacts wrote while they are away.
    ContactWrote,
}

#[derive(Debug, Clone)]
pub enum Recording {
    Attached(Vec<u8>),
    Linked(String),
    None,
}

/// Why a mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct Trouble {
    pub words: String,
    /// What the server answered.
    pub code: Option<u16>,
    /// It will not be taken another time either.
    pub is_final: bool,
}

impl Trouble {
    /// It is about who we are, not about the letter.
    pub fn is_sign_in(&self) -> bool {
        matches!(self.code, Some(530 | 534 | 535 | 538))
    }
}

/// The way to a mail server.
#[derive(Clone)]
pub struct Transport {
    smtp: AsyncSmtpTransport<Tokio1Executor>,
    within: Duration,
}

impl Transport {
    /// `None`: no mail server is configured.
    pub fn to(settings: &Settings) -> anyhow::Result<Option<Self>> {
        if !settings.is_on() {
            return Ok(None);
        }
        let host = settings.host.clone();
        let within = Duration::from_secs(settings.timeout_seconds);
        let tls = match settings.tls {
            Encryption::None => Tls::None,
            Encryption::Starttls => Tls::Required(protection(settings)?),
            Encryption::Tls => Tls::Wrapper(protection(settings)?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(within));
        if !settings.username.is_empty() {
            builder =
                builder.credentials(Credentials::new(settings.username.clone(), settings.password.clone()));
        }
        Ok(Some(Self { smtp: builder.build(), within }))
    }

    pub async fn send(&self, mail: Message) -> Result<(), Trouble> {
        let (envelope, mail) = (mail.envelope().clone(), mail.formatted());
        // The library's own limit is for each command; this one is for all of them.
        let within = sent_within(self.within, mail.len());
        match tokio::time::timeout(within, self.smtp.send_raw(&envelope, &mail)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(trouble(&error)),
            Err(_) => {
                Err(Trouble { words: "the mail server takes too long".into(), code: None, is_final: false })
            }
        }
    }

    /// Whether the server is there, protects the way to it, and takes our sign-in. Nothing is sent.
    pub async fn knock(&self) -> Result<(), Trouble> {
        match tokio::time::timeout(self.within * 3, self.smtp.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(Trouble { words: "it hung up".into(), code: None, is_final: false }),
            Ok(Err(error)) => Err(trouble(&error)),
            Err(_) => Err(Trouble { words: "it takes too long".into(), code: None, is_final: false }),
        }
    }
}

/// How long all of it may take: over a slow line, too, a large mail must come to its end.
fn sent_within(within: Duration, bytes: usize) -> Duration {
    let seconds = u64::try_from(bytes / BYTES_PER_SECOND_MIN).unwrap_or_default();
    within * 3 + Duration::from_secs(seconds)
}

fn protection(settings: &Settings) -> anyhow::Result<TlsParameters> {
    let mut tls = TlsParameters::builder(settings.host.clone());
    if let Some(own) = own_authorities(&settings.ca_file).map_err(anyhow::Error::msg)? {
        tls = tls.certificate_store(CertificateStore::None);
        for authority in own {
            tls = tls.add_root_certificate(Certificate::from_der(authority.to_vec())?);
        }
    }
    Ok(tls.build()?)
}

/// Where our own mail is put.
#[derive(Clone)]
pub struct Postbox {
    transport: Transport,
    from: Mailbox,
    /// What stands behind the `@` of our messages' ids.
    host: String,
}

impl Postbox {
    /// `None`: no mail server is configured.
    pub fn new(settings: &Settings, public_url: &str) -> anyhow::Result<Option<Self>> {
        let Some(transport) = Transport::to(settings)? else { return Ok(None) };
        let rest = public_url.split_once("://").map_or(public_url, |(_, rest)| rest);
        let host = rest.split(['/', ':']).next().unwrap_or("localhost").to_owned();
        Ok(Some(Self { transport, from: settings.from.parse()?, host }))
    }

    /// As [`Transport::knock`].
    pub async fn knock(&self) -> Result<(), Trouble> {
        self.transport.knock().await
    }

    pub async fn send(&self, letter: &Letter) -> Result<(), Trouble> {
        let message = self.write(letter).map_err(|error| Trouble {
            words: format!("it can't be written: {error:#}"),
            code: None,
            is_final: true,
        })?;
        self.transport.send(message).await
    }

    fn write(&self, letter: &Letter) -> anyhow::Result<Message> {
        let builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, letter.to.parse()?))
            .subject(letter.subject())
            .date(letter.at.into())
            .message_id(Some(format!("<{}@{}>", letter.id, self.host)))
            .header(AutoSubmitted);
        let text = SinglePart::plain(letter.text());
        let message = match &letter.what {
            What::Voicemail { recording: Recording::Attached(bytes), .. } => {
                let sound = ContentType::parse("audio/wav")?;
                let attachment = Attachment::new("message.wav".into()).body(bytes.clone(), sound);
                builder.multipart(MultiPart::mixed().singlepart(text).singlepart(attachment))
            }
            _ => builder.singlepart(text),
        };
        Ok(message?)
    }
}

impl Letter {
    fn subject(&self) -> String {
        let (from, channel) = (plain(&self.from), plain(&self.channel));
        match &self.what {
            What::LastAgent { name, .. } => format!("{} misses calls on {channel}", plain(name)),
            What::Missed { .. } => format!("Missed call from {from} on {channel}"),
            What::Voicemail { .. } => format!("Voicemail from {from} on {channel}"),
            What::Ticket { news, subject, .. } => {
                let subject = plain(subject);
                match news {
                    TicketNews::IsNobodys => format!("New ticket: {subject}"),
                    TicketNews::IsYours => format!("This ticket is yours: {subject}"),
                    TicketNews::CustomerWrote => format!("The customer wrote: {subject}"),
                    TicketNews::ContactWrote => format!("Your contact wrote while you are away: {subject}"),
                }
            }
        }
    }

    fn text(&self) -> String {
        let (from, channel, called) = (plain(&self.from), plain(&self.channel), plain(&self.called));
        let (first, recording) = match &self.what {
            What::Ticket { news, subject, said } => {
                return self.about_ticket(*news, subject, said.as_deref());
            }
            What::LastAgent { name, misses } => {
                let name = plain(name);
                (
                    format!(
                        "{name} was rung {misses} times in a row on {channel} without answering. Nobody else is there, \
                         so {name} stays available."
                    ),
                    None,
                )
            }
            What::Missed { seconds } => (
                format!("{from} called {channel} ({called}) and was not answered in {seconds} seconds."),
                None,
            ),
            What::Voicemail { seconds, recording } => {
                let recording = match recording {
                    Recording::Attached(_) => Some("The recording is attached.".to_owned()),
                    Recording::Linked(link) => Some(format!("Recording: {link}")),
                    Recording::None => None,
                };
                (format!("{from} left a message of {seconds} seconds on {channel} ({called})."), recording)
            }
        };
        let mut lines = vec![first, String::new(), format!("When: {}", self.local_time)];
        let about = if matches!(self.what, What::LastAgent { .. }) { "Agent" } else { "Call" };
        lines.push(format!("{about}: {}", self.link));
        lines.extend(recording);
        lines.join("\r\n") + "\r\n"
    }
}

impl Letter {
    fn about_ticket(&self, news: TicketNews, subject: &str, said: Option<&str>) -> String {
        let (from, channel, subject) = (plain(&self.from), plain(&self.channel), plain(subject));
        let by = if channel.is_empty() { String::new() } else { format!(" on {channel}") };
        let first = match news {
            TicketNews::IsNobodys => format!("A ticket came{by} that is nobody's yet: {subject}"),
            TicketNews::IsYours => format!("A ticket{by} was given to you: {subject}"),
            TicketNews::CustomerWrote => format!("The customer wrote on your ticket{by}: {subject}"),
            TicketNews::ContactWrote => format!("A contact of yours wrote{by} while you are away: {subject}"),
        };
        let mut lines = vec![first, String::new()];
        if let Some(said) = said.map(str::trim).filter(|said| !said.is_empty()) {
            lines.extend(said.lines().map(|line| format!("> {}", line.replace(char::is_control, " "))));
            lines.push(String::new());
        }
        if !from.is_empty() {
            lines.push(format!("From: {from}"));
        }
        lines.push(format!("When: {}", self.local_time));
        lines.push(format!("Ticket: {}", self.link));
        lines.join("\r\n") + "\r\n"
    }
}

/// On one line and not too long: it comes from outside.
fn plain(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(NAME_CHARS_MAX).collect()
}

/// No out-of-office answers, please (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

fn trouble(error: &lettre::transport::smtp::Error) -> Trouble {
    let code = error.status().map(u16::from);
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_words = inner.to_string();
        if !words.contains(&inner_words) {
            words = format!("{words}: {inner_words}");
        }
        cause = inner.source();
    }
    let trouble = Trouble { words: plain(&words), code, is_final: false };
    // What is wrong with our sign-in can be mended; the same letter is refused again for what is wrong with it.
    Trouble { is_final: error.is_permanent() && !trouble.is_sign_in(), ..trouble }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            host: "localhost".into(),
            port: 25,
            tls: Encryption::None,
            ca_file: String::new(),
            username: String::new(),
            password: String::new(),
            from: "Strowger <calls@example.org>".into(),
            timeout_seconds: 5,
        }
    }

    fn letter(what: What) -> Letter {
        Letter {
            id: "0123.4567".into(),
            to: "ann@example.org".into(),
            at: DateTime::from_timestamp(1_770_000_000, 0).unwrap(),
            what,
            from: "+43660123".into(),
            called: "+431234".into(),
            channel: "Support".into(),
            local_time: "Monday 2 February 2026, 03:40 (Europe/Vienna)".into(),
            link: "https://calls.example.org/api/v1/calls/1".into(),
        }
    }

    async fn written(letter: &Letter) -> String {
        let postbox = Postbox::new(&settings(), "https://calls.example.org:8443/path").unwrap().unwrap();
        String::from_utf8(postbox.write(letter).unwrap().formatted()).unwrap()
    }

    #[tokio::test]
    async fn a_missed_call_is_told_in_plain_text() {
        let text = written(&letter(What::Missed { seconds: 27 })).await;
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        for line in [
            "From: Strowger <calls@example.org>",
            "To: ann@example.org",
            "Subject: Missed call from +43660123 on Support",
            "Date: Mon, 02 Feb 2026 02:40:00 +0000",
            "Message-ID: <0123.4567@calls.example.org>",
            "Auto-Submitted: auto-generated",
        ] {
            assert!(head.split("\r\n").any(|there| there == line), "{line} is not in {head}");
        }
        let expected = "+43660123 called Support (+431234) and was not answered in 27 seconds.\r\n\r\n\
            When: Monday 2 February 2026, 03:40 (Europe/Vienna)\r\nCall: https://calls.example.org/api/v1/calls/1\r\n";
        assert_eq!(body.trim_end(), expected.trim_end());
    }

    #[tokio::test]
    async fn news_of_a_ticket_say_whose_it_is_and_quote_what_the_customer_wrote() {
        let said = Some("Since Monday.\r\nIt\u{7} drips.".to_owned());
        let news = |news, said: &Option<String>| {
            let what =
                What::Ticket { news, subject: "The pump\r\nBcc: x@example.org".into(), said: said.clone() };
            let link = "https://calls.example.org/tickets/1".into();
            Letter { from: "vera@example.org".into(), link, ..letter(what) }
        };
        let text = written(&news(TicketNews::CustomerWrote, &said)).await;
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("Subject: The customer wrote: The pumpBcc: x@example.org"), "{head}");
        let expected = "The customer wrote on your ticket on Support: The pumpBcc: x@example.org\r\n\r\n\
            > Since Monday.\r\n> It  drips.\r\n\r\nFrom: vera@example.org\r\n\
            When: Monday 2 February 2026, 03:40 (Europe/Vienna)\r\nTicket: https://calls.example.org/tickets/1";
        assert_eq!(body.trim_end(), expected);
        for (kind, first) in [
            (TicketNews::IsNobodys, "A ticket came on Support that is nobody's yet: "),
            (TicketNews::IsYours, "A ticket on Support was given to you: "),
            (TicketNews::ContactWrote, "A contact of yours wrote on Support while you are away: "),
        ] {
            let text = written(&news(kind, &None)).await;
            let (_, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(body.starts_with(first) && !body.contains('>'), "{body}");
        }
    }

    #[tokio::test]
    async fn nobody_puts_headers_into_our_mail() {
        let evil = "+43\r\nBcc: all@example.org\r\n\r\nBuy this";
        let letter =
            Letter { from: evil.into(), channel: evil.into(), ..letter(What::Missed { seconds: 1 }) };
        let text = written(&letter).await;
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!head.split("\r\n").any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{head}");
        assert!(!text.contains("\r\nBuy"), "{text}");
        for address in ["ann@example.org\r\nBcc: x@example.org", "ann", "@", "a b@example.org", "a@b@c", ""] {
            assert!(!is_address(address), "{address:?}");
        }
        assert!(is_address("ann+calls@example.org"));
    }

    /// A mail server that says these words to each command; a silent one if there are none.
    async fn server(words: &'static [(&'static str, &'static str)]) -> u16 {
        use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (reader, mut writer) = stream.into_split();
            if words.is_empty() {
                return std::future::pending().await;
            }
            writer.write_all(b"220 mail.example.org ESMTP\r\n").await.unwrap();
            let mut lines = BufReader::new(reader).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let word = words.iter().find(|(command, _)| line.starts_with(command));
                let word = word.map_or("500 what?", |(_, word)| word);
                writer.write_all(format!("{word}\r\n").as_bytes()).await.unwrap();
            }
        });
        port
    }

    #[tokio::test]
    async fn a_mail_server_that_can_t_be_used_is_found_out_without_a_mail() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let well = &[
            ("EHLO", "250-hello\r\n250 AUTH PLAIN"),
            ("AUTH", "235 welcome"),
            ("NOOP", "250 ok"),
            ("QUIT", "221 bye"),
        ];
        let wrong =
            &[("EHLO", "250-hello\r\n250 AUTH PLAIN"), ("AUTH", "535 who are you?"), ("QUIT", "221 bye")];
        let knock = async |port: u16, change: fn(&mut Settings)| {
            let mut settings = Settings { port, timeout_seconds: 1, ..settings() };
            (settings.username, settings.password) = ("us".into(), "hush".into());
            change(&mut settings);
            Postbox::new(&settings, "https://calls.example.org").unwrap().unwrap().knock().await
        };
        assert_eq!(knock(server(well).await, |_| ()).await, Ok(()));
        let trouble = knock(server(wrong).await, |_| ()).await.unwrap_err();
        assert!(trouble.is_sign_in() && trouble.words.contains("who are you?"), "{trouble:?}");
        let trouble =
            knock(server(well).await, |settings| settings.tls = Encryption::Starttls).await.unwrap_err();
        assert!(!trouble.is_sign_in() && trouble.words.contains("STARTTLS"), "{trouble:?}");
        let trouble = knock(server(&[]).await, |_| ()).await.unwrap_err();
        assert!(!trouble.is_sign_in(), "{trouble:?}");
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        assert!(knock(free, |_| ()).await.is_err());
        let unknown = knock(1, |settings| settings.host = "mail.example.invalid".into()).await;
        assert!(unknown.is_err_and(|trouble| !trouble.is_sign_in()));
    }

    #[test]
    fn a_large_mail_has_the_time_that_a_slow_line_needs() {
        let within = |bytes| sent_within(Duration::from_secs(20), bytes).as_secs();
        assert_eq!((within(10_000), within(34 << 20)), (60, 60 + 272));
    }

    #[test]
    fn wrong_settings_are_named_by_their_key() {
        let key = |change: fn(&mut Settings)| {
            let mut settings = settings();
            change(&mut settings);
            settings.check().err().map(|(key, _)| key)
        };
        assert_eq!(key(|_| ()), None);
        assert_eq!(key(|settings| settings.from = "me".into()), Some("from"));
        assert_eq!(key(|settings| settings.host = "mail.example.org".into()), Some("tls"));
        assert_eq!(key(|settings| settings.username = "me".into()), Some("password"));
        assert_eq!(key(|settings| settings.timeout_seconds = 0), Some("timeout_seconds"));
        assert_eq!(key(|settings| (settings.host, settings.from) = (String::new(), String::new())), None);
        assert!(!format!("{:?}", Settings { password: "hush".into(), ..settings() }).contains("hush"));
    }
}
