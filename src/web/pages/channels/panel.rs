//! The side panel of a channel: what a call would meet now, or at an instant that is chosen, and why; what will surprise;
//! the week ahead. Of the channel as it is saved, or as the form beside it would make it.

use super::{
    super::{
        super::{
            Problem, Web,
            access::{Sight, Viewer},
            auth::Id,
            channels::Channels,
            settings::current,
            warnings,
        },
        form::Fields,
        layout::{Layout, Signed},
        refusal::Refusal,
        show,
    },
    coverage::{self, Week},
    draft::{Draft, Faults},
    words,
};
use crate::{
    calls::{channel::Channel, preview::Preview},
    desk::settings::{Refused, Settings},
    routing::{ids::ChannelId, sentences::Teller, zone::Zone},
};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use chrono::{DateTime, NaiveDateTime, Utc};

#[derive(Template)]
#[template(path = "channel_panel.html", config = "src/web/pages/askama.toml")]
pub struct Panel {
    layout: Layout,
    /// Of the channel.
    id: String,
    zone: &'static str,
    /// As it was chosen, on the channel's wall; empty: now.
    pub at: String,
    is_instant: bool,
    /// What was chosen is no instant.
    wrong_instant: Option<String>,
    is_draft: bool,
    /// Why the form could not be saved as it is: then this is about what is saved.
    faults: Vec<String>,
    open: bool,
    /// Whether it is open, and until when.
    state: String,
    outcome: String,
    /// The first one decides.
    reasons: Vec<String>,
    /// Who would not be rung, and why not.
    passed_over: Vec<String>,
    pub warnings: Vec<String>,
    week: Week,
}

/// The panel alone, of what is saved.
pub async fn show_saved(
    State(web): State<Web>,
    signed: Signed,
    Id(id): Id<ChannelId>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let seen = seen(&web, &signed, id).map_err(|problem| signed.refuse(problem))?;
    let panel = Panel::of(&web, &signed.layout, &seen, None, &instant_in(query)).await;
    panel.map(|panel| show(&panel)).map_err(|problem| signed.refuse(problem))
}

/// The panel alone, of what the form would make of it.
pub async fn show_draft(
    State(web): State<Web>,
    signed: Signed,
    Id(id): Id<ChannelId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    signed.caller.must_be_admin().map_err(|problem| signed.refuse(problem))?;
    let seen = seen(&web, &signed, id).map_err(|problem| signed.refuse(problem))?;
    let made = made(&web, &signed.layout, id, &Draft::sent(&fields));
    let made = made.map_err(|problem| signed.refuse(problem))?;
    let panel = Panel::of(&web, &signed.layout, &seen, Some(made), fields.text("at")).await;
    panel.map(|panel| show(&panel)).map_err(|problem| signed.refuse(problem))
}

/// The channel as the form would make it, or what keeps it from that.
pub fn made(
    web: &Web,
    layout: &Layout,
    id: ChannelId,
    draft: &Draft,
) -> Result<Result<Channel, Faults>, Problem> {
    let saved = current::<Channels>(web, id)?;
    let document = match draft.document(&saved, layout) {
        Ok(document) => document,
        Err(faults) => return Ok(Err(faults)),
    };
    match web.desk.settings().draft(id, document, &web.ground) {
        Ok(channel) => Ok(Ok(channel)),
        Err(Refused::Invalid(faults)) => Ok(Err(Faults::of(&faults))),
        Err(Refused::Conflict(fault)) => Ok(Err(Faults::of(&[fault]))),
        Err(refused) => Err(refused.into()),
    }
}

/// A channel that whoever asks may look into. Agents look at calls, not at channels.
pub fn seen(web: &Web, signed: &Signed, id: ChannelId) -> Result<Channel, Problem> {
    signed.caller.must_not_be_agent()?;
    let settings = web.desk.settings();
    let is_seen = Viewer::new(&signed.caller, &settings).channel(id) == Sight::All;
    settings.channels.get(&id).filter(|_| is_seen).cloned().ok_or_else(Problem::not_found)
}

/// `?at=`.
pub fn instant_in(query: Option<String>) -> String {
    let query = query.unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "at").map(|(_, at)| at.trim().to_owned()).unwrap_or_default()
}

impl Panel {
    pub async fn of(
        web: &Web,
        layout: &Layout,
        saved: &Channel,
        made: Option<Result<Channel, Faults>>,
        at: &str,
    ) -> Result<Self, Problem> {
        let (draft, faults) = match made {
            Some(Ok(channel)) => (Some(channel), Faults::default()),
            Some(Err(faults)) => (None, faults),
            None => (None, Faults::default()),
        };
        let is_draft = draft.is_some();
        let channel = draft.unwrap_or_else(|| saved.clone());
        let chosen = instant(at, &channel.zone);
        let wrong_instant = (!at.is_empty() && chosen.is_none()).then(|| layout.t("panel-no-instant"));
        let settings = web.desk.settings();
        let preview = web.desk.preview(channel.id, chosen, None, Some(channel.clone())).await??;
        let times = web.ground.times;
        let week = coverage::of(layout, &channel, &settings, times, web.clock.now().at).await?;
        let warnings = warnings::sentences(web, &channel, &settings, layout.language).await;
        Ok(Self {
            layout: layout.clone(),
            id: channel.id.to_string(),
            zone: channel.zone.name(),
            at: at.to_owned(),
            is_instant: chosen.is_some(),
            wrong_instant,
            is_draft,
            faults: faults.all().cloned().collect(),
            open: preview.hours.open,
            state: state(layout, &preview, &channel),
            outcome: words::outcome(layout, &preview, &channel, &settings),
            reasons: reasons(layout, &preview, &channel, &settings),
            passed_over: passed_over(layout, &preview, &channel, &settings),
            warnings,
            week,
        })
    }
}

/// Open or closed, and until when.
pub fn state(layout: &Layout, preview: &Preview, channel: &Channel) -> String {
    let teller = Teller { language: layout.language, zone: &channel.zone, name: &|user| user.to_string() };
    let until = preview.next_change.map(|change| words::when(layout, &teller, preview.at, change));
    match (preview.hours.open, until) {
        (true, Some(until)) => layout.t1("open-until", "until", until),
        (true, None) => layout.t("open-always"),
        (false, Some(until)) => layout.t1("closed-until", "until", until),
        (false, None) => layout.t("closed-for-good"),
    }
}

fn reasons(layout: &Layout, preview: &Preview, channel: &Channel, settings: &Settings) -> Vec<String> {
    let name = |user| settings.name_of(user);
    let teller = Teller { language: layout.language, zone: &channel.zone, name: &name };
    preview.reasons.iter().map(|reason| teller.reason(reason)).collect()
}

fn passed_over(layout: &Layout, preview: &Preview, channel: &Channel, settings: &Settings) -> Vec<String> {
    let name = |user| settings.name_of(user);
    let teller = Teller { language: layout.language, zone: &channel.zone, name: &name };
    let all = preview.candidates.iter();
    all.filter_map(|(user, _, objection)| Some(teller.objection(user, objection?))).collect()
}

/// What was typed, on a channel's wall.
pub fn instant(at: &str, zone: &Zone) -> Option<DateTime<Utc>> {
    let wall = NaiveDateTime::parse_from_str(at, "%Y-%m-%dT%H:%M")
        .or_else(|_| NaiveDateTime::parse_from_str(at, "%Y-%m-%dT%H:%M:%S"));
    zone.instant(wall.ok()?)
}
