//! In which language callers are spoken to by the messages that ship with the daemon. The channel's own page has the rest.

use super::{
    super::{
        form::Fields,
        layout::{Layout, Signed},
        saving::{self, Outcome},
        show_wrong,
    },
    Channels, Chosen, Refusal, Steps, Web, channels, show, to,
};
use crate::{audio, desk::settings::tag, routing::sentences::Language};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use serde_json::{Map, Value, json};

const LANGUAGES: [(Language, &str); 4] = [
    (Language::En, "English"),
    (Language::Nl, "Nederlands"),
    (Language::Nb, "Norsk bokmål"),
    (Language::De, "Deutsch"),
];

#[derive(Template)]
#[template(path = "start_greetings.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    steps: Steps,
    channels: Vec<(String, String)>,
    languages: Vec<Choice>,
    form: Option<Form>,
}

struct Form {
    channel: String,
    name: String,
    tag: String,
    language: String,
    /// What somebody else has chosen meanwhile.
    meanwhile: Option<String>,
    fault: Option<String>,
}

struct Choice {
    code: &'static str,
    name: &'static str,
    /// Where the messages are heard.
    unanswered: String,
    after_hours: String,
}

pub async fn show_form(
    State(web): State<Web>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let fields = Fields::of_query(query.as_deref());
    let chosen = Chosen::of(&fields, &web).map_err(|problem| signed.refuse(problem))?;
    Ok(show(&page(&web, &signed, chosen.map(|chosen| form(&chosen, &web)))?))
}

pub async fn save(State(web): State<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    Steps::of(&signed, &web)?;
    let chosen = Chosen::of(&fields, &web).map_err(|problem| signed.refuse(problem))?;
    let Some(chosen) = chosen else { return Ok(to(&signed.layout, "start/number")) };
    let language = fields.text("language").to_owned();
    let own = chosen.numbers().into_iter().map(|number| (number, json!({ "language": language })));
    let patch = json!({ "greetings": { "by_number": own.collect::<Map<String, Value>>() } });
    let saved = saving::change::<Channels>(&web, &signed, chosen.id, &chosen.tag, patch).await;
    let mut form = Form { language, ..form(&chosen, &web) };
    match saved.map_err(|problem| signed.refuse(problem))? {
        Outcome::Saved(_) => return Ok(to(&signed.layout, "start/agents")),
        Outcome::Wrong(faults) => form.fault = faults.into_iter().next().map(|fault| fault.detail),
        Outcome::Changed(now) => {
            form.tag = tag(&now);
            form.meanwhile = Some(name_of(&spoken(&now, &web)).to_owned());
        }
    }
    Ok(show_wrong(&page(&web, &signed, Some(form))?))
}

fn page(web: &Web, signed: &Signed, form: Option<Form>) -> Result<Page, Refusal> {
    let address = |kind: &str, code: &str| {
        let sound = audio::shipped(&format!("{kind}-{code}"));
        sound.map_or_else(String::new, |sound| format!("media/{}.wav", sound.sha256))
    };
    let languages = LANGUAGES.map(|(language, name)| {
        let code = language.code();
        Choice {
            code,
            name,
            unanswered: address("unanswered", code),
            after_hours: address("after-hours", code),
        }
    });
    Ok(Page {
        layout: signed.layout.clone(),
        steps: Steps::of(signed, web)?,
        channels: channels(web),
        languages: languages.into(),
        form,
    })
}

fn form(chosen: &Chosen, web: &Web) -> Form {
    Form {
        channel: chosen.id.to_string(),
        name: chosen.name().to_owned(),
        tag: chosen.tag.clone(),
        language: spoken(&chosen.document, web),
        meanwhile: None,
        fault: None,
    }
}

/// What callers of the first number are spoken to in.
fn spoken(document: &Value, web: &Web) -> String {
    let own = document["numbers"][0].as_str();
    let own = own.and_then(|number| document["greetings"]["by_number"][number]["language"].as_str());
    own.map_or_else(|| web.language.code().to_owned(), str::to_owned)
}

fn name_of(code: &str) -> &str {
    LANGUAGES.iter().find(|(language, _)| language.code() == code).map_or(code, |(_, name)| name)
}
