//! A new channel: what it needs to be there. Everything else is set on its own page, to which it leads.

use super::{
    super::{
        super::{Web, channels::Channels},
        form::Fields,
        layout::{Layout, Signed},
        refusal::Refusal,
        saving::{self, Outcome},
        show, show_wrong,
    },
    draft::Faults,
};
use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

#[derive(Template)]
#[template(path = "channel_new.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    providers: Vec<String>,
    name: String,
    provider: String,
    number: String,
    time_zone: String,
    faults: Faults,
}

pub async fn show_form(State(web): State<Web>, signed: Signed) -> Result<Response, Refusal> {
    signed.caller.must_be_admin().map_err(|problem| signed.refuse(problem))?;
    Ok(show(&page(&web, &signed, &Fields::default(), Faults::default())))
}

pub async fn create(State(web): State<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    signed.caller.must_be_admin().map_err(|problem| signed.refuse(problem))?;
    let number = fields.text("number");
    let numbers: Vec<&str> = Some(number).filter(|number| !number.is_empty()).into_iter().collect();
    let document = json!({
        "kind": "calling",
        "name": fields.text("name"),
        "provider": fields.text("provider"),
        "numbers": numbers,
        // Without one it is the account's.
        "time_zone": Some(fields.text("time_zone")).filter(|zone| !zone.is_empty()),
    });
    let outcome = saving::create::<Channels>(&web, &signed, document).await;
    match outcome.map_err(|problem| signed.refuse(problem))? {
        Outcome::Wrong(faults) => Ok(show_wrong(&page(&web, &signed, &fields, Faults::of(&faults)))),
        Outcome::Saved(channel) | Outcome::Changed(channel) => {
            let id = channel["id"].as_str().unwrap_or_default();
            let address = signed.layout.address(&format!("channels/{id}?saved"));
            Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response())
        }
    }
}

fn page(web: &Web, signed: &Signed, fields: &Fields, faults: Faults) -> Page {
    let zone = Some(fields.text("time_zone")).filter(|zone| !zone.is_empty());
    Page {
        layout: signed.layout.clone(),
        providers: web.ground.providers.keys().cloned().collect(),
        name: fields.text("name").to_owned(),
        provider: fields.text("provider").to_owned(),
        number: fields.text("number").to_owned(),
        time_zone: zone.unwrap_or(web.ground.account.name()).to_owned(),
        faults,
    }
}
