//! Inboxes: the workspaces beside the help desk, and who works in them.

use super::super::{
    super::{Problem, Web, auth::Id, inboxes::Inboxes, settings::current},
    differences,
    form::Fields,
    layout::{Layout, Signed},
    refusal::Refusal,
    saving::{self, Outcome, fault},
    show, show_changed, show_wrong,
};
use crate::{
    desk::settings::{Fault, Settings, tag},
    routing::{
        ids::{InboxId, TeamId, UserId},
        inboxes::{Access, Inbox},
    },
};
use askama::Template;
use axum::{
    extract::State as Reach,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

#[derive(Template)]
#[template(path = "inboxes.html", config = "src/web/pages/askama.toml")]
struct List {
    layout: Layout,
    is_admin: bool,
    rows: Vec<Row>,
}

struct Row {
    id: InboxId,
    name: String,
    /// How many work there, in words.
    workers: String,
    channels: Vec<String>,
}

#[derive(Template)]
#[template(path = "inbox.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    /// None: a new one.
    id: Option<InboxId>,
    title: String,
    name: String,
    tag: String,
    is_for_all: bool,
    users: Vec<Choice>,
    teams: Vec<Choice>,
    faults: Vec<Fault>,
    theirs: Vec<(String, String, String)>,
    is_changed: bool,
}

struct Choice {
    value: String,
    text: String,
    selected: bool,
}

impl Page {
    fn fault(&self, pointer: &str) -> Option<String> {
        fault(&self.faults, pointer)
    }

    fn other_fault(&self) -> Option<String> {
        let is_shown = |fault: &&Fault| ["/name", "/only"].iter().any(|at| fault.pointer.starts_with(at));
        self.faults.iter().find(|fault| !is_shown(fault)).map(|fault| fault.detail.clone())
    }

    fn with(self, typed: &Typed, settings: &Settings) -> Self {
        Self {
            name: typed.name.clone(),
            is_for_all: typed.only.is_none(),
            users: users(settings, typed.only.as_ref()),
            teams: teams(settings, typed.only.as_ref()),
            ..self
        }
    }
}

/// What was typed.
struct Typed {
    name: String,
    only: Option<Access>,
}

impl Typed {
    fn read(fields: &Fields) -> Self {
        let users: Vec<UserId> = fields.all("user").filter_map(|id| id.parse().ok()).collect();
        let teams: Vec<TeamId> = fields.all("team").filter_map(|id| id.parse().ok()).collect();
        let only = (fields.text("who") == "only").then_some(Access { users, teams });
        Self { name: fields.text("name").to_owned(), only }
    }

    fn document(&self) -> Value {
        json!({ "name": self.name, "only": self.only })
    }
}

pub async fn show_list(Reach(web): Reach<Web>, signed: Signed) -> Result<Response, Refusal> {
    signed.caller.must_not_be_agent().map_err(|problem| signed.refuse(problem))?;
    let settings = web.desk.settings();
    let people = &settings.people;
    let layout = signed.layout.clone();
    let row = |inbox: &Inbox| {
        let works = |user: &&UserId| inbox.admits(**user, people);
        let workers = match inbox.only {
            Some(_) => layout.count("inbox-workers", people.users.keys().filter(works).count()),
            None => layout.t("inbox-everybody"),
        };
        let channels =
            settings.channel_documents().filter(|(_, channel)| channel["inbox"] == json!(inbox.id));
        let channels = channels.filter_map(|(_, channel)| channel["name"].as_str().map(str::to_owned));
        Row { id: inbox.id, name: inbox.name.clone(), workers, channels: channels.collect() }
    };
    let rows = people.inboxes.values().map(row).collect();
    let is_admin = signed.caller.must_be_admin().is_ok();
    Ok(show(&List { layout, is_admin, rows }))
}

pub async fn show_new(Reach(web): Reach<Web>, signed: Signed) -> Result<Response, Refusal> {
    signed.caller.must_be_admin().map_err(|problem| signed.refuse(problem))?;
    Ok(show(&empty(&signed, &web.desk.settings())))
}

