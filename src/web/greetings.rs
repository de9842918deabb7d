//! Recorded messages that callers can be played: those that ship with the daemon, and uploads.

use super::{
    BODY_MAX, Problem, Web,
    access::{Sight, Viewer},
    auth::{Caller, Document, Id, IfMatch, Page, Upload},
    page::{created, merge, settings_page, unexpected},
    schemas,
    settings::tagged,
};
use crate::{
    audio::{self, Converted, Refused},
    desk::{
        saving::{Once, Save, Saved},
        settings::{Fault, read_form},
    },
    routing::ids::GreetingId,
    store::{
        audit::Subject,
        settings::{Change, Greeting},
    },
};
use axum::{
    Json,
    body::Bytes,
    extract::{Multipart, Request, State, multipart::MultipartError},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{io::ErrorKind, time::Duration};
use tracing::{error, info, warn};

/// The largest file, in bytes.
const FILE_MAX: usize = 10 << 20;
/// For a whole file over a slow line.
pub const UPLOAD_WITHIN: Duration = Duration::from_secs(300);
/// The file, and what a form needs around it.
pub const UPLOAD_MAX: usize = FILE_MAX + BODY_MAX;

/// Lists greetings.
#[utoipa::path(get, path = "/greetings", params(schemas::Paging), responses(
    (status = 200, body = schemas::Page<schemas::RecordedMessage>)
))]
pub async fn list(caller: Caller, State(web): State<Web>, page: Page<GreetingId>) -> Json<Value> {
    let settings = web.desk.settings();
    let viewer = Viewer::new(&caller, &settings);
    let seen = settings.greetings.values().filter(|greeting| viewer.greeting(greeting.id) == Sight::All);
    let items = seen.map(|greeting| (greeting.id, shown(greeting, &web)));
    settings_page(items, page.after.as_ref(), page.limit)
}

/// Shows a greeting.
#[utoipa::path(get, path = "/greetings/{id}",
    params(("id" = GreetingId, Path), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = schemas::RecordedMessage, headers(("ETag" = String))), (status = 304))
)]
pub async fn show(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<GreetingId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let settings = web.desk.settings();
    let greeting = settings.greetings.get(&id).ok_or_else(Problem::not_found)?;
    if Viewer::new(&caller, &settings).greeting(id) != Sight::All {
        return Err(Problem::not_found());
    }
    let document =
        settings.document(Subject { kind: "greeting", id: id.0 }).ok_or_else(Problem::not_found)?;
    Ok(tagged(&shown(greeting, &web), &document, &headers))
}

/// What a form with a sound is made of.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only its shape counts")]
pub struct UploadForm {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// WAV, MP3 or Ogg Vorbis, at most 10 MiB and 5 minutes.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
}

/// Takes a sound file, makes a message of it as callers hear them, and keeps that.
#[utoipa::path(post, path = "/greetings", request_body(content = UploadForm, content_type = "multipart/form-data"),
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[ -~]{1,255}$")),
    responses(
        (status = 201, body = schemas::RecordedMessage, headers(("Location" = String))), (status = 403), (status = 409),
        (status = 507, content_type = "application/problem+json", body = schemas::Problem)
))]
pub async fn upload(caller: Caller, State(web): State<Web>, request: Request) -> Result<Response, Problem> {
    caller.must_be_admin()?;
    let mut upload = Upload::read(request, UPLOAD_WITHIN, UPLOAD_MAX).await?;
    let Form { name, file } = read(&mut upload.form).await?;
    let id = GreetingId(web.new_id());
    let once = upload.once(&caller, &format!("/api/v1/greetings/{id}"));
    let greeting = keep(&web, &caller, id, name, file, once).await?;
    Ok(created("greetings", greeting.id, shown(&greeting, &web)))
}

