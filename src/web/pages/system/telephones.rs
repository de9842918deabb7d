//! The numbers as they are set at the telephone companies: compared, and set.

use super::{
    super::{
        super::{Web, numbers},
        form::Fields,
        layout::{Layout, Signed},
        refusal::Refusal,
        show,
    },
    Admin, id,
};
use crate::{
    desk::numbers::{Finding, Grade},
    providers::{addresses::Addresses, numbers::NumberWebhooks},
    routing::ids::ChannelId,
};
use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use serde::Deserialize;

const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "telephones.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    rows: Vec<Row>,
    next: Option<ChannelId>,
    /// What was found of one of them.
    found: Option<Found>,
}

struct Row {
    id: ChannelId,
    name: String,
    company: String,
    numbers: Vec<String>,
    /// What the number's webhooks should be.
    voice_url: String,
}

struct Found {
    name: String,
    findings: Vec<(&'static str, String, String)>,
}

#[derive(Default, Deserialize)]
pub struct Asked {
    after: Option<ChannelId>,
}

pub async fn show_page(State(web): State<Web>, Admin(signed): Admin, Query(asked): Query<Asked>) -> Response {
    show(&page(&web, &signed, asked.after))
}

fn page(web: &Web, signed: &Signed, after: Option<ChannelId>) -> Page {
    let settings = web.desk.settings();
    let mut channels: Vec<_> = settings.channels.values().collect();
    channels.sort_by_key(|channel| channel.id);
    let mut rows: Vec<Row> = channels
        .into_iter()
        .filter(|channel| after.is_none_or(|after| channel.id > after))
        .take(ROWS + 1)
        .map(|channel| {
            let addresses = Addresses {
                public_url: web.public_url.to_string(),
                provider: channel.provider.clone(),
                channel: channel.id,
                epoch: None,
            };
            Row {
                id: channel.id,
                name: channel.name.clone(),
                company: channel.provider.clone(),
                numbers: channel.numbers.clone(),
                voice_url: NumberWebhooks::of(&addresses)
                    .voice
                    .url
                    .split("#")
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            }
        })
        .collect();
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let next = rows.last().filter(|_| more).map(|row| row.id);
    Page { layout: signed.layout.clone(), rows, next, found: None }
}

/// Compares a channel's numbers, or sets them.
pub async fn compare(
    State(web): State<Web>,
    Admin(signed): Admin,
    Path(channel): Path<String>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let channel: ChannelId = id(&signed, &channel)?;
    let fix = fields.text("do") == "set";
    let findings = numbers::compare(&web, &signed.caller, channel, fix).await;
    let findings = findings.map_err(|problem| signed.refuse(problem))?;
    let layout = &signed.layout;
    let told = |Finding { grade, sentence }: Finding| match grade {
        Grade::Good => ("good", layout.t("system-good"), sentence),
        Grade::Warning => ("warn", layout.t("system-warning"), sentence),
        Grade::Error => ("bad", layout.t("system-error"), sentence),
    };
    let name = web.desk.settings().channels.get(&channel).map(|channel| channel.name.clone());
    let found =
        Found { name: name.unwrap_or_default(), findings: findings.0.into_iter().map(told).collect() };
    Ok(show(&Page { found: Some(found), ..page(&web, &signed, None) }))
}
