//! Mail that a service received and hands over by webhook: Mailgun, Postmark, SendGrid, and any that sends the mail itself.
//! Where the service gives the whole mail, that is read; otherwise what it took out of it. Nothing that it links to is
//! fetched.

use super::{
    head::Head,
    mime::{self, Body, File, PARTS_MAX, Piece},
    reading::{self, Readable, To, arrival},
    settings::Webhook,
};
use crate::messaging::Arrival;
use base64::prelude::{BASE64_STANDARD, Engine};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use subtle::ConstantTimeEq;

/// With files in base64, and what comes besides the mail.
pub const BODY_BYTES_MAX: usize = 40 << 20;
/// Mailgun tries again for eight hours.
const SIGNED_WITHIN: TimeDelta = TimeDelta::hours(12);

/// What a service sent.
#[derive(Debug)]
pub enum Sent {
    /// `application/x-www-form-urlencoded` or `multipart/form-data`.
    Form(Vec<Field>),
    Json(Value),
    /// `message/rfc822`
    Mail(Vec<u8>),
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub file_name: Option<String>,
    pub content_type: Option<String>,
    pub bytes: Vec<u8>,
}

/// A token that was signed, and what came with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    token: [u8; 32],
    of: [u8; 32],
}

/// The proofs that are not too old to be believed.
#[derive(Debug, Default)]
pub struct Proofs(HashMap<[u8; 32], ([u8; 32], DateTime<Utc>)>);

