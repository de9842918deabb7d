//! One team: its name, and who is in it.

use super::super::{
    super::{
        Problem, Web,
        access::{Sight, Viewer},
        auth::Id,
        teams::Teams,
    },
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
        ids::{TeamId, UserId},
        people::Role,
    },
    store::audit::Subject,
};
use askama::Template;
use axum::{
    extract::State as Reach,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// Who can be chosen from at once, besides those who are members.
const OTHERS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "team.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    /// None: a new one.
    id: Option<TeamId>,
    title: String,
    is_admin: bool,
    name: String,
    tag: String,
    members: Vec<Member>,
    /// Who can be added, by their addresses.
    others: Vec<(String, String)>,
    add: String,
    faults: Vec<Fault>,
    theirs: Vec<(String, String, String)>,
    is_changed: bool,
    /// Of another team than one's own: nothing but the name.
    is_seen: bool,
}

/// Somebody in it.
#[derive(Debug, Clone)]
struct Member {
    id: UserId,
    name: String,
    is_main: bool,
    is_extra: bool,
}

impl Page {
    fn fault(&self, pointer: &str) -> Option<String> {
        fault(&self.faults, pointer)
    }

    fn members_fault(&self) -> Option<String> {
        self.fault("/main").or_else(|| self.fault("/extra"))
    }

    fn other_fault(&self) -> Option<String> {
        let known = ["/name", "/main", "/extra", "/add"];
        let other = |fault: &&Fault| !known.iter().any(|known| fault.pointer.starts_with(known));
        self.faults.iter().find(other).map(|fault| fault.detail.clone())
    }
}

pub async fn show_new(Reach(web): Reach<Web>, signed: Signed) -> Result<Response, Refusal> {
    signed.caller.must_be_admin().map_err(|problem| signed.refuse(problem))?;
    Ok(show(&empty(&signed, &web.desk.settings())))
}

fn empty(signed: &Signed, settings: &Settings) -> Page {
    Page {
        layout: signed.layout.clone(),
        id: None,
        title: signed.layout.t("people-team-new"),
        is_admin: signed.me.role == Role::Admin,
        name: String::new(),
        tag: String::new(),
        members: Vec::new(),
        others: others(settings, &[]),
        add: String::new(),
        faults: Vec::new(),
        theirs: Vec::new(),
        is_changed: false,
        is_seen: true,
    }
}

pub async fn show_page(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<TeamId>,
) -> Result<Response, Refusal> {
    Ok(show(&page(&web, &signed, id)?))
}

pub async fn create(Reach(web): Reach<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    signed.caller.must_be_admin().map_err(refuse)?;
    let settings = web.desk.settings();
    let typed = Typed::read(&fields, &settings, &signed.layout);
    if typed.faults.is_empty() {
        match saving::create::<Teams>(&web, &signed, typed.document()).await.map_err(refuse)? {
            Outcome::Wrong(faults) => {
                let page = typed.with_faults(faults).onto(empty(&signed, &settings), &settings);
                return Ok(show_wrong(&page));
            }
            Outcome::Saved(document) | Outcome::Changed(document) => {
                let id = document["id"].as_str().unwrap_or_default();
                return Ok(to(&signed.layout, &format!("people/teams/{id}")));
            }
        }
    }
    Ok(show_wrong(&typed.onto(empty(&signed, &settings), &settings)))
}

pub async fn change(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<TeamId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    signed.caller.must_be_admin().map_err(refuse)?;
    let settings = web.desk.settings();
    let known = fields.text("tag").to_owned();
    let typed = Typed::read(&fields, &settings, &signed.layout);
    let shown = Page { tag: known.clone(), ..page(&web, &signed, id)? };
    if !typed.faults.is_empty() {
        return Ok(show_wrong(&typed.onto(shown, &settings)));
    }
    match saving::change::<Teams>(&web, &signed, id, &known, typed.document()).await.map_err(refuse)? {
        Outcome::Saved(_) => Ok(to(&signed.layout, &format!("people/teams/{id}"))),
        Outcome::Wrong(faults) => Ok(show_wrong(&typed.with_faults(faults).onto(shown, &settings))),
        Outcome::Changed(now) => {
            let mine = typed.document();
            let theirs = named(differences_of(&now, &mine), &settings);
            let page = Page { tag: tag(&now), theirs, is_changed: true, ..typed.onto(shown, &settings) };
            Ok(show_changed(&page))
        }
    }
}

/// Deletes the team, if it is still what it was.
pub async fn delete(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<TeamId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    signed.caller.must_be_admin().map_err(refuse)?;
    let shown = page(&web, &signed, id)?;
    match saving::delete::<Teams>(&web, &signed, id, fields.text("tag")).await.map_err(refuse)? {
        Outcome::Saved(_) => Ok(to(&signed.layout, "people/teams")),
        Outcome::Wrong(faults) => Ok(show_wrong(&Page { faults, ..shown })),
        Outcome::Changed(_) => Ok(show_changed(&Page { is_changed: true, ..shown })),
    }
}

