//! What a form on a page sends: fields by name, each as often as it was filled in.

use super::{
    super::{
        Problem, Web,
        auth::Upload,
        greetings::{UPLOAD_MAX, UPLOAD_WITHIN},
        serving::REQUEST_WITHIN,
        session,
    },
    refusal::Refusal,
};
use axum::{
    body::{Bytes, to_bytes},
    extract::{FromRequest, Multipart, Request, multipart::MultipartError},
    http::{HeaderMap, header},
};
use tokio::time::timeout;

/// Week tables and lists of people are longer than what the API takes at once.
const FORM_MAX: usize = 256 * 1024;

/// The fields of a form that was sent from one of our own pages.
#[derive(Debug, Default, Clone)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// What was typed, without spaces around it; empty if it is not there.
    pub fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// As it was typed: for passwords.
    pub fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Everything of this name, in order: of boxes, those that are ticked.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.all_raw(name).map(str::trim)
    }

    /// The same, with the spaces that belong to it.
    pub fn all_raw<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The same, but this field is empty.
    pub fn without(&self, name: &str) -> Self {
        self.0.iter().filter(|(known, _)| known != name).cloned().collect()
    }

    /// What an address says after its question mark.
    pub fn of_query(query: Option<&str>) -> Self {
        form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect()
    }
}

impl FromIterator<(String, String)> for Fields {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl FromRequest<Web> for Fields {
    type Rejection = Refusal;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Refusal> {
        let headers = request.headers();
        let layout = super::layout::Layout::of(headers, request.uri(), web);
        let refuse = |problem: Problem| Refusal::new(layout.clone(), problem);
        session::must_come_from_our_pages(headers, &web.public_url).map_err(refuse)?;
        if !kind(headers).starts_with("application/x-www-form-urlencoded") {
            return Err(refuse(Problem::new(415, "This is not what a form sends")));
        }
        let read = timeout(REQUEST_WITHIN, to_bytes(request.into_body(), FORM_MAX)).await;
        let read = read.map_err(|_| refuse(Problem::new(408, "The form did not come within 10 s")))?;
        let bytes = read.map_err(|_| refuse(Problem::new(413, "The form is larger than 256 KiB")))?;
        Ok(form_urlencoded::parse(&bytes).into_owned().collect())
    }
}

/// A form with files in it, if it was sent as such: each with the name of its field. A field without a file has none.
#[derive(Debug, Default)]
pub struct FieldsAndFiles {
    pub fields: Fields,
    pub files: Vec<File>,
}

/// A file as it was sent: in which field, what it is called, of which type it says that it is, and what is in it.
#[derive(Debug)]
pub struct File {
    pub field: String,
    pub name: String,
    pub content_type: String,
    pub bytes: Bytes,
}

impl FieldsAndFiles {
    pub fn file(&self, name: &str) -> Option<&Bytes> {
        self.files.iter().find(|file| file.field == name).map(|file| &file.bytes)
    }
}

impl FromRequest<Web> for FieldsAndFiles {
    type Rejection = Refusal;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Refusal> {
        let headers = request.headers();
        let is_with_files = kind(headers).starts_with("multipart/form-data");
        if !is_with_files {
            return Ok(Self { fields: Fields::from_request(request, web).await?, files: Vec::new() });
        }
        let layout = super::layout::Layout::of(headers, request.uri(), web);
        let refuse = |problem: Problem| Refusal::new(layout.clone(), problem);
        session::must_come_from_our_pages(headers, &web.public_url).map_err(refuse)?;
        let upload = Upload::read(request, UPLOAD_WITHIN, UPLOAD_MAX).await.map_err(refuse)?;
        read(upload.form).await.map_err(|_| refuse(Problem::new(400, "The form can't be read")))
    }
}

async fn read(mut form: Multipart) -> Result<FieldsAndFiles, MultipartError> {
    let mut read = FieldsAndFiles::default();
    while let Some(field) = form.next_field().await? {
        let name = field.name().unwrap_or_default().to_owned();
        if field.file_name().is_none() {
            read.fields.0.push((name, field.text().await?));
            continue;
        }
        let called = field.file_name().unwrap_or_default().to_owned();
        let content_type = field.content_type().unwrap_or_default().to_owned();
        let bytes = field.bytes().await?;
        if !bytes.is_empty() {
            read.files.push(File { field: name, name: called, content_type, bytes });
        }
    }
    Ok(read)
}

fn kind(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default()
}
