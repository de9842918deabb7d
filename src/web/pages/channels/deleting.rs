//! Deletes a channel, once its name was typed.

use super::{
    super::{
        super::{Problem, Web, auth::Id, channels::Channels, settings::current},
        form::Fields,
        layout::{Layout, Signed},
        refusal::Refusal,
        saving::{self, Outcome},
        show, show_wrong,
    },
    panel::seen,
};
use crate::{desk::settings::tag, routing::ids::ChannelId};
use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

#[derive(Template)]
#[template(path = "channel_delete.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    id: String,
    name: String,
    tag: String,
    typed: String,
    fault: Option<String>,
}

pub async fn show_form(
    State(web): State<Web>,
    signed: Signed,
    Id(id): Id<ChannelId>,
) -> Result<Response, Refusal> {
    page(&web, &signed, id).map(|page| show(&page))
}

pub async fn delete(
    State(web): State<Web>,
    signed: Signed,
    Id(id): Id<ChannelId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let mut page = page(&web, &signed, id)?;
    page.typed = fields.text("name").to_owned();
    if page.typed != page.name.trim() {
        page.fault = Some(signed.layout.t("deletion-other-name"));
        return Ok(show_wrong(&page));
    }
    let outcome = saving::delete::<Channels>(&web, &signed, id, fields.text("tag")).await;
    match outcome.map_err(|problem| signed.refuse(problem))? {
        Outcome::Saved(_) => {
            let address = signed.layout.address("channels");
            Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response())
        }
        Outcome::Changed(_) => {
            page.fault = Some(signed.layout.t("deletion-changed"));
            Ok(show_wrong(&page))
        }
        Outcome::Wrong(faults) => {
            page.fault = saving::fault(&faults, "");
            Ok(show_wrong(&page))
        }
    }
}

fn page(web: &Web, signed: &Signed, id: ChannelId) -> Result<Page, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    signed.caller.must_be_admin().map_err(refuse)?;
    let channel = seen(web, signed, id).map_err(refuse)?;
    let tag = tag(&current::<Channels>(web, id).map_err(refuse)?);
    let layout = signed.layout.clone();
    Ok(Page { layout, id: id.to_string(), name: channel.name, tag, typed: String::new(), fault: None })
}
