//! The stylesheet, the scripts and the icon of the pages, out of the binary. Their address has a hash of all of them in
//! it, so that browsers keep them for ever and a new version is fetched at once.

use super::super::Problem;
use crate::audio;
use axum::{
    body::Bytes,
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;
use std::{borrow::Cow, sync::OnceLock};

#[derive(RustEmbed)]
#[folder = "src/web/pages/assets"]
struct Assets;

/// Of all files together: the folder in which they are served.
pub fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let all: Vec<u8> = Assets::iter()
            .filter_map(|name| Assets::get(&name))
            .flat_map(|file| file.data.into_owned())
            .collect();
        audio::sha256(&all)[..16].to_owned()
    })
}

/// Of any version: a page that was opened before an upgrade gets the files that are there now.
pub async fn serve(Path((_, name)): Path<(String, String)>) -> Response {
    let Some(file) = Assets::get(&name) else { return Problem::not_found().into_response() };
    let headers = [
        (header::CONTENT_TYPE, kind(&name)),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let bytes = match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    (headers, bytes).into_response()
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