/// Makes a message of a sound file as callers hear it, and keeps it.
pub async fn keep(
    web: &Web,
    caller: &Caller,
    id: GreetingId,
    name: String,
    file: Bytes,
    once: Option<Once>,
) -> Result<Greeting, NotKept> {
    room(web)?;
    let converted = convert(web, file).await.map_err(NotKept::Sound)?;
    let _changing = web.media.changing.lock().await;
    let name_of_file = format!("{}.wav", converted.sha256);
    let (folder, wav) = (web.media.folder.clone(), converted.wav);
    let kept = tokio::task::spawn_blocking(move || audio::keep(&folder, &name_of_file, &wav)).await;
    kept.map_err(|_| unexpected())?.map_err(|error| not_written(&error))?;
    let (sha256, length_ms) = (converted.sha256, converted.length_ms);
    let created_at = web.clock.now().at;
    let greeting = Greeting { id, name, sha256: sha256.clone(), length_ms, created_at };
    let save = Save { once, ..Save::new(Change::Greeting(greeting), caller.author()) };
    let saved = web.desk.save_as(save).await;
    if !matches!(saved, Ok(Ok(Saved::Now { .. }))) {
        forget_file(web, &sha256).await;
    }
    let saved = saved.map_err(Problem::from)?.map_err(Problem::from)?;
    match saved {
        Saved::Now { change: Change::Greeting(greeting), .. } => Ok(greeting),
        Saved::Before(repeat) => {
            let before = repeat.body.as_ref().and_then(|body| serde_json::from_str(body).ok());
            Ok(before.ok_or_else(unexpected)?)
        }
        Saved::Now { .. } => Err(unexpected().into()),
    }
}

/// Why a file was not kept.
#[derive(Debug)]
pub enum NotKept {
    Sound(Refused),
    Problem(Problem),
}

impl From<Problem> for NotKept {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<NotKept> for Problem {
    fn from(not_kept: NotKept) -> Self {
        match not_kept {
            NotKept::Problem(problem) => problem,
            NotKept::Sound(refused) => {
                let status = if matches!(refused, Refused::NotAudio | Refused::Opus) { 415 } else { 422 };
                Self::new(status, "The file can't be a greeting")
                    .with(vec![Fault::new("/file", refused.to_string())])
            }
        }
    }
}

/// Renames a greeting.
#[utoipa::path(patch, path = "/greetings/{id}",
    params(("id" = GreetingId, Path), ("If-Match" = Option<String>, Header)),
    request_body(content = schemas::GreetingPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = schemas::RecordedMessage), (status = 403), (status = 409), (status = 412))
)]
pub async fn change(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<GreetingId>,
    if_match: IfMatch,
    Document(patch): Document,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    let greeting = own(&web, id)?;
    let expected = expected(&web, id, &if_match)?;
    let mut document = json!({ "name": greeting.name });
    merge(&mut document, patch);
    let Name { name } = read_form(document).map_err(Problem::invalid)?;
    let saved = save(&web, &caller, Greeting { name, ..greeting }, expected).await?;
    Ok(Json(shown(&saved, &web)))
}

/// Deletes a greeting that no channel plays.
#[utoipa::path(delete, path = "/greetings/{id}",
    params(("id" = GreetingId, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = 403), (status = 409), (status = 412))
)]
pub async fn delete(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<GreetingId>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    caller.must_be_admin()?;
    let greeting = own(&web, id)?;
    let expected = expected(&web, id, &if_match)?;
    let _changing = web.media.changing.lock().await;
    let save = Save { expected, ..Save::new(Change::DeleteGreeting(id), caller.author()) };
    web.desk.save_as(save).await??;
    forget_file(&web, &greeting.sha256).await;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    name: String,
}

struct Form {
    name: String,
    file: Bytes,
}

