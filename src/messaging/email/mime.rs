//! A mail taken apart: what there is to read, and the files. Mail comes from anybody, so that neither how deep it is
//! nested nor how many parts it has is left to the sender. Mails within mails are files, and stay closed.

use super::head::{Content, Head};
use crate::messaging::file_name;
use mail_parser::decoders::{
    base64::base64_decode, charsets::map::charset_decoder, quoted_printable::quoted_printable_decode,
};

pub const PARTS_MAX: usize = 100;
pub const LEVELS_MAX: usize = 10;
/// What is more to read is left to the file with the whole mail.
const TEXT_BYTES_MAX: usize = 256 << 10;

#[derive(Debug, Default)]
pub struct Body {
    /// What there is to read, in order.
    pub pieces: Vec<Piece>,
    pub files: Vec<File>,
    /// Not all of it could be taken.
    pub left_out: bool,
    parts: usize,
}

/// The same, as text, as HTML, or as both. Nothing is cleaned yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Piece {
    pub text: Option<String>,
    pub html: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// As its sender calls it.
    pub name: String,
    pub content_type: String,
    pub content_id: Option<String>,
    pub bytes: Vec<u8>,
}

pub fn open(raw: &[u8]) -> (Head, Body) {
    let mut body = Body::default();
    let (head, rest) = split(raw);
    let head = Head::read(head);
    body.left_out = head.cut;
    body.pieces = body.part(&head.content, rest, 1);
    (head, body)
}

/// What stands above the first empty line, and what below.
pub fn split(raw: &[u8]) -> (&[u8], &[u8]) {
    let mut start = 0;
    while start < raw.len() {
        let end = raw[start..].iter().position(|byte| *byte == b'\n').map_or(raw.len(), |at| start + at + 1);
        if matches!(&raw[start..end], b"\n" | b"\r\n") {
            return (&raw[..start], &raw[end..]);
        }
        start = end;
    }
    (raw, &[])
}

impl Body {
    /// Of a mail that others took apart.
    pub fn of(piece: Piece, files: Vec<File>) -> Self {
        let mut body = Self { files, ..Self::default() };
        let text = piece.text.map(|text| body.cut(text));
        body.pieces.push(Piece { text, html: piece.html });
        body
    }

    /// Takes its files, and answers what there is to read in it.
    fn part(&mut self, content: &Content, raw: &[u8], level: usize) -> Vec<Piece> {
        if let Some(kind) = content.kind.strip_prefix("multipart/") {
            let sections = match &content.boundary {
                Some(boundary) => sections(raw, boundary.as_bytes()),
                None => Vec::new(),
            };
            if !sections.is_empty() {
                return self.multipart(kind, &sections, level);
            }
            // It promised parts and has none: what there is, is to be read.
            let text = Content { encoding: content.encoding.clone(), ..Content::default() };
            return self.leaf(&text, raw);
        }
        self.leaf(content, raw)
    }

    fn multipart(&mut self, kind: &str, sections: &[&[u8]], level: usize) -> Vec<Piece> {
        if level > LEVELS_MAX {
            self.left_out = true;
            return Vec::new();
        }
        let mut read = Vec::new();
        for section in sections {
            if self.parts >= PARTS_MAX {
                self.left_out = true;
                break;
            }
            self.parts += 1;
            let (head, rest) = split(section);
            let mut content = Head::read(head).content;
            if kind == "digest" && head.is_empty() {
                content.kind = "message/rfc822".to_owned();
            }
            read.push(self.part(&content, rest, level + 1));
        }
        if kind == "alternative" { vec![the_best(read)] } else { read.into_iter().flatten().collect() }
    }

    fn leaf(&mut self, content: &Content, raw: &[u8]) -> Vec<Piece> {
        let bytes = decoded(content.encoding.as_deref(), raw);
        let is_body = !content.attached && content.name.is_none();
        match content.kind.as_str() {
            "text/plain" if is_body => {
                let text = self.cut(text(content.charset.as_deref(), &bytes));
                vec![Piece { text: Some(text), html: None }]
            }
            "text/html" if is_body => {
                vec![Piece { text: None, html: Some(text(content.charset.as_deref(), &bytes)) }]
            }
            _ => {
                let name = content.name.clone().unwrap_or_else(|| nameless(&content.kind, &bytes));
                let content_type = file_name::content_type(&content.kind);
                self.files.push(File { name, content_type, content_id: content.id.clone(), bytes });
                Vec::new()
            }
        }
    }

