//! From the bytes of a mail to a message. Whatever comes, a message is made of it: what can't be taken apart is attached as
//! it came.

use super::{
    MAIL_BYTES_MAX, cleaning,
    head::{Head, Person},
    mime::{self, Body, File, Piece},
    nature,
};
use crate::{
    messaging::{Arrival, attachment},
    routing::ids::ChannelId,
    tickets::incoming::{Identity, Incoming, Threading},
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};

/// Of all parts together: whoever opens a conversation gets many mails at once.
const TEXT_BYTES_MAX: usize = 512 << 10;
const HTML_BYTES_MAX: usize = 2 << 20;

/// The channel for which mail is read.
#[derive(Debug, Clone, Copy)]
pub struct To<'a> {
    pub channel: ChannelId,
    /// What it is written to.
    pub address: &'a str,
}

pub fn read(raw: &[u8], to: To<'_>) -> Arrival {
    if raw.len() > MAIL_BYTES_MAX {
        return too_large(raw, raw.len(), to);
    }
    let (head, mut body) = mime::open(raw);
    let readable = Readable::of(&mut body);
    if readable.is_cut() {
        let name = "message.eml".to_owned();
        let content_type = "message/rfc822".to_owned();
        // It has all the others in it.
        body.files.truncate(mime::PARTS_MAX - 1);
        body.files.push(File { name, content_type, content_id: None, bytes: raw.to_vec() });
    }
    arrival(&head, readable, body.files, to)
}

/// One of which only the head is at hand, because all of it is more than is taken in.
pub fn too_large(raw: &[u8], bytes: usize, to: To<'_>) -> Arrival {
    let head = Head::read(mime::split(raw).0);
    let text = format!(
        "This mail has {} MiB. What is larger than {} MiB is not taken in; it is still where it came from.",
        bytes.div_ceil(1 << 20),
        MAIL_BYTES_MAX >> 20
    );
    arrival(&head, Readable { text, html: None, left_out: false }, Vec::new(), to)
}

/// Whose mailbox a mail is for: its recipients, in lower case.
pub fn recipients(raw: &[u8]) -> Vec<String> {
    Head::read(mime::split(raw).0).recipients
}

/// What there is to read, cleaned.
pub(super) struct Readable {
    text: String,
    html: Option<String>,
    left_out: bool,
}

impl Readable {
    /// Not all of it is there.
    pub(super) fn is_cut(&self) -> bool {
        self.left_out
    }

    pub(super) fn of(body: &mut Body) -> Self {
        let pictures: HashSet<String> =
            body.files.iter().filter_map(|file| file.content_id.clone()).collect();
        let mut readable = Self { text: String::new(), html: None, left_out: body.left_out };
        let pieces: Vec<Piece> = std::mem::take(&mut body.pieces);
        let has_html = pieces.iter().any(|piece| piece.html.is_some());
        let mut texts = Vec::new();
        let mut html = String::new();
        for piece in pieces {
            // Where something is left out, no HTML is shown.
            let html_said = piece.html.as_deref().filter(|_| !readable.left_out);
            let cleaned = html_said.map(|html| cleaning::clean(html, &pictures));
            readable.left_out |= matches!(cleaned, Some(None));
            let cleaned = cleaned.flatten();
            let text = piece.text.unwrap_or_else(|| match (&cleaned, &piece.html) {
                (Some(cleaned), _) => cleaning::as_text(cleaned),
                (None, Some(html)) => cleaning::torn(html),
                (None, None) => String::new(),
            });
            html.push_str(&cleaned.unwrap_or_else(|| cleaning::as_html(&text)));
            texts.push(text);
            readable.left_out |= html.len() > HTML_BYTES_MAX;
        }
        readable.text = tidy(&texts.join("\n"));
        if readable.text.len() > TEXT_BYTES_MAX {
            readable.left_out = true;
            readable.text.truncate(readable.text.floor_char_boundary(TEXT_BYTES_MAX));
        }
        readable.html = (has_html && !readable.left_out).then_some(html);
        readable
    }
}

/// With plain line ends, without controls, and without a field of empty lines.
fn tidy(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut tidied = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.split('\n') {
        let line: String = line.chars().filter(|letter| *letter == '\t' || !letter.is_control()).collect();
        let line = line.trim_end();
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty <= 2 {
            tidied.push_str(line);
            tidied.push('\n');
        }
    }
    tidied.trim_matches('\n').to_owned()
}

pub(super) fn arrival(head: &Head, readable: Readable, files: Vec<File>, to: To<'_>) -> Arrival {
    let sender = sender(head, to.address);
    let nature = nature::nature(head, &files, &readable.text, to.address);
    let attachments = files
        .iter()
        .map(|file| attachment(&file.name, &file.content_type, file.content_id.as_deref(), &file.bytes));
    let attachments: Vec<_> = attachments.collect();
    let key = key(head, &readable.text, attachments.iter().map(|one| one.sha256.as_str()));
    let incoming = Incoming {
        channel: to.channel,
        key,
        from: sender.map_or(Identity::Unknown, |sender| Identity::Email(sender.address.clone())),
        name: sender.and_then(|sender| sender.name.clone()),
        subject: head.subject.clone(),
        text: readable.text,
        html: readable.html,
        attachments,
        threading: Threading::References {
            message_id: head.message_id.clone(),
            references: head.references.clone(),
        },
        nature,
        properties: BTreeMap::new(),
        raw: None,
    };
    Arrival { incoming, files: files.into_iter().map(|file| file.bytes).collect() }
}

/// Whoever is to be answered: forms on web pages send in our own name and say for whom.
fn sender<'a>(head: &'a Head, own: &str) -> Option<&'a Person> {
    let own = own.to_lowercase();
    let other = |person: &&Person| person.address != own;
    head.reply_to.as_ref().filter(other).or(head.from.as_ref())
}

/// The same mail, however often and on which way it comes. Message-IDs alone won't do: some senders use one for all.
fn key<'a>(head: &Head, text: &str, files: impl Iterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    };
    add(head.from.as_ref().map_or("", |from| &from.address));
    add(&head.date.map(|date| date.to_string()).unwrap_or_default());
    match &head.message_id {
        Some(id) => add(id),
        None => {
            add(head.subject.as_deref().unwrap_or_default());
            add(text);
            files.for_each(add);
        }
    }
    data_encoding::HEXLOWER.encode(&hash.finalize())
}

#[cfg(test)]
mod tests;
