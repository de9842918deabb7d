//! Links by which somebody chooses their password: once, and for a while only.

use super::{
    Problem, Web,
    auth::{Caller, NewDocument},
    schemas, session,
    settings::again,
};
use crate::{
    audio,
    desk::{
        saving::{Save, Saved},
        settings::{Fault, read_form},
    },
    routing::ids::{InvitationId, UserId},
    store::{
        settings::Change,
        sign_in::{Hash, Invitation, SignIn},
    },
};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// How long somebody has who sets the daemon up.
const FIRST_START: TimeDelta = TimeDelta::minutes(15);
/// How long a user has to follow their link.
const FOLLOWED_WITHIN: TimeDelta = TimeDelta::days(7);

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInvitationForm)]
struct Form {
    /// Who is to sign in. None: the first start, for whoever owns the data folder and while nobody can sign in.
    user: Option<UserId>,
}

/// Makes a link by which a user chooses a password for the pages. It is shown once, works once, and for seven days;
/// an earlier one stops working. A repeat under the same key is answered 409.
#[utoipa::path(post, path = "/invitations", request_body = Form,
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[ -~]{1,255}$")),
    responses((status = 201, body = schemas::NewInvitation), (status = 403), (status = 409)
))]
pub async fn create(caller: Caller, State(web): State<Web>, new: NewDocument) -> Result<Response, Problem> {
    caller.must_be_admin()?;
    let form: Form = read_form(new.document.clone()).map_err(Problem::invalid)?;
    let (lasts, location) = match form.user {
        Some(user) => (must_be_known(user, &web)?, format!("/api/v1/users/{user}")),
        None if caller.pass.is_some() => {
            return Err(Problem::invalid(Fault::new("/user", "say who is to sign in")));
        }
        None => (must_be_first_start(&web)?, "/api/v1/users".to_owned()),
    };
    let (invitation, url) = made(&web, form.user, lasts);
    let change = Change::SignIn(SignIn::Invitation(invitation.clone()));
    let once = new.once(&caller, &location, true);
    if let Saved::Before(repeat) =
        web.desk.save_as(Save { once, ..Save::new(change, caller.author()) }).await??
    {
        return again(&repeat);
    }
    let Invitation { id, user, expires_at, .. } = invitation;
    let shown = json!({ "id": id, "user": user, "expires_at": expires_at, "url": url });
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

/// Also for pages: a link for this user, and until when it works.
pub async fn invite(web: &Web, caller: &Caller, user: UserId) -> Result<(String, DateTime<Utc>), Problem> {
    caller.must_be_admin()?;
    let (invitation, url) = made(web, Some(user), must_be_known(user, web)?);
    let expires_at = invitation.expires_at;
    let change = Change::SignIn(SignIn::Invitation(invitation));
    web.desk.save_as(Save::new(change, caller.author())).await??;
    Ok((url, expires_at))
}

fn made(web: &Web, user: Option<UserId>, lasts: TimeDelta) -> (Invitation, String) {
    let secret = session::new_secret();
    let url = format!("{}/invitation/{secret}", web.public_url);
    let invitation = Invitation {
        id: InvitationId(web.new_id()),
        user,
        sha256: Hash(audio::sha256(secret.as_bytes())),
        expires_at: web.clock.now().at + lasts,
    };
    (invitation, url)
}

/// For how long a link for this user works.
fn must_be_known(user: UserId, web: &Web) -> Result<TimeDelta, Problem> {
    let is_known = web.desk.settings().people.users.contains_key(&user);
    let fault = || Problem::invalid(Fault::new("/user", "there is no user of this id"));
    is_known.then_some(FOLLOWED_WITHIN).ok_or_else(fault)
}

/// For how long the link works by which the first admin comes in.
fn must_be_first_start(web: &Web) -> Result<TimeDelta, Problem> {
    let detail = "somebody can sign in already; they invite the others";
    let refused = || Problem::new(409, "This is not the first start").because(detail);
    web.desk.settings().doors.is_first_start().then_some(FIRST_START).ok_or_else(refused)
}
