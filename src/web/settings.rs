//! Settings documents: users, teams, channels and their like are listed, shown, created, changed and deleted in one way.
//! A kind says what is its own in [`Kind`]; [`routes`] makes the routes and their part of the API's document.

use super::{
    Problem, Web,
    access::{Sight, Viewer},
    auth::{Caller, Document, Id, IfMatch, NewDocument, Page},
    language::Speaking,
    openapi::{self, Described},
    page::{merge, settings_page},
    warnings,
};
use crate::{
    desk::{
        saving::{Save, Saved},
        settings::{Fault, Refused, Settings, tag},
    },
    routing::{ids::ChannelId, sentences::Language},
    store::{audit::Subject, repeats::Repeat, settings::Change},
};
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{self, MethodRouter},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{fmt::Display, str::FromStr};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

/// How often a change is made anew from what somebody else has saved meanwhile.
const TRIES: usize = 64;

/// One kind of settings documents.
pub trait Kind: 'static {
    type Id: FromStr + Display + Ord + Copy + Send + Sync + 'static;
    /// What is sent to create one. What is shown has all of its fields, and an id.
    type Form: ToSchema;
    /// As in the audit log: `user`.
    const KIND: &'static str;
    /// As in addresses: `users`.
    const PATH: &'static str;
    /// Whether one can be deleted.
    const DELETE: Option<fn(Self::Id) -> Change>;
    /// What is sent and not shown, or shown under another name.
    const ONLY_SENT: &'static [&'static str] = &[];

    fn id(id: Uuid) -> Self::Id;
    fn uuid(id: Self::Id) -> Uuid;
    fn all(settings: &Settings) -> Vec<Self::Id>;
    fn change(id: Self::Id, document: Value) -> Change;
    fn sight(viewer: Viewer<'_>, id: Self::Id) -> Sight;

    /// Whether whoever asks may create, change and delete such documents.
    fn may_be_written_by(caller: &Caller) -> Result<(), Problem> {
        caller.must_be_admin()
    }

    /// Whether saving it may bring surprises for this channel.
    fn concerns(id: Self::Id, channel: ChannelId, settings: &Settings) -> bool;

    /// Whether it is deleted only by who says its name.
    fn is_named_to_be_deleted(_: Self::Id, _: &Settings) -> bool {
        false
    }
}

/// Everything that can be done with documents of a kind.
pub fn routes<K: Kind>() -> OpenApiRouter<Web> {
    let all = routing::get(list::<K>).post(create::<K>);
    let mut one: MethodRouter<Web> = routing::get(show::<K>).patch(change::<K>);
    if K::DELETE.is_some() {
        one = one.delete(delete::<K>);
    }
    let described = Described::of::<K::Form>(K::KIND, K::PATH, K::ONLY_SENT);
    OpenApiRouter::new().routes(described.list(all)).routes(openapi::settings_document(
        &described,
        K::DELETE.is_some(),
        one,
    ))
}

async fn list<K: Kind>(caller: Caller, State(web): State<Web>, page: Page<K::Id>) -> Json<Value> {
    let settings = web.desk.settings();
    let viewer = Viewer::new(&caller, &settings);
    let rest = K::all(&settings).into_iter().filter(|id| page.after.is_none_or(|after| *id > after));
    let items = rest.filter_map(|id| Some((id, shown::<K>(viewer, &settings, id)?)));
    settings_page(items, page.after.as_ref(), page.limit)
}

async fn show<K: Kind>(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<K::Id>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let settings = web.desk.settings();
    let document =
        shown::<K>(Viewer::new(&caller, &settings), &settings, id).ok_or_else(Problem::not_found)?;
    Ok(tagged(&document, &document, &headers))
}

async fn create<K: Kind>(
    caller: Caller,
    State(web): State<Web>,
    Speaking(language): Speaking,
    mut new: NewDocument,
) -> Result<Response, Problem> {
    K::may_be_written_by(&caller)?;
    let before = web.desk.settings();
    without_warnings(&mut new.document);
    let id = K::id(web.new_id());
    let location = format!("/api/v1/{}/{id}", K::PATH);
    let save = Save {
        once: new.once(&caller, &location, false),
        ..Save::new(K::change(id, new.document), caller.author())
    };
    let document = match web.desk.save_as(save).await?? {
        Saved::Before(repeat) => return again(&repeat),
        Saved::Now { document, .. } => document.ok_or_else(Problem::not_found)?,
    };
    let saved = with_warnings::<K>(&web, id, document, &before, language).await;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], saved).into_response())
}

