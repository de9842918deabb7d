//! The first start, after the first admin: what a desk needs before its first call, one step after the other. Nothing is
//! remembered: what is done is seen in what is set, so each step can be left and come back to.

mod account;
mod agents;
mod company;
mod greetings;
mod hours;
mod number;
mod progress;
mod webhooks;

use super::{
    super::{Problem, Web, channels::Channels, settings::current},
    form::Fields,
    layout::{Layout, Signed},
    refusal::Refusal,
    show,
};
use crate::{calls::channel::Channel, desk::settings::tag, routing::ids::ChannelId};
use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
pub use progress::Progress;
use serde_json::Value;

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/start", get(show_list))
        .route("/start/account", get(account::show_page))
        .route("/start/company", get(company::show_page))
        .route("/start/number", get(number::show_form).post(number::save))
        .route("/start/webhooks", get(webhooks::show_page))
        .route("/start/hours", get(hours::show_form).post(hours::save))
        .route("/start/greetings", get(greetings::show_form).post(greetings::save))
        .route("/start/agents", get(agents::show_page))
        .route("/start/agents/new", post(agents::hire))
        .route("/start/agents/rung", post(agents::choose))
        .route("/start/agents/{user}/link", post(agents::invite))
}

/// One step, as it is listed.
pub struct Step {
    pub page: &'static str,
    pub title: String,
    /// As in the stylesheet: `good`, `warn`, or empty where it is still to do.
    pub state: &'static str,
    pub word: String,
}

impl Step {
    pub fn is(&self, page: &str) -> bool {
        self.page == page
    }
}

/// All of them, in their order.
pub struct Steps(Vec<Step>);

impl Steps {
    /// Err: they are no admin.
    fn of(signed: &Signed, web: &Web) -> Result<Self, Refusal> {
        signed.caller.must_be_admin().map_err(|problem| signed.refuse(problem))?;
        Ok(Self(steps(&signed.layout, web)))
    }

    /// The step after this one, if there is one.
    pub fn after(&self, page: &str) -> Option<&Step> {
        self.0.iter().skip_while(|step| step.page != page).nth(1)
    }
}

fn steps(layout: &Layout, web: &Web) -> Vec<Step> {
    let Progress { company, number, webhooks, hours, agents } = Progress::of(web, &web.desk.settings());
    let done = |is_done: bool| if is_done { ("good", "start-done") } else { ("", "start-to-do") };
    let account =
        if account::is_reachable(&web.public_url) { done(true) } else { ("warn", "start-to-look-at") };
    let all = [
        ("account", layout.t("start-account"), account),
        ("company", layout.t("start-company"), done(company)),
        ("number", layout.t("start-number"), done(number)),
        ("webhooks", layout.t("start-webhooks"), done(webhooks)),
        ("hours", layout.t("start-hours"), done(hours)),
        ("greetings", layout.t("start-greetings"), done(true)),
        ("agents", layout.t("start-agents"), done(agents)),
    ];
    let step = |(page, title, (state, word))| Step { page, title, state, word: layout.t(word) };
    all.into_iter().map(step).collect()
}

#[derive(Template)]
#[template(path = "start.html", config = "src/web/pages/askama.toml")]
struct List {
    layout: Layout,
    steps: Steps,
    left: usize,
}

async fn show_list(State(web): State<Web>, signed: Signed) -> Result<Response, Refusal> {
    let steps = Steps::of(&signed, &web)?;
    let left = Progress::of(&web, &web.desk.settings()).left();
    Ok(show(&List { layout: signed.layout.clone(), steps, left }))
}

/// The channel that a step is about: the one that is named, else the first.
struct Chosen {
    id: ChannelId,
    document: Value,
    /// With which its form was shown.
    tag: String,
}

impl Chosen {
    fn of(fields: &Fields, web: &Web) -> Result<Option<Self>, Problem> {
        let named = fields.text("channel");
        let id = match named.is_empty() {
            true => web.desk.settings().channels.keys().min().copied(),
            false => Some(named.parse().map_err(|_| Problem::not_found())?),
        };
        let Some(id) = id else { return Ok(None) };
        let document = current::<Channels>(web, id)?;
        let shown = fields.text("tag");
        let tag = if shown.is_empty() { tag(&document) } else { shown.to_owned() };
        Ok(Some(Self { id, document, tag }))
    }

    fn name(&self) -> &str {
        self.document["name"].as_str().unwrap_or_default()
    }

    fn numbers(&self) -> Vec<String> {
        let numbers = self.document["numbers"].as_array().into_iter().flatten();
        numbers.filter_map(|number| Some(number.as_str()?.to_owned())).collect()
    }
}

/// Every channel by name, to choose one of.
fn channels(web: &Web) -> Vec<(String, String)> {
    let settings = web.desk.settings();
    let mut channels: Vec<&Channel> = settings.channels.values().collect();
    channels.sort_by(|a, b| a.name.cmp(&b.name));
    channels.iter().map(|channel| (channel.id.to_string(), channel.name.clone())).collect()
}

fn to(layout: &Layout, page: &str) -> Response {
    Redirect::to(&layout.address(page)).into_response()
}
