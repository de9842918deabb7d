//! Channels that make tickets out of messages: how they are reached, and who gets what comes by them.

use super::{
    super::{
        super::{
            Problem, Web,
            access::{Sight, Viewer},
            auth::Id,
            channels::Channels,
            settings::{Kind, current},
            warnings,
        },
        differences,
        form::{Fields, FieldsAndFiles},
        layout::{Layout, Signed},
        refusal::Refusal,
        saving::{self, Outcome},
        show, show_changed, show_wrong,
    },
    closing::ClosingPart,
    draft::Faults,
    opening::{Opening, OpeningPart},
    written_form::{Choice, WrittenForm},
};
use crate::{
    desk::settings::{Fault, tag},
    routing::{hours::Hours, ids::ChannelId, zone::Zone},
    tickets::channel::Channel,
};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

#[derive(Template)]
#[template(path = "written.html", config = "src/web/pages/askama.toml")]
struct List {
    layout: Layout,
    is_admin: bool,
    kinds: Vec<Choice>,
    rows: Vec<Row>,
}

struct Row {
    id: ChannelId,
    name: String,
    kind: String,
    place: String,
    mode: String,
    enabled: bool,
    warnings: usize,
}

#[derive(Template)]
#[template(path = "written_channel.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    /// None: a new one.
    id: Option<ChannelId>,
    title: String,
    kind_name: String,
    is_admin: bool,
    tag: String,
    form: WrittenForm,
    hours: OpeningPart,
    /// Of a new one there is nothing to close.
    closing: Option<ClosingPart>,
    /// What a button has filled in, which is not saved yet.
    note: Option<String>,
    warnings: Vec<String>,
    /// What other systems send to, if anything.
    hook: Option<String>,
    theirs: Vec<(String, String, String)>,
    is_changed: bool,
    is_saved: bool,
    /// Why it was not deleted.
    deletion: Option<String>,
}

pub async fn show_list(State(web): State<Web>, signed: Signed) -> Result<Response, Refusal> {
    signed.caller.must_not_be_agent().map_err(|problem| signed.refuse(problem))?;
    let (settings, layout) = (web.desk.settings(), signed.layout.clone());
    let viewer = Viewer::new(&signed.caller, &settings);
    let mut rows = Vec::new();
    for id in Channels::all(&settings).into_iter().filter(|id| viewer.channel(*id) == Sight::All) {
        let Some(channel) = settings.ticket_channels.get(&id) else { continue };
        let inbox = channel.inbox.and_then(|inbox| settings.people.inboxes.get(&inbox));
        rows.push(Row {
            id,
            name: channel.name.clone(),
            kind: kind_name(&layout, channel.way.name()),
            place: inbox.map_or_else(|| layout.t("written-help-desk"), |inbox| inbox.name.clone()),
            mode: mode_name(&layout, channel.assignment.mode.name()),
            enabled: channel.enabled,
            warnings: warnings::of_written(&web, channel, &settings, layout.language).len(),
        });
    }
    let kinds = KINDS.map(|kind| Choice::new(kind, kind_name(&layout, kind), false)).into();
    let is_admin = signed.caller.must_be_admin().is_ok();
    Ok(show(&List { layout, is_admin, kinds, rows }))
}

pub const KINDS: [&str; 5] = ["email", "form", "chat", "whatsapp", "api"];

pub fn kind_name(layout: &Layout, kind: &str) -> String {
    layout.t(match kind {
        "email" => "written-email",
        "form" => "written-form",
        "chat" => "written-chat",
        "whatsapp" => "written-whatsapp",
        _ => "written-api",
    })
}

pub fn mode_name(layout: &Layout, mode: &str) -> String {
    layout.t(match mode {
        "agent" => "written-mode-agent",
        "specific" => "written-mode-specific",
        "teams_only" => "written-mode-team",
        "contact_owner" => "written-mode-owner",
        _ => "written-mode-nobody",
    })
}

pub async fn show_new(
    State(web): State<Web>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    signed.caller.must_be_admin().map_err(|problem| signed.refuse(problem))?;
    let fields = Fields::of_query(query.as_deref());
    let form = WrittenForm::empty(fields.text("kind"));
    Ok(show(&empty(&web, &signed, form)))
}