impl Proofs {
    /// False: with this token something else came before.
    pub fn take(&mut self, proof: Proof, now: DateTime<Utc>) -> bool {
        // It may be signed with a time that is ahead of ours.
        self.0.retain(|_, (_, at)| now - *at <= SIGNED_WITHIN * 2);
        self.0.entry(proof.token).or_insert((proof.of, now)).0 == proof.of
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Bad {
    #[error("it is not signed as it should be")]
    Unsigned,
    #[error("this is not what the service sends")]
    NotIts,
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{0} can't be read")]
    Unreadable(&'static str),
}

impl Webhook {
    /// Whether the header `Authorization` proves that it is the service. `None`: that is to be seen in what it sends.
    pub fn knows(&self, authorization: Option<&str>) -> Option<bool> {
        match self {
            Self::Mailgun { .. } => None,
            Self::Postmark { username, password }
            | Self::Sendgrid { username, password }
            | Self::Raw { username, password } => {
                Some(authorization.is_some_and(|given| is_basic(given, username, password)))
            }
        }
    }

    /// What proves by itself who sent it, and says nothing of what was sent: good for this alone, in however many tries.
    /// `None`: there is no such thing.
    pub fn proof(&self, sent: &Sent) -> Option<Proof> {
        let (Self::Mailgun { .. }, Sent::Form(fields)) = (self, sent) else { return None };
        let mut hash = Sha256::new();
        // Another try may be signed anew.
        let is_signing = |field: &&Field| ["timestamp", "signature"].contains(&field.name.as_str());
        for Field { name, bytes, .. } in fields.iter().filter(|field| !is_signing(field)) {
            for part in [name.as_bytes(), bytes] {
                hash.update(part.len().to_be_bytes());
                hash.update(part);
            }
        }
        let token = fields.iter().find(|field| field.name == "token")?;
        Some(Proof { token: Sha256::digest(&token.bytes).into(), of: hash.finalize().into() })
    }

    /// Whoever is known by [`Webhook::knows`] is not looked at again.
    pub fn read(&self, sent: Sent, to: To<'_>, now: DateTime<Utc>) -> Result<Arrival, Bad> {
        match (self, sent) {
            (Self::Mailgun { signing_key }, Sent::Form(fields)) => {
                let fields = Fields(fields);
                if !is_signed(&fields, signing_key, now) {
                    return Err(Bad::Unsigned);
                }
                mailgun(fields, to)
            }
            (Self::Postmark { .. }, Sent::Json(document)) => postmark(document, to),
            (Self::Sendgrid { .. }, Sent::Form(fields)) => sendgrid(Fields(fields), to),
            (Self::Raw { .. }, Sent::Mail(raw)) => Ok(reading::read(&raw, to)),
            _ => Err(Bad::NotIts),
        }
    }
}

fn is_basic(given: &str, username: &str, password: &str) -> bool {
    let Some((scheme, given)) = given.split_once(' ') else { return false };
    let Ok(given) = BASE64_STANDARD.decode(given.trim()) else { return false };
    let expected = format!("{username}:{password}");
    // Of the same length, so that how long it takes says nothing.
    let [given, expected] = [given.as_slice(), expected.as_bytes()].map(Sha256::digest);
    scheme.eq_ignore_ascii_case("basic") && bool::from(given.ct_eq(&expected))
}

/// HMAC-SHA256 over time and token, in hex.
fn is_signed(fields: &Fields, key: &str, now: DateTime<Utc>) -> bool {
    let (Some(time), Some(token), Some(signature)) =
        (fields.text("timestamp"), fields.text("token"), fields.text("signature"))
    else {
        return false;
    };
    let at = time.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let Ok(signature) = data_encoding::HEXLOWER_PERMISSIVE.decode(signature.as_bytes()) else { return false };
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return false };
    let signed =
        mac.chain_update(time.as_bytes()).chain_update(token.as_bytes()).verify_slice(&signature).is_ok();
    signed && at.is_some_and(|at| (now - at).abs() <= SIGNED_WITHIN)
}

struct Fields(Vec<Field>);

impl Fields {
    fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|field| field.name == name).map(|field| field.bytes.as_slice())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.bytes(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// Takes the files out, each with the name of its field.
    fn files(self) -> impl Iterator<Item = (String, File)> {
        let files = self.0.into_iter().filter(|field| field.file_name.is_some());
        files.take(PARTS_MAX).map(|field| {
            let file = File {
                name: field.file_name.unwrap_or_default(),
                content_type: field.content_type.unwrap_or_default(),
                content_id: None,
                bytes: field.bytes,
            };
            (field.name, file)
        })
    }
}

fn mailgun(fields: Fields, to: To<'_>) -> Result<Arrival, Bad> {
    if let Some(raw) = fields.bytes("body-mime") {
        return Ok(reading::read(raw, to));
    }
    let headers = fields.text("message-headers").ok_or(Bad::Missing("message-headers"))?;
    let headers: Vec<(String, String)> =
        serde_json::from_str(&headers).map_err(|_| Bad::Unreadable("message-headers"))?;
    let head = head(&headers);
    let piece = Piece { text: fields.text("body-plain"), html: fields.text("body-html") };
    let ids: HashMap<String, String> =
        fields.text("content-id-map").and_then(|map| serde_json::from_str(&map).ok()).unwrap_or_default();
    let ids: HashMap<String, String> = ids.into_iter().map(|(id, field)| (field, id)).collect();
    let files =
        fields.files().map(|(field, file)| File { content_id: ids.get(&field).map(|id| bare(id)), ..file });
    Ok(put_together(&head, piece, files.collect(), to))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Postmark {
    #[serde(default)]
    headers: Vec<Named>,
    from: Option<String>,
    from_full: Option<Party>,
    to: Option<String>,
    reply_to: Option<String>,
    subject: Option<String>,
    date: Option<String>,
    text_body: Option<String>,
    html_body: Option<String>,
    raw_email: Option<String>,
    #[serde(default)]
    attachments: Vec<Enclosed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Party {
    email: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Enclosed {
    #[serde(default)]
    name: String,
    content: String,
    #[serde(default)]
    content_type: String,
    #[serde(rename = "ContentID")]
    content_id: Option<String>,
}

fn postmark(document: Value, to: To<'_>) -> Result<Arrival, Bad> {
    let sent: Postmark = serde_json::from_value(document).map_err(|_| Bad::NotIts)?;
    if let Some(raw) = sent.raw_email.filter(|raw| !raw.is_empty()) {
        return Ok(reading::read(raw.as_bytes(), to));
    }
    let from = sent.from_full.map(|from| from.written()).or(sent.from).ok_or(Bad::Missing("From"))?;
    let mut headers: Vec<(String, String)> =
        sent.headers.into_iter().map(|header| (header.name, header.value)).collect();
    let besides = [
        ("From", Some(from)),
        ("To", sent.to),
        ("Reply-To", sent.reply_to),
        ("Subject", sent.subject),
        ("Date", sent.date),
    ];
    for (name, value) in besides {
        let there = headers.iter().any(|(header, _)| header.eq_ignore_ascii_case(name));
        if let Some(value) = value.filter(|value| !there && !value.is_empty()) {
            headers.push((name.to_owned(), value));
        }
    }
    let files = sent.attachments.into_iter().take(PARTS_MAX).map(Enclosed::file);
    let files = files.collect::<Result<Vec<File>, Bad>>()?;
    let said = |text: Option<String>| text.filter(|text| !text.is_empty());
    let piece = Piece { text: said(sent.text_body), html: said(sent.html_body) };
    Ok(put_together(&head(&headers), piece, files, to))
}

impl Party {
    fn written(&self) -> String {
        let name = self.name.replace(['"', '\\', '\r', '\n'], " ");
        format!("\"{name}\" <{}>", self.email)
    }
}

impl Enclosed {
    fn file(self) -> Result<File, Bad> {
        let bytes = BASE64_STANDARD.decode(self.content.trim()).map_err(|_| Bad::Unreadable("Content"))?;
        let content_id = self.content_id.filter(|id| !id.is_empty()).map(|id| bare(&id));
        Ok(File { name: self.name, content_type: self.content_type, content_id, bytes })
    }
}

#[derive(Deserialize)]
struct About {
    #[serde(default)]
    filename: String,
    #[serde(default, rename = "type")]
    content_type: String,
    #[serde(rename = "content-id")]
    content_id: Option<String>,
}

fn sendgrid(fields: Fields, to: To<'_>) -> Result<Arrival, Bad> {
    if let Some(raw) = fields.bytes("email") {
        return Ok(reading::read(raw, to));
    }
    let head = Head::read(fields.bytes("headers").ok_or(Bad::Missing("headers"))?);
    let charsets: BTreeMap<String, String> =
        fields.text("charsets").and_then(|map| serde_json::from_str(&map).ok()).unwrap_or_default();
    let said = |name: &str| {
        fields.bytes(name).map(|bytes| mime::text(charsets.get(name).map(String::as_str), bytes))
    };
    let piece = Piece { text: said("text"), html: said("html") };
    let about: HashMap<String, About> =
        fields.text("attachment-info").and_then(|map| serde_json::from_str(&map).ok()).unwrap_or_default();
    let files = fields.files().map(|(field, file)| match about.get(&field) {
        Some(about) => File {
            name: if about.filename.is_empty() { file.name } else { about.filename.clone() },
            content_type: if about.content_type.is_empty() {
                file.content_type
            } else {
                about.content_type.clone()
            },
            content_id: about.content_id.as_deref().map(bare),
            bytes: file.bytes,
        },
        None => file,
    });
    Ok(put_together(&head, piece, files.collect(), to))
}

/// Names and values as they would stand in a mail.
fn head(headers: &[(String, String)]) -> Head {
    let on_one_line = |text: &str| text.replace(['\r', '\n'], " ");
    let lines =
        headers.iter().map(|(name, value)| format!("{}: {}\r\n", on_one_line(name), on_one_line(value)));
    Head::read(lines.collect::<String>().as_bytes())
}

fn bare(id: &str) -> String {
    id.trim().trim_matches(['<', '>']).to_owned()
}

fn put_together(head: &Head, piece: Piece, files: Vec<File>, to: To<'_>) -> Arrival {
    let html = piece.html.clone();
    let mut body = Body::of(piece, files);
    let readable = Readable::of(&mut body);
    if let Some(html) = html.filter(|_| readable.is_cut()) {
        let (name, content_type) = ("message.html".to_owned(), "text/html".to_owned());
        body.files.truncate(PARTS_MAX - 1);
        body.files.push(File { name, content_type, content_id: None, bytes: html.into_bytes() });
    }
    arrival(head, readable, body.files, to)
}

#[cfg(test)]
mod tests;
