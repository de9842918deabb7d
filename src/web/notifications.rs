//! What one was told of tickets, and by which ways one wishes to be told.

use super::{
    Problem, Web,
    auth::{Caller, Document, Page},
    page::{merge, page},
    schemas,
};
use crate::{
    desk::{
        Row,
        saving::Save,
        settings::{Fault, Refused, Settings, read_form, tag},
    },
    routing::ids::{NotificationId, UserId},
    store::{
        notifications::{Notification, Read, Which},
        settings::Change,
    },
    tickets::notifying::{Choices, OwnChoices},
};
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

/// Unread ones are counted so far.
pub const COUNTED: u32 = 100;
/// How often a change is made anew from what somebody else has saved meanwhile.
const TRIES: usize = 16;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Only those that were not read.
    #[serde(default)]
    #[param(required = false)]
    unread: bool,
}

/// Lists what one was told, the newest first.
#[utoipa::path(get, path = "/notifications", params(schemas::Paging, Asked),
    responses((status = 200, body = schemas::Page<schemas::Notification>), (status = 403)))]
pub async fn list(
    caller: Caller,
    State(web): State<Web>,
    asked: Page<NotificationId>,
    wanted: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(Asked { unread }) = wanted.map_err(|error| Problem::malformed(error.body_text()))?;
    let user = user(&caller)?;
    let told = web.reader.notifications(user, unread, asked.after, asked.limit + 1).await?;
    Ok(page(told.iter().map(|told| (told.id.to_string(), object(told))).collect(), asked.limit))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReadNotifications)]
struct WasRead {
    /// The newest that was read: all that came before it were, too.
    #[serde(default)]
    until: Option<NotificationId>,
    /// Instead of it: this one alone was read.
    #[serde(default)]
    only: Option<NotificationId>,
}

/// Says what one has read of what one was told. Answers how many are left to read, counted as far as 100.
#[utoipa::path(post, path = "/notifications/read", request_body = WasRead,
    responses((status = 200, body = schemas::Unread), (status = 403)))]
pub async fn read(
    caller: Caller,
    State(web): State<Web>,
    Document(body): Document,
) -> Result<Json<Value>, Problem> {
    let user = user(&caller)?;
    let WasRead { until, only } = read_form(body).map_err(Problem::invalid)?;
    let which = match (until, only) {
        (Some(until), None) => Which::Until(until),
        (None, Some(only)) => Which::Only(only),
        _ => return Err(Problem::invalid(Fault::new("/until", "either until or only says what was read"))),
    };
    note_read(&web, user, which).await?;
    Ok(Json(json!({ "unread": web.reader.unread_notifications(user, COUNTED).await? })))
}

/// Also for pages.
pub async fn note_read(web: &Web, user: UserId, which: Which) -> Result<(), Problem> {
    let read = Read { user, which, at: web.clock.now().at };
    Ok(web.desk.record(Row::ReadNotifications(read)).await?)
}

/// What holds for everybody who says nothing else.
#[utoipa::path(get, path = "/notifications/defaults", responses((status = 200, body = Choices)))]
pub async fn defaults(_: Caller, State(web): State<Web>) -> Json<Choices> {
    Json(web.desk.settings().notifying.defaults)
}

/// Changes what holds for everybody who says nothing else: a JSON merge patch.
#[utoipa::path(patch, path = "/notifications/defaults",
    request_body(content = Object, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Choices), (status = 403), (status = 409)))]
pub async fn set_defaults(
    caller: Caller,
    State(web): State<Web>,
    Document(patch): Document,
) -> Result<Json<Choices>, Problem> {
    caller.must_be_admin()?;
    change(&caller, None, patch, &web).await?;
    Ok(Json(web.desk.settings().notifying.defaults))
}

/// What one chose oneself, and what holds.
#[derive(Serialize, ToSchema)]
pub struct Chosen {
    own: OwnChoices,
    holds: Choices,
}

/// By which ways one is told.
#[utoipa::path(get, path = "/notifications/choices", responses((status = 200, body = Chosen), (status = 403)))]
pub async fn choices(caller: Caller, State(web): State<Web>) -> Result<Json<Chosen>, Problem> {
    Ok(Json(chosen(user(&caller)?, &web)))
}

/// Changes what one chose oneself: a JSON merge patch. What becomes null follows the default again.
#[utoipa::path(patch, path = "/notifications/choices",
    request_body(content = Object, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Chosen), (status = 403), (status = 409)))]
pub async fn choose(
    caller: Caller,
    State(web): State<Web>,
    Document(patch): Document,
) -> Result<Json<Chosen>, Problem> {
    let user = user(&caller)?;
    change(&caller, Some(user), patch, &web).await?;
    Ok(Json(chosen(user, &web)))
}

/// `of`: a user's own, or everybody's.
async fn change(caller: &Caller, of: Option<UserId>, patch: Value, web: &Web) -> Result<(), Problem> {
    for _ in 0..TRIES {
        let settings = web.desk.settings();
        let mut document = settings.notifying.document(of);
        let expected = Some(tag(&document));
        merge(&mut document, patch.clone());
        objection(of, &document, &settings, web)?;
        let change = Change::Notifications(of, document);
        match web.desk.save_as(Save { expected, ..Save::new(change, caller.author()) }).await? {
            Err(Refused::Stale) => {}
            Err(refused) => return Err(refused.into()),
            Ok(_) => return Ok(()),
        }
    }
    Err(Refused::Stale.into())
}

/// Also for pages. What keeps a document from being saved.
pub fn objection(
    of: Option<UserId>,
    document: &Value,
    settings: &Settings,
    web: &Web,
) -> Result<(), Refused> {
    let next = settings.notifying.read(of, document.clone())?;
    if next.mails(of) && !settings.notifying.mails(of) && !web.mails {
        let fault = Fault::new("/mail", "no mail server is configured, so nobody can be told by mail");
        return Err(Refused::Conflict(fault));
    }
    Ok(())
}

fn chosen(user: UserId, web: &Web) -> Chosen {
    let settings = web.desk.settings();
    Chosen { own: settings.notifying.own(user), holds: settings.notifying.of(user) }
}

fn user(caller: &Caller) -> Result<UserId, Problem> {
    caller
        .user
        .ok_or_else(|| Problem::forbidden().because("notifications are a user's, and this token is nobody's"))
}

fn object(told: &Notification) -> Value {
    json!({
        "id": told.id, "at": told.at, "about": told.about, "ticket": told.ticket, "read_at": told.read_at,
    })
}