pub async fn create(
    State(web): State<Web>,
    signed: Signed,
    form: FieldsAndFiles,
) -> Result<Response, Refusal> {
    signed.caller.must_be_admin().map_err(|problem| signed.refuse(problem))?;
    let typed = match read(&form, &web, &signed.layout, &web.ground.account) {
        Read::Sent(typed) => typed,
        Read::FilledIn(typed, note) => return Ok(filled_in(empty(&web, &signed, typed), note)),
    };
    let document = match typed.document(None, &signed.layout) {
        Ok(document) => document,
        Err(faults) => return Ok(show_wrong(&empty(&web, &signed, typed.with_hours_faults(faults)))),
    };
    let outcome = saving::create::<Channels>(&web, &signed, document).await;
    match outcome.map_err(|problem| signed.refuse(problem))? {
        Outcome::Wrong(faults) => Ok(show_wrong(&empty(&web, &signed, typed.with_faults(faults)))),
        Outcome::Saved(channel) | Outcome::Changed(channel) => {
            let id = channel["id"].as_str().unwrap_or_default();
            Ok(to(&signed.layout, &format!("channels/written/{id}?saved")))
        }
    }
}

/// What came of the form that was sent.
enum Read {
    /// To be saved.
    Sent(WrittenForm),
    /// A button has filled something in, with what it tells.
    FilledIn(WrittenForm, Option<String>),
}

fn read(form: &FieldsAndFiles, web: &Web, layout: &Layout, zone: &Zone) -> Read {
    let mut typed = WrittenForm::read(&form.fields);
    let today = zone.local(web.clock.now().at).date();
    let mut faults = Faults::default();
    let action = form.fields.text("action");
    let pressed =
        typed.opening.as_mut().and_then(|opening| opening.press(action, form, layout, today, &mut faults));
    match pressed {
        None => Read::Sent(typed),
        Some(note) => Read::FilledIn(typed.with_hours_faults(faults), note),
    }
}

fn filled_in(page: Page, note: Option<String>) -> Response {
    let page = Page { note, ..page };
    if page.form.is_faulty() { show_wrong(&page) } else { show(&page) }
}

pub async fn show_page(
    State(web): State<Web>,
    signed: Signed,
    Id(id): Id<ChannelId>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let is_saved = query.as_deref() == Some("saved");
    Ok(show(&Page { is_saved, ..page(&web, &signed, id)? }))
}

pub async fn change(
    State(web): State<Web>,
    signed: Signed,
    Id(id): Id<ChannelId>,
    form: FieldsAndFiles,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    signed.caller.must_be_admin().map_err(refuse)?;
    let shown = page(&web, &signed, id)?;
    let zone = seen(&web, &signed, id).map_err(refuse)?.zone;
    let there = current::<Channels>(&web, id).map_err(refuse)?;
    let known = form.fields.text("tag").to_owned();
    let with = |form: WrittenForm, shown: Page| Page { tag: known.clone(), ..shown.with(form, &web, &zone) };
    let typed = match read(&form, &web, &signed.layout, &zone) {
        Read::Sent(typed) => typed,
        Read::FilledIn(typed, note) => return Ok(filled_in(with(typed, shown), note)),
    };
    let document = match typed.document(Some(&there), &signed.layout) {
        Ok(document) => document,
        Err(faults) => return Ok(show_wrong(&with(typed.with_hours_faults(faults), shown))),
    };
    let outcome = saving::replace::<Channels>(&web, &signed, id, &known, document.clone()).await;
    match outcome.map_err(refuse)? {
        Outcome::Saved(_) => Ok(to(&signed.layout, &format!("channels/written/{id}?saved"))),
        Outcome::Wrong(faults) => Ok(show_wrong(&with(typed.with_faults(faults), shown))),
        Outcome::Changed(now) => {
            let mut typed = typed;
            if let Some(opening) = &mut typed.opening {
                // It has a button of its own, which somebody pressed meanwhile.
                opening.closed_until = Opening::of(&now["hours"]).closed_until;
            }
            let mut mine = now.clone();
            super::super::super::page::merge(&mut mine, document);
            // As it would be read back: days without hours are not there.
            if let Ok(hours) = Hours::from_json(&mine["hours"]) {
                mine["hours"] = json!(hours);
            }
            let theirs = differences::between(&now, &mine);
            let page = with(typed, shown);
            Ok(show_changed(&Page { tag: tag(&now), theirs, is_changed: true, ..page }))
        }
    }
}