async fn change<K: Kind>(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<K::Id>,
    if_match: IfMatch,
    Speaking(language): Speaking,
    Document(patch): Document,
) -> Result<Response, Problem> {
    K::may_be_written_by(&caller)?;
    let before = web.desk.settings();
    for _ in 0..TRIES {
        let mut document = current::<K>(&web, id)?;
        let expected = if_match.expected(&document)?;
        // Without If-Match it counts for whatever is there, even if that was changed a moment ago.
        let retry = !if_match.is_given();
        let expected = expected.or_else(|| Some(tag(&document)));
        if let Some(fields) = document.as_object_mut() {
            fields.remove("id");
        }
        merge(&mut document, patch.clone());
        without_warnings(&mut document);
        let save = Save { expected, ..Save::new(K::change(id, document), caller.author()) };
        match web.desk.save_as(save).await? {
            Err(Refused::Stale) if retry => {}
            Err(refused) => return Err(refused.into()),
            Ok(Saved::Before(repeat)) => return again(&repeat),
            Ok(Saved::Now { document, .. }) => {
                let document = document.ok_or_else(Problem::not_found)?;
                return Ok(with_warnings::<K>(&web, id, document, &before, language).await);
            }
        }
    }
    Err(Refused::Stale.into())
}

async fn delete<K: Kind>(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<K::Id>,
    if_match: IfMatch,
    confirmation: Result<Query<Confirmation>, QueryRejection>,
) -> Result<StatusCode, Problem> {
    K::may_be_written_by(&caller)?;
    let document = current::<K>(&web, id)?;
    let Query(Confirmation { name }) = confirmation.map_err(|error| Problem::malformed(error.body_text()))?;
    let is_needed = K::is_named_to_be_deleted(id, &web.desk.settings());
    let is_wrong = name.as_ref().map_or(is_needed, |name| document["name"] != *name);
    if is_wrong {
        let fault = Fault::new("/name", "say its name to have it deleted: ?name=");
        return Err(Problem::invalid(fault));
    }
    let expected = if_match.expected(&document)?;
    let delete = K::DELETE.ok_or_else(Problem::not_found)?;
    web.desk.save_as(Save { expected, ..Save::new(delete(id), caller.author()) }).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// What is deleted, by its name.
#[derive(Deserialize)]
struct Confirmation {
    name: Option<String>,
}

pub fn current<K: Kind>(web: &Web, id: K::Id) -> Result<Value, Problem> {
    let subject = Subject { kind: K::KIND, id: K::uuid(id) };
    web.desk.settings().document(subject).ok_or_else(Problem::not_found)
}

fn shown<K: Kind>(viewer: Viewer<'_>, settings: &Settings, id: K::Id) -> Option<Value> {
    let document = settings.document(Subject { kind: K::KIND, id: K::uuid(id) })?;
    match K::sight(viewer, id) {
        Sight::All => Some(document),
        Sight::Name => Some(json!({ "id": document["id"], "name": document["name"] })),
        Sight::Nothing => None,
    }
}

/// What is shown of a document, with its tag; 304 if whoever asks has it.
pub fn tagged(shown: &Value, document: &Value, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", tag(document));
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = known.flat_map(|value| value.split(',')).map(|known| known.trim());
    if known.any(|known| known == "*" || known.trim_start_matches("W/") == tag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    ([(header::ETAG, tag)], Json(shown)).into_response()
}

/// What was saved, and what will surprise about it: all of a channel; of others what was not so before.
async fn with_warnings<K: Kind>(
    web: &Web,
    id: K::Id,
    mut document: Value,
    before: &Settings,
    language: Language,
) -> Response {
    let tag = format!("\"{}\"", tag(&document));
    let known = (K::KIND != "channel").then_some(before);
    let warnings =
        warnings::of_channels(web, known, language, |channel, settings| K::concerns(id, channel, settings));
    let warnings = warnings.await;
    if let Some(fields) = document.as_object_mut().filter(|_| !warnings.is_empty()) {
        fields.insert("warnings".into(), warnings.into());
    }
    ([(header::ETAG, tag)], Json(document)).into_response()
}

/// What was answered can be sent back as it is.
fn without_warnings(document: &mut Value) {
    if let Some(fields) = document.as_object_mut() {
        fields.remove("warnings");
    }
}

/// What is there now, with its tag.
pub fn with_tag(document: &Value) -> Response {
    ([(header::ETAG, format!("\"{}\"", tag(document)))], Json(document)).into_response()
}

/// The answer that the same request got before.
pub fn again(repeat: &Repeat) -> Result<Response, Problem> {
    let Some(body) = &repeat.body else {
        let title = "This was done before; its answer held a secret, which is shown only once";
        return Err(Problem::new(409, title).because(format!("what was made is at {}", repeat.location)));
    };
    let document: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let location = [(header::LOCATION, repeat.location.clone())];
    Ok((StatusCode::CREATED, location, with_tag(&document)).into_response())
}