    fn cut(&mut self, mut text: String) -> String {
        if text.len() > TEXT_BYTES_MAX {
            self.left_out = true;
            let mut end = TEXT_BYTES_MAX;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
        }
        text
    }
}

/// Between lines of `--boundary`. The last one ends with the mail, where that was cut off.
fn sections<'a>(raw: &'a [u8], boundary: &[u8]) -> Vec<&'a [u8]> {
    let mut found = Vec::new();
    let mut begun: Option<usize> = None;
    let mut start = 0;
    while start < raw.len() && found.len() <= PARTS_MAX {
        let end = raw[start..].iter().position(|byte| *byte == b'\n').map_or(raw.len(), |at| start + at + 1);
        let after = raw[start..end].strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary));
        if let Some(after) = after.map(<[u8]>::trim_ascii).filter(|after| matches!(*after, b"" | b"--")) {
            if let Some(begun) = begun {
                found.push(without_line_end(&raw[begun..start]));
            }
            begun = (after != b"--").then_some(end);
            if begun.is_none() {
                return found;
            }
        }
        start = end;
    }
    if let Some(begun) = begun.filter(|begun| *begun < raw.len()) {
        found.push(&raw[begun..]);
    }
    found
}

/// The end of the line before a boundary is the boundary's.
fn without_line_end(section: &[u8]) -> &[u8] {
    let section = section.strip_suffix(b"\n").unwrap_or(section);
    section.strip_suffix(b"\r").unwrap_or(section)
}

/// Of several ways to say the same: the text of one that is text alone, and the last one with HTML.
fn the_best(ways: Vec<Vec<Piece>>) -> Piece {
    let mut best = Piece::default();
    for way in ways {
        if way.iter().any(|piece| piece.html.is_some()) {
            let html = way.iter().map(|piece| match (&piece.html, &piece.text) {
                (Some(html), _) => html.clone(),
                (None, Some(text)) => super::cleaning::as_html(text),
                (None, None) => String::new(),
            });
            best.html = Some(html.collect());
        } else if best.text.is_none() && !way.is_empty() {
            let text: Vec<String> = way.into_iter().filter_map(|piece| piece.text).collect();
            best.text = Some(text.join("\n"));
        }
    }
    best
}

/// As its encoding says; what is not in that encoding stays as it is.
fn decoded(encoding: Option<&str>, raw: &[u8]) -> Vec<u8> {
    match encoding {
        Some("base64") => base64(raw).unwrap_or_else(|| raw.to_vec()),
        Some("quoted-printable") => quoted_printable_decode(raw).unwrap_or_else(|| raw.to_vec()),
        _ => raw.to_vec(),
    }
}

/// What is no letter of base64 is passed over, as RFC 2045 asks for; but where there is much of it, it is none.
fn base64(raw: &[u8]) -> Option<Vec<u8>> {
    base64_decode(raw).or_else(|| {
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        let written = raw.iter().filter(|byte| !byte.is_ascii_whitespace()).count();
        let letters: Vec<u8> = raw.iter().copied().filter(is_letter).collect();
        let is_base64 = written - letters.len() <= written / 6;
        is_base64.then(|| base64_decode(&letters)).flatten()
    })
}

/// What says that it is ASCII, or nothing, is often UTF-8 and else mostly Windows' Latin.
pub fn text(charset: Option<&str>, bytes: &[u8]) -> String {
    let charset = charset.map(|charset| charset.trim().to_ascii_lowercase());
    let named = charset.as_deref().filter(|name| !["", "us-ascii", "ascii", "utf-8", "utf8"].contains(name));
    let text = match named.and_then(|name| charset_decoder(name.as_bytes())) {
        Some(decode) => decode(bytes),
        None => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) if charset.as_deref().is_some_and(|name| name.starts_with("utf")) => {
                String::from_utf8_lossy(bytes).into_owned()
            }
            Err(_) => match charset_decoder(b"windows-1252") {
                Some(decode) => decode(bytes),
                None => String::from_utf8_lossy(bytes).into_owned(),
            },
        },
    };
    text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)
}

fn nameless(kind: &str, bytes: &[u8]) -> String {
    match kind {
        "message/rfc822" | "message/global" => {
            let subject = Head::read(split(bytes).0).subject;
            format!("{}.eml", subject.unwrap_or_else(|| "message".to_owned()))
        }
        "message/delivery-status" | "message/global-delivery-status" => "delivery-status.txt".to_owned(),
        "text/rfc822-headers" | "message/global-headers" => "headers.txt".to_owned(),
        _ => String::new(),
    }
}
