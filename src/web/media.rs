//! Greetings and tones, for telephone companies: by hash, cacheable for ever, in ranges.

use super::{Problem, Web};
use crate::audio;
use axum::{
    body::{Body, Bytes},
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::path::PathBuf;
use tokio::sync::{Mutex, Semaphore};
use tracing::error;

/// Where uploaded greetings are.
#[derive(Debug)]
pub struct Media {
    pub folder: PathBuf,
    /// Uploads are refused when the disk has less left.
    pub room_bytes: u64,
    /// Files that are being converted.
    pub at_once: Semaphore,
    /// Held while files come and go with their rows.
    pub changing: Mutex<()>,
}

impl Media {
    pub fn new(folder: PathBuf, room_bytes: u64) -> Self {
        const CONVERTED_AT_ONCE: usize = 2;
        Self { folder, room_bytes, at_once: Semaphore::new(CONVERTED_AT_ONCE), changing: Mutex::default() }
    }

    pub fn path(&self, sha256: &str) -> PathBuf {
        self.folder.join(format!("{sha256}.wav"))
    }
}

/// Part of a file: first and last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    first: usize,
    last: usize,
}

pub async fn serve(
    State(web): State<Web>,
    file: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let hash = file.as_ref().ok().and_then(|Path(file)| file.strip_suffix(".wav"));
    let Some(hash) = hash.filter(|hash| is_served(hash, &web)) else {
        return Problem::not_found().into_response();
    };
    let tag = format!("\"{hash}\"");
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let sound = match sound(hash, &web).await {
        Ok(sound) => sound,
        Err(error) => {
            error!(%error, "a greeting can't be read");
            return Problem::new(500, "The sound can't be read").into_response();
        }
    };
    let length = sound.len();
    let (status, range) = match headers.get(header::RANGE).map(|range| asked(range, length)) {
        Some(Err(Unsatisfiable)) => {
            let range = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
            return (StatusCode::RANGE_NOT_SATISFIABLE, range).into_response();
        }
        Some(Ok(Some(range))) => (StatusCode::PARTIAL_CONTENT, Some(range)),
        Some(Ok(None)) | None => (StatusCode::OK, None),
    };
    let bytes = range.map_or(sound.clone(), |range| sound.slice(range.first..=range.last));
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400, immutable"));
    answer.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    answer.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer.extend(HeaderValue::from_str(&tag).map(|tag| (header::ETAG, tag)));
    if let Some(Range { first, last }) = range {
        let text = format!("bytes {first}-{last}/{length}");
        answer.extend(HeaderValue::from_str(&text).map(|text| (header::CONTENT_RANGE, text)));
    }
    response
}

/// Nothing but what ships with the daemon, and what a greeting names.
fn is_served(hash: &str, web: &Web) -> bool {
    let is_greeting = || web.desk.settings().greetings.values().any(|greeting| greeting.sha256 == hash);
    audio::by_hash(hash).is_some() || is_greeting()
}

async fn sound(hash: &str, web: &Web) -> std::io::Result<Bytes> {
    match audio::by_hash(hash) {
        Some(sound) => Ok(Bytes::from_static(sound.bytes)),
        None => tokio::fs::read(web.media.path(hash)).await.map(Bytes::from),
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Unsatisfiable;

/// One range of bytes (RFC 9110). What is not one range is answered with the whole file.
fn asked(header: &HeaderValue, length: usize) -> Result<Option<Range>, Unsatisfiable> {
    let Some(spec) = header.to_str().ok().and_then(|text| text.strip_prefix("bytes=")) else {
        return Ok(None);
    };
    let Some((first, last)) = spec.split_once('-') else { return Ok(None) };
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Range { first, last: last.min(length - 1) },
        (Some(first), None) if last.is_empty() => Range { first, last: length - 1 },
        (None, Some(0)) if first.is_empty() => return Err(Unsatisfiable),
        (None, Some(tail)) if first.is_empty() => {
            Range { first: length.saturating_sub(tail), last: length - 1 }
        }
        _ => return Ok(None),
    };
    if range.first < length { Ok(Some(range)) } else { Err(Unsatisfiable) }
}

/// Digits and nothing else.
fn number(text: &str) -> Option<usize> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        let range = |first, last| Ok(Some(Range { first, last }));
        let table = [
            ("bytes=0-9", range(0, 9)),
            ("bytes=90-200", range(90, 99)),
            ("bytes=95-", range(95, 99)),
            ("bytes=-10", range(90, 99)),
            ("bytes=-200", range(0, 99)),
            ("bytes=100-", Err(Unsatisfiable)),
            ("bytes=-0", Err(Unsatisfiable)),
            ("bytes=5-3", Ok(None)),
            ("bytes=0-1,5-6", Ok(None)),
            ("lines=0-9", Ok(None)),
            ("bytes=+1-+9", Ok(None)),
            ("bytes=-+9", Ok(None)),
            ("bytes=-", Ok(None)),
        ];
        for (text, expected) in table {
            assert_eq!(asked(&HeaderValue::from_static(text), 100), expected, "{text}");
        }
    }
}
