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
use tracing::{error, info};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    /// In international form, or an address.
    number: String,
}

pub async fn create(
    caller: Caller,
    State(web): State<Web>,
    Document(body): Document,
) -> Result<Json<Erased>, Problem> {
    caller.must_be_admin()?;
    let form: Form = read_form(body).map_err(Problem::invalid)?;
    let person = Person::read(&form.number).ok_or_else(|| {
        let detail = "it must be a number in international form (+43…), or an address (sip:…)";
        Problem::invalid(Fault::new("/number", detail))
    })?;
    let by = caller.user.map_or_else(|| "a token".to_owned(), |user| user.to_string());
    match web.desk.erase(person).await? {
        Ok(erased) => {
            info!(by, erased.rows, erased.files, "a person was erased on demand");
            Ok(Json(erased))
        }
        Err(live @ NotErased::Live) => Err(Problem::new(409, live.to_string())),
        Err(NotErased::Failed(failed)) => {
            error!(error = format!("{failed:#}"), "a person could not be erased");
            Err(Problem::new(500, "Not everything could be erased; please try again"))
        }
    }
}
