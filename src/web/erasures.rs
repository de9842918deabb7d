//! Erasing a person by number or address.

use super::{
    Problem, Web,
    auth::{Caller, Document},
};
use crate::desk::{
    erasure::{Erased, NotErased, Person},
    settings::{Fault, read_form},
};
use axum::{Json, extract::State};
use serde::Deserialize;
use tracing::error;
use utoipa::ToSchema;

/// Who is to be erased.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ErasureForm)]
struct Form {
    /// In international form, or an address.
    number: String,
}

/// Removes everything about a person: calls, messages, tickets, and the telephone company's copies. 409: they have a call
/// that is going on.
#[utoipa::path(post, path = "/erasures", request_body = Form, responses(
    (status = 200, body = Erased), (status = 403), (status = 409)
))]
pub async fn create(
    caller: Caller,
    State(web): State<Web>,
    Document(body): Document,
) -> Result<Json<Erased>, Problem> {
    caller.must_be_admin()?;
    let form: Form = read_form(body).map_err(Problem::invalid)?;
    Ok(Json(erase(&web, &caller, &form.number).await?))
}

/// Also for pages.
pub async fn erase(web: &Web, caller: &Caller, number: &str) -> Result<Erased, Problem> {
    caller.must_be_admin()?;
    let person = Person::read(number).ok_or_else(|| {
        let detail = "it must be a number in international form (+43…), or an address (sip:…)";
        Problem::invalid(Fault::new("/number", detail))
    })?;
    match web.desk.erase(person, caller.author()).await? {
        Ok(erased) => Ok(erased),
        Err(live @ NotErased::Live) => Err(Problem::new(409, live.to_string())),
        Err(NotErased::Failed(failed)) => {
            error!(error = format!("{failed:#}"), "a person could not be erased");
            Err(Problem::new(503, "Not everything could be erased; please try again"))
        }
    }
}
