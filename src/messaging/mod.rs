//! The ways in and out of written messages, one file or folder for each kind of channel: bytes in → [`Incoming`],
//! [`Outgoing`] → bytes out. What becomes of a message is decided elsewhere; here nothing is known of tickets' rules, of the
//! store, or of who is there.
//!
//! [`Incoming`]: crate::tickets::incoming::Incoming
//! [`Outgoing`]: crate::tickets::message::Outgoing

pub mod chat;
pub mod email;
pub mod file_name;
pub mod form;
pub mod whatsapp;

use crate::tickets::incoming::{Attachment, Incoming};
use file_name::is_hidden;
use sha2::{Digest, Sha256};

/// A message as it came off the wire: its files are not kept yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its attachments name the files.
    pub incoming: Incoming,
    /// What is in each of them, in the same order.
    pub files: Vec<Vec<u8>>,
}

/// A file that came with a message, by the name that its sender gave it, made harmless.
pub fn attachment(name: &str, content_type: &str, content_id: Option<&str>, bytes: &[u8]) -> Attachment {
    let content_type = file_name::content_type(content_type);
    Attachment {
        sha256: data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)),
        name: file_name::harmless(name, &content_type),
        content_type,
        bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        content_id: content_id.map(str::to_owned),
    }
}

/// On one line, without what is not seen, and not too long.
pub fn plain(text: &str, chars_max: usize) -> String {
    let spaced = text.chars().map(|letter| if letter.is_whitespace() { ' ' } else { letter });
    let seen: String = spaced.filter(|letter| !is_hidden(*letter)).collect();
    let words: Vec<&str> = seen.split_whitespace().collect();
    words.join(" ").chars().take(chars_max).collect::<String>().trim_end().to_owned()
}
