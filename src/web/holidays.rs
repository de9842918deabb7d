//! Public holidays, for whoever fills in the exceptions of a channel's hours.

use super::{Problem, Web, auth::Caller, schemas};
use crate::{
    desk::settings::Fault,
    routing::holidays::{REGIONS, Region},
};
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use chrono::Datelike;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

/// The laws that the rules come from are not older, and nobody knows those that are to come.
const YEARS: std::ops::RangeInclusive<i32> = 1990..=2100;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Such as `AT` or `DE-BY`. Without one, no days are answered.
    region: Option<String>,
    /// Without one, the year that it is.
    #[param(minimum = 1990, maximum = 2100)]
    year: Option<i32>,
}

/// Shows the public holidays of a country or region in a year, and which countries and regions are known.
#[utoipa::path(get, path = "/holidays", params(Asked), responses((status = 200, body = schemas::Holidays)))]
pub async fn show(
    _: Caller,
    State(web): State<Web>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(asked) = asked.map_err(|error| Problem::malformed(error.body_text()))?;
    let year = asked.year.unwrap_or_else(|| web.ground.account.local(web.clock.now().at).year());
    if !YEARS.contains(&year) {
        let detail = format!("it must be from {} to {}", YEARS.start(), YEARS.end());
        return Err(Problem::invalid(Fault::new("/year", detail)));
    }
    let days = match asked.region.as_deref().map(Region::of) {
        None => Vec::new(),
        Some(Some(region)) => region.holidays(year),
        Some(None) => {
            return Err(Problem::invalid(Fault::new("/region", "its holidays are not known")));
        }
    };
    let regions = REGIONS.iter().map(|region| json!({ "code": region.code, "name": region.name }));
    let days = days.iter().map(|(date, name)| json!({ "date": date, "name": name }));
    Ok(Json(json!({
        "year": year,
        "days": days.collect::<Vec<_>>(),
        "regions": regions.collect::<Vec<_>>(),
    })))
}
