//! Whether an agent is there: as they, a supervisor or an admin say.

use super::{
    Problem, Web,
    auth::{Caller, Document, Id},
};
use crate::{
    desk::{
        Doing,
        settings::{Fault, read_form},
    },
    routing::{availability::ByHand, ids::UserId, people::Role},
};
use axum::{Json, extract::State};

/// What an agent does at the moment.
#[utoipa::path(get, path = "/users/{id}/availability", params(("id" = UserId, Path)), responses(
    (status = 200, body = Doing)
))]
pub async fn show(
    caller: Caller,
    State(web): State<Web>,
    Id(agent): Id<UserId>,
) -> Result<Json<Doing>, Problem> {
    allow(&caller, agent)?;
    Ok(Json(web.desk.availability(agent, None).await??))
}

/// Agents set their own, supervisors and admins anybody's.
#[utoipa::path(put, path = "/users/{id}/availability", params(("id" = UserId, Path)), request_body = ByHand, responses(
    (status = 200, body = Doing)
))]
pub async fn set(
    caller: Caller,
    State(web): State<Web>,
    Id(agent): Id<UserId>,
    Document(body): Document,
) -> Result<Json<Doing>, Problem> {
    allow(&caller, agent)?;
    if !web.desk.settings().people.users.contains_key(&agent) {
        return Err(Problem::not_found());
    }
    let by_hand: ByHand = read_form(body).map_err(Problem::invalid)?;
    Ok(Json(say(&web, &caller, agent, by_hand).await?))
}

/// Also for pages.
pub async fn say(web: &Web, caller: &Caller, agent: UserId, by_hand: ByHand) -> Result<Doing, Problem> {
    allow(caller, agent)?;
    if let ByHand::Away { reason: Some(reason), .. } = &by_hand
        && (reason.chars().count() > REASON_CHARACTERS_MAX || reason.chars().any(char::is_control))
    {
        let detail = format!("a reason has at most {REASON_CHARACTERS_MAX} characters, on one line");
        return Err(Problem::invalid(Fault::new("/reason", detail)));
    }
    Ok(web.desk.availability(agent, Some(by_hand)).await??)
}

const REASON_CHARACTERS_MAX: usize = 200;

/// Of others an agent is not told whether they are there.
fn allow(caller: &Caller, agent: UserId) -> Result<(), Problem> {
    if caller.role == Role::Agent && caller.user != Some(agent) { Err(Problem::not_found()) } else { Ok(()) }
}