pub async fn create(Reach(web): Reach<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    signed.caller.must_be_admin().map_err(refuse)?;
    let (typed, settings) = (Typed::read(&fields), web.desk.settings());
    match saving::create::<Inboxes>(&web, &signed, typed.document()).await.map_err(refuse)? {
        Outcome::Wrong(faults) => {
            Ok(show_wrong(&Page { faults, ..empty(&signed, &settings) }.with(&typed, &settings)))
        }
        Outcome::Saved(_) | Outcome::Changed(_) => Ok(to(&signed.layout, "people/inboxes")),
    }
}

pub async fn show_page(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<InboxId>,
) -> Result<Response, Refusal> {
    page(&web, &signed, id).map(|page| show(&page))
}

pub async fn change(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<InboxId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let (shown, settings) = (page(&web, &signed, id)?, web.desk.settings());
    let (typed, known) = (Typed::read(&fields), fields.text("tag").to_owned());
    let document = typed.document();
    match saving::replace::<Inboxes>(&web, &signed, id, &known, document.clone()).await.map_err(refuse)? {
        Outcome::Saved(_) => Ok(to(&signed.layout, "people/inboxes")),
        Outcome::Wrong(faults) => {
            Ok(show_wrong(&Page { faults, tag: known, ..shown.with(&typed, &settings) }))
        }
        Outcome::Changed(now) => {
            let mut mine = now.clone();
            super::super::super::page::merge(&mut mine, document);
            let theirs = differences::between(&now, &mine);
            let page = Page { tag: tag(&now), theirs, is_changed: true, ..shown.with(&typed, &settings) };
            Ok(show_changed(&page))
        }
    }
}

pub async fn delete(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<InboxId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let shown = page(&web, &signed, id)?;
    match saving::delete::<Inboxes>(&web, &signed, id, fields.text("tag")).await.map_err(refuse)? {
        Outcome::Saved(_) => Ok(to(&signed.layout, "people/inboxes")),
        Outcome::Wrong(faults) => Ok(show_wrong(&Page { faults, ..shown })),
        Outcome::Changed(_) => Ok(show_changed(&Page { is_changed: true, ..shown })),
    }
}

fn empty(signed: &Signed, settings: &Settings) -> Page {
    Page {
        layout: signed.layout.clone(),
        id: None,
        title: signed.layout.t("inbox-new"),
        name: String::new(),
        tag: String::new(),
        is_for_all: true,
        users: users(settings, None),
        teams: teams(settings, None),
        faults: Vec::new(),
        theirs: Vec::new(),
        is_changed: false,
    }
}

fn page(web: &Web, signed: &Signed, id: InboxId) -> Result<Page, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    signed.caller.must_be_admin().map_err(refuse)?;
    let settings = web.desk.settings();
    let inbox = settings.people.inboxes.get(&id).ok_or_else(|| refuse(Problem::not_found()))?;
    let tag = tag(&current::<Inboxes>(web, id).map_err(refuse)?);
    let typed = Typed { name: inbox.name.clone(), only: inbox.only.clone() };
    let title = inbox.name.clone();
    Ok(Page { id: Some(id), title, tag, ..empty(signed, &settings) }.with(&typed, &settings))
}

fn users(settings: &Settings, only: Option<&Access>) -> Vec<Choice> {
    let users = settings.people.users.values().map(|user| Choice {
        value: user.id.to_string(),
        text: user.name.clone(),
        selected: only.is_some_and(|only| only.users.contains(&user.id)),
    });
    sorted(users.collect())
}

fn teams(settings: &Settings, only: Option<&Access>) -> Vec<Choice> {
    let teams = settings.people.teams.values().map(|team| Choice {
        value: team.id.to_string(),
        text: team.name.clone(),
        selected: only.is_some_and(|only| only.teams.contains(&team.id)),
    });
    sorted(teams.collect())
}

fn sorted(mut choices: Vec<Choice>) -> Vec<Choice> {
    choices.sort_by_key(|choice| (!choice.selected, choice.text.to_lowercase()));
    choices
}

fn to(layout: &Layout, page: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, layout.address(page))]).into_response()
}
