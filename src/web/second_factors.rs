//! Taking a second factor away from whoever has lost both the device and the recovery codes.

use super::{
    Problem, Web,
    auth::{Caller, Id},
};
use crate::{
    desk::saving::Save,
    routing::ids::UserId,
    store::{settings::Change, sign_in::SignIn},
};
use axum::{extract::State, http::StatusCode};

/// Takes a user's second factor away. Nobody does so for themselves here: on their own page they are asked for the
/// password.
#[utoipa::path(delete, path = "/users/{id}/second-factor", params(("id" = UserId, Path)),
    responses((status = 204), (status = 403))
)]
pub async fn remove(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<UserId>,
) -> Result<StatusCode, Problem> {
    take_away(&web, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Also for pages.
pub async fn take_away(web: &Web, caller: &Caller, user: UserId) -> Result<(), Problem> {
    caller.must_be_admin()?;
    if caller.user == Some(user) {
        return Err(Problem::forbidden());
    }
    let end = Change::SignIn(SignIn::EndSecondFactor(user));
    web.desk.save_as(Save::new(end, caller.author())).await??;
    Ok(())
}