/// Deletes it, once its name was typed.
pub async fn delete(
    State(web): State<Web>,
    signed: Signed,
    Id(id): Id<ChannelId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    signed.caller.must_be_admin().map_err(refuse)?;
    let shown = page(&web, &signed, id)?;
    if fields.text("name") != shown.title.trim() {
        let deletion = Some(signed.layout.t("deletion-other-name"));
        return Ok(show_wrong(&Page { deletion, ..shown }));
    }
    match saving::delete::<Channels>(&web, &signed, id, fields.text("tag")).await.map_err(refuse)? {
        Outcome::Saved(_) => Ok(to(&signed.layout, "channels/written")),
        Outcome::Changed(_) => {
            Ok(show_changed(&Page { deletion: Some(signed.layout.t("deletion-changed")), ..shown }))
        }
        Outcome::Wrong(faults) => Ok(show_wrong(&Page {
            deletion: faults.first().map(|fault: &Fault| fault.detail.clone()),
            ..shown
        })),
    }
}

impl Page {
    /// With what was typed.
    fn with(self, form: WrittenForm, web: &Web, zone: &Zone) -> Self {
        let now = web.clock.now().at;
        let opening = form.opening.clone().unwrap_or_default();
        let hours = OpeningPart::of(&opening, &form.hours_faults, &self.layout, zone, now);
        Self { form: form.with_choices(web, &self.layout), hours, ..self }
    }
}

fn empty(web: &Web, signed: &Signed, form: WrittenForm) -> Page {
    let (layout, zone) = (signed.layout.clone(), &web.ground.account);
    let opening = form.opening.clone().unwrap_or_default();
    Page {
        id: None,
        title: layout.t("written-new"),
        kind_name: kind_name(&layout, &form.kind),
        is_admin: true,
        tag: String::new(),
        hours: OpeningPart::of(&opening, &form.hours_faults, &layout, zone, web.clock.now().at),
        closing: None,
        note: None,
        form: form.with_choices(web, &layout),
        warnings: Vec::new(),
        hook: None,
        theirs: Vec::new(),
        is_changed: false,
        is_saved: false,
        deletion: None,
        layout,
    }
}

/// A channel that whoever asks may look into.
pub fn seen(web: &Web, signed: &Signed, id: ChannelId) -> Result<Channel, Problem> {
    signed.caller.must_not_be_agent()?;
    let settings = web.desk.settings();
    let is_seen = Viewer::new(&signed.caller, &settings).channel(id) == Sight::All;
    settings.ticket_channels.get(&id).filter(|_| is_seen).cloned().ok_or_else(Problem::not_found)
}

fn page(web: &Web, signed: &Signed, id: ChannelId) -> Result<Page, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let channel = seen(web, signed, id).map_err(refuse)?;
    let document = current::<Channels>(web, id).map_err(refuse)?;
    let (settings, layout) = (web.desk.settings(), signed.layout.clone());
    let hook = match channel.way.name() {
        "form" => Some(format!("{}/hooks/form/{id}", web.public_url)),
        "chat" => Some(format!("{}/chat/{id}.js", web.public_url)),
        "email" => Some(format!("{}/hooks/mail/{id}", web.public_url)),
        _ => None,
    };
    let form = WrittenForm::of(&document);
    let closing = format!("channels/written/{id}/closing");
    let now = web.clock.now().at;
    let page = Page {
        id: Some(id),
        title: channel.name.clone(),
        is_admin: signed.caller.must_be_admin().is_ok(),
        tag: tag(&document),
        closing: Some(ClosingPart::of(closing, &channel.hours, &channel.zone, now, &layout)),
        warnings: warnings::of_written(web, &channel, &settings, layout.language),
        hook,
        ..empty(web, signed, form.clone())
    };
    Ok(page.with(form, web, &channel.zone))
}

fn to(layout: &Layout, page: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, layout.address(page))]).into_response()
}