async fn read(form: &mut Multipart) -> Result<Form, Problem> {
    let (mut name, mut file) = (None, None);
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        match field.name() {
            Some("name") => name = Some(field.text().await.map_err(unreadable)?),
            Some("file") => file = Some(field.bytes().await.map_err(unreadable)?),
            other => {
                let pointer = format!("/{}", other.unwrap_or_default().replace('~', "~0").replace('/', "~1"));
                return Err(Problem::invalid(Fault::new(pointer, "only name and file are expected")));
            }
        }
    }
    let name = name.ok_or_else(|| Problem::invalid(Fault::new("/name", "it is missing")))?;
    let file = file.ok_or_else(|| Problem::invalid(Fault::new("/file", "it is missing")))?;
    if file.len() > FILE_MAX { Err(too_large()) } else { Ok(Form { name, file }) }
}

fn unreadable(error: MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return too_large();
    }
    Problem::new(400, "The form can't be read")
}

fn too_large() -> Problem {
    Problem::new(413, "The file is larger than 10 MiB")
}

/// Calls must go on when the disk gets full, so that what can wait is refused before.
fn room(web: &Web) -> Result<(), Problem> {
    match audio::is_room_for_more(&web.data, web.media.room_bytes) {
        Ok(true) => Ok(()),
        Ok(false) => {
            warn!("an upload is refused: the disk is nearly full");
            let mib = web.media.room_bytes >> 20;
            let detail = format!("less than {mib} MiB are left, which calls need; nothing was kept");
            Err(Problem::new(507, "The disk is nearly full").because(detail))
        }
        Err(error) => Err(not_written(&error)),
    }
}

/// A few at once; the processor belongs to calls.
async fn convert(web: &Web, file: Bytes) -> Result<Converted, Refused> {
    let _place = web.media.at_once.acquire().await;
    // A decoder that breaks has met a file that is broken.
    let converted = tokio::task::spawn_blocking(move || audio::convert(file.into())).await;
    converted.unwrap_or(Err(Refused::Damaged))
}

fn not_written(error: &std::io::Error) -> Problem {
    error!(%error, "an upload can't be written");
    let (status, title) = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => (507, "The disk is full"),
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => (503, "The data folder is read-only"),
        _ => (503, "The file can't be written"),
    };
    Problem::new(status, title).because("nothing was kept")
}

/// A greeting that can be changed.
fn own(web: &Web, id: GreetingId) -> Result<Greeting, Problem> {
    let greeting = web.desk.settings().greetings.get(&id).cloned().ok_or_else(Problem::not_found)?;
    if audio::by_hash(&greeting.sha256).is_some() {
        return Err(Problem::new(409, "It ships with the program and stays as it is"));
    }
    Ok(greeting)
}

fn expected(web: &Web, id: GreetingId, if_match: &IfMatch) -> Result<Option<String>, Problem> {
    let subject = Subject { kind: "greeting", id: id.0 };
    if_match.expected(&web.desk.settings().document(subject).ok_or_else(Problem::not_found)?)
}

async fn save(
    web: &Web,
    caller: &Caller,
    greeting: Greeting,
    expected: Option<String>,
) -> Result<Greeting, Problem> {
    let save = Save { expected, ..Save::new(Change::Greeting(greeting), caller.author()) };
    match web.desk.save_as(save).await?? {
        Saved::Now { change: Change::Greeting(greeting), .. } => Ok(greeting),
        _ => Err(unexpected()),
    }
}

/// Removes the sound of a greeting that is not there any more, unless another has the same.
async fn forget_file(web: &Web, sha256: &str) {
    if web.desk.settings().greetings.values().any(|greeting| greeting.sha256 == sha256) {
        return;
    }
    match tokio::fs::remove_file(web.media.path(sha256)).await {
        Ok(()) => info!(sha256, "the file of a greeting is removed"),
        Err(error) => warn!(sha256, %error, "the file of a greeting can't be removed"),
    }
}

fn shown(greeting: &Greeting, web: &Web) -> Value {
    let Greeting { id, name, sha256, length_ms, created_at } = greeting;
    let audio = format!("{}/media/{sha256}.wav", web.public_url);
    let seconds = f64::from(*length_ms) / 1_000.0;
    json!({ "id": id, "name": name, "audio": audio, "seconds": seconds, "created_at": created_at })
}
