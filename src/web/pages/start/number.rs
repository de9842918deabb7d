//! The first number: a calling channel, closed until its hours are chosen.

use super::{
    super::{
        form::Fields,
        layout::{Layout, Signed},
        saving::{self, Outcome, fault},
        show_wrong,
    },
    Channels, Refusal, Steps, Web, channels, show, to,
};
use crate::desk::settings::Fault;
use askama::Template;
use axum::{extract::State, response::Response};
use serde_json::json;

#[derive(Template)]
#[template(path = "start_number.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    steps: Steps,
    /// Id and name of those that are there already.
    channels: Vec<(String, String)>,
    /// As the operator calls the telephone companies.
    providers: Vec<String>,
    name: String,
    provider: String,
    number: String,
    zone: String,
    faults: Vec<Fault>,
}

impl Page {
    fn fault(&self, pointer: &str) -> Option<String> {
        fault(&self.faults, pointer)
    }
}

pub async fn show_form(State(web): State<Web>, signed: Signed) -> Result<Response, Refusal> {
    Ok(show(&page(&web, &signed)?))
}

pub async fn save(State(web): State<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    let mut page = page(&web, &signed)?;
    page.name = fields.text("name").to_owned();
    page.provider = fields.text("provider").to_owned();
    page.number = fields.text("number").to_owned();
    page.zone = fields.text("time_zone").to_owned();
    let number = dialled(&page.number);
    if !is_international(&number) {
        page.faults = vec![Fault::new("/number", signed.layout.t("start-number-wrong"))];
        return Ok(show_wrong(&page));
    }
    let channel = json!({
        "kind": "calling", "name": page.name, "provider": page.provider, "number": number, "time_zone": page.zone,
        "hours": { "mode": "schedule", "weekly": {} },
    });
    let saved = saving::create::<Channels>(&web, &signed, channel).await;
    match saved.map_err(|problem| signed.refuse(problem))? {
        Outcome::Saved(_) | Outcome::Changed(_) => Ok(to(&signed.layout, "start/webhooks")),
        Outcome::Wrong(faults) => Ok(show_wrong(&Page { faults, ..page })),
    }
}

fn page(web: &Web, signed: &Signed) -> Result<Page, Refusal> {
    let providers: Vec<String> = web.providers.keys().cloned().collect();
    Ok(Page {
        layout: signed.layout.clone(),
        steps: Steps::of(signed, web)?,
        channels: channels(web),
        name: String::new(),
        provider: providers.first().cloned().unwrap_or_default(),
        providers,
        number: String::new(),
        zone: web.ground.account.name().to_owned(),
        faults: Vec::new(),
    })
}

/// A number as people write it, without what is only for the eye.
fn dialled(text: &str) -> String {
    let digits: String = text.chars().filter(|c| !" \u{a0}-/().".contains(*c)).collect();
    match digits.strip_prefix("00") {
        Some(rest) => format!("+{rest}"),
        None => digits,
    }
}

fn is_international(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_be_written_as_people_write_it() {
        for text in ["+43 1 234 56 78", "0043 (1) 234-5678", "+43/1/234.5678", "+4312345678"] {
            assert_eq!(dialled(text), "+4312345678");
            assert!(is_international(&dialled(text)));
        }
        for text in ["", "01 234 5678", "+43", "+43 1 23x4567", "+0123456789", "+1234567890123456"] {
            assert!(!is_international(&dialled(text)), "{text}");
        }
    }
}