/// What was typed.
struct Typed {
    name: String,
    members: Vec<Member>,
    add: String,
    faults: Vec<Fault>,
}

impl Typed {
    fn read(fields: &Fields, settings: &Settings, layout: &Layout) -> Self {
        let ids = fields.all("member").filter_map(|id| id.parse::<UserId>().ok());
        let members = ids.filter_map(|id| {
            let part = fields.text(&format!("part-{id}"));
            let (is_main, is_extra) = (matches!(part, "main" | "both"), matches!(part, "extra" | "both"));
            (is_main || is_extra).then(|| Member { id, name: settings.name_of(id), is_main, is_extra })
        });
        let mut typed = Self {
            name: fields.text("name").to_owned(),
            members: members.collect(),
            add: fields.text("add").to_owned(),
            faults: Vec::new(),
        };
        typed.add(fields.text("add-part") == "extra", settings, layout);
        typed
    }

    /// Whoever is added is named by address or by name.
    fn add(&mut self, extra: bool, settings: &Settings, layout: &Layout) {
        if self.add.is_empty() {
            return;
        }
        let users = settings.people.users.values();
        let is_meant = |name: &str| name.eq_ignore_ascii_case(&self.add);
        let mut found = users.filter(|user| is_meant(&user.email) || user.name == self.add);
        match (found.next(), found.next()) {
            (Some(user), None) => {
                self.members.retain(|member| member.id != user.id);
                let (id, name) = (user.id, user.name.clone());
                self.members.push(Member { id, name, is_main: !extra, is_extra: extra });
                self.add.clear();
            }
            (None, _) => self.faults.push(Fault::new("/add", layout.t("people-add-unknown"))),
            _ => self.faults.push(Fault::new("/add", layout.t("people-add-two"))),
        }
    }

    fn with_faults(self, faults: Vec<Fault>) -> Self {
        Self { faults, ..self }
    }

    /// In the order in which they are listed, which counts where calls go round.
    fn document(&self) -> Value {
        let main = self.members.iter().filter(|member| member.is_main).map(|member| member.id);
        let extra = self.members.iter().filter(|member| member.is_extra).map(|member| member.id);
        json!({ "name": self.name, "main": main.collect::<Vec<_>>(), "extra": extra.collect::<Vec<_>>() })
    }

    fn onto(self, page: Page, settings: &Settings) -> Page {
        let others = others(settings, &self.members);
        let Self { name, members, add, faults } = self;
        Page { name, members, add, faults, others, ..page }
    }
}

fn differences_of(now: &Value, typed: &Value) -> Vec<(String, String, String)> {
    let mut mine = now.clone();
    super::super::super::page::merge(&mut mine, typed.clone());
    differences::between(now, &mine)
}

/// With the names of people instead of their ids.
fn named(lines: Vec<(String, String, String)>, settings: &Settings) -> Vec<(String, String, String)> {
    let name = |id: &str| id.parse().map_or_else(|_| id.to_owned(), |id| settings.name_of(id));
    let all = |ids: String| ids.split(", ").map(name).collect::<Vec<_>>().join(", ");
    let with_names = |(field, now, typed): (String, String, String)| {
        if field == "name" { (field, now, typed) } else { (field, all(now), all(typed)) }
    };
    lines.into_iter().map(with_names).collect()
}

fn page(web: &Web, signed: &Signed, id: TeamId) -> Result<Page, Refusal> {
    signed.caller.must_not_be_agent().map_err(|problem| signed.refuse(problem))?;
    let settings = web.desk.settings();
    let not_found = || signed.refuse(Problem::not_found());
    let document = settings.document(Subject { kind: "team", id: id.0 }).ok_or_else(not_found)?;
    let team = settings.people.teams.get(&id).ok_or_else(not_found)?;
    let is_seen = Viewer::new(&signed.caller, &settings).team(id) == Sight::All;
    let mut members: Vec<Member> = Vec::new();
    for (user, main) in team.main.iter().map(|id| (id, true)).chain(team.extra.iter().map(|id| (id, false))) {
        match members.iter_mut().find(|member| member.id == *user) {
            Some(member) => member.is_extra |= !main,
            None => members.push(Member {
                id: *user,
                name: settings.name_of(*user),
                is_main: main,
                is_extra: !main,
            }),
        }
    }
    if !is_seen {
        members.clear();
    }
    Ok(Page {
        id: Some(id),
        title: team.name.clone(),
        name: team.name.clone(),
        tag: tag(&document),
        others: others(&settings, &members),
        members,
        is_seen,
        ..empty(signed, &settings)
    })
}

/// Users who can be added, by address and name.
fn others(settings: &Settings, members: &[Member]) -> Vec<(String, String)> {
    let users = settings.people.users.values();
    let others = users.filter(|user| !members.iter().any(|member| member.id == user.id));
    let mut others: Vec<(String, String)> =
        others.map(|user| (user.email.clone(), user.name.clone())).collect();
    others.sort_by_key(|(_, name)| name.to_lowercase());
    others.truncate(OTHERS_MAX);
    others
}

fn to(layout: &Layout, page: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, layout.address(page))]).into_response()
}
