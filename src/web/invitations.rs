//! Links by which somebody chooses their password: once, and for a while only.

use super::{
    Problem, Web,
    auth::{Caller, NewDocument},
    schemas, session,
};
use crate::{
    audio,
    desk::{
        saving::Save,
        settings::{Fault, read_form},
    },
    routing::ids::{InvitationId, UserId},
    store::{
        audit::Author,
        settings::Change,
        sign_in::{Hash, Invitation, SignIn},
    },
};
use axum::{Json, extract::State, http::StatusCode};
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};
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
/// an earlier one stops working.
#[utoipa::path(post, path = "/invitations", request_body = Form, responses(
    (status = 201, body = schemas::NewInvitation), (status = 403), (status = 409)
))]
pub async fn create(
    caller: Caller,
    State(web): State<Web>,
    new: NewDocument,
) -> Result<(StatusCode, Json<Value>), Problem> {
    caller.must_be_admin()?;
    let form: Form = read_form(new.document).map_err(Problem::invalid)?;
    let (invitation, url) = match form.user {
        Some(user) => invite(&web, user, caller.author()).await?,
        None if caller.pass.is_some() => {
            return Err(Problem::invalid(Fault::new("/user", "say who is to sign in")));
        }
        None => first_start(&web).await?,
    };
    let Invitation { id, user, expires_at, .. } = invitation;
    Ok((StatusCode::CREATED, Json(json!({ "id": id, "user": user, "expires_at": expires_at, "url": url }))))
}

/// A link for this user.
pub async fn invite(web: &Web, user: UserId, by: Author) -> Result<(Invitation, String), Problem> {
    if !web.desk.settings().people.users.contains_key(&user) {
        return Err(Problem::invalid(Fault::new("/user", "there is no user of this id")));
    }
    save(web, Some(user), FOLLOWED_WITHIN, by).await
}

/// The link by which the first admin comes in.
pub async fn first_start(web: &Web) -> Result<(Invitation, String), Problem> {
    if !web.desk.settings().doors.is_first_start() {
        let detail = "somebody can sign in already; they invite the others";
        return Err(Problem::new(409, "This is not the first start").because(detail));
    }
    save(web, None, FIRST_START, Author::CommandLine).await
}

async fn save(
    web: &Web,
    user: Option<UserId>,
    lasts: TimeDelta,
    by: Author,
) -> Result<(Invitation, String), Problem> {
    let secret = session::new_secret();
    let invitation = Invitation {
        id: InvitationId(web.new_id()),
        user,
        sha256: Hash(audio::sha256(secret.as_bytes())),
        expires_at: web.clock.now().at + lasts,
    };
    let change = Change::SignIn(SignIn::Invitation(invitation.clone()));
    web.desk.save_as(Save::new(change, by)).await??;
    Ok((invitation, format!("{}/invitation/{secret}", web.public_url)))
}
