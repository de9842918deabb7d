//! Skills: what there is to be known, and who knows it.

use super::super::{
    super::{Problem, Web, auth::Id, settings::current, skills::Skills, users::Users},
    form::Fields,
    layout::{Layout, Signed},
    refusal::Refusal,
    saving::{self, Outcome, fault},
    show, show_changed, show_wrong,
};
use crate::{
    desk::settings::{Fault, tag},
    routing::{
        ids::{SkillId, UserId},
        skills::SkillKind,
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
#[template(path = "skills.html", config = "src/web/pages/askama.toml")]
struct List {
    layout: Layout,
    is_admin: bool,
    rows: Vec<Row>,
    name: String,
    is_language: bool,
    faults: Vec<Fault>,
}

struct Row {
    id: SkillId,
    name: String,
    is_language: bool,
    known_by: usize,
    tag: String,
}

impl List {
    fn fault(&self, pointer: &str) -> Option<String> {
        fault(&self.faults, pointer)
    }

    /// Why something was not deleted.
    fn other_fault(&self) -> Option<String> {
        self.faults.iter().find(|fault| fault.pointer.is_empty()).map(|fault| fault.detail.clone())
    }
}

#[derive(Template)]
#[template(path = "user_skills.html", config = "src/web/pages/askama.toml")]
struct OfUser {
    layout: Layout,
    id: UserId,
    name: String,
    tag: String,
    rows: Vec<Known>,
    fault: Option<String>,
    is_changed: bool,
}

struct Known {
    id: SkillId,
    name: String,
    is_language: bool,
    /// From 1 to 5; 0: not at all. Of what is no language 1: it is known.
    level: u8,
}

/// How well something can be known.
struct Level {
    value: u8,
    text: String,
    selected: bool,
}

impl Known {
    fn levels(&self, layout: &Layout) -> Vec<Level> {
        let text = |value: u8| match value {
            0 => layout.t("skill-unknown"),
            _ if !self.is_language => layout.t("skill-known"),
            _ => layout.t1("skill-level", "level", value.to_string()),
        };
        let most = if self.is_language { 5 } else { 1 };
        let level = |value| Level { value, text: text(value), selected: self.level == value };
        (0..=most).map(level).collect()
    }
}

pub async fn show_list(Reach(web): Reach<Web>, signed: Signed) -> Result<Response, Refusal> {
    signed.caller.must_not_be_agent().map_err(|problem| signed.refuse(problem))?;
    Ok(show(&list(&web, &signed)))
}

fn list(web: &Web, signed: &Signed) -> List {
    let settings = web.desk.settings();
    let mut rows: Vec<Row> = Vec::new();
    for skill in settings.people.skills.values() {
        let knows = settings.people.users.values().filter(|user| user.knows(skill.id, None));
        rows.push(Row {
            id: skill.id,
            name: skill.name.clone(),
            is_language: skill.kind == SkillKind::Language,
            known_by: knows.count(),
            tag: current::<Skills>(web, skill.id).map(|document| tag(&document)).unwrap_or_default(),
        });
    }
    rows.sort_by_key(|row| row.name.to_lowercase());
    let is_admin = signed.caller.must_be_admin().is_ok();
    let layout = signed.layout.clone();
    List { layout, is_admin, rows, name: String::new(), is_language: false, faults: Vec::new() }
}

pub async fn create(Reach(web): Reach<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    signed.caller.must_be_admin().map_err(refuse)?;
    let (name, is_language) = (fields.text("name").to_owned(), fields.text("kind") == "language");
    let document = json!({ "name": name, "kind": if is_language { "language" } else { "category" } });
    match saving::create::<Skills>(&web, &signed, document).await.map_err(refuse)? {
        Outcome::Wrong(faults) => Ok(show_wrong(&List { name, is_language, faults, ..list(&web, &signed) })),
        Outcome::Saved(_) | Outcome::Changed(_) => Ok(to(&signed.layout, "people/skills")),
    }
}

pub async fn delete(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<SkillId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    signed.caller.must_be_admin().map_err(refuse)?;
    match saving::delete::<Skills>(&web, &signed, id, fields.text("tag")).await.map_err(refuse)? {
        Outcome::Saved(_) => Ok(to(&signed.layout, "people/skills")),
        Outcome::Wrong(faults) => Ok(show_wrong(&List { faults, ..list(&web, &signed) })),
        Outcome::Changed(_) => {
            let faults = vec![Fault::new("", signed.layout.t("deletion-changed"))];
            Ok(show_changed(&List { faults, ..list(&web, &signed) }))
        }
    }
}

pub async fn show_of_user(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<UserId>,
) -> Result<Response, Refusal> {
    of_user(&web, &signed, id).map(|page| show(&page))
}

/// Says what they know.
pub async fn change_of_user(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<UserId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let mut page = of_user(&web, &signed, id)?;
    let known = fields.text("tag").to_owned();
    for row in &mut page.rows {
        row.level = fields.text(&format!("level-{}", row.id)).parse().unwrap_or(0);
    }
    let skills = page
        .rows
        .iter()
        .filter(|row| row.level > 0)
        .map(|row| json!({ "skill": row.id, "level": Some(row.level).filter(|_| row.is_language) }));
    let patch = json!({ "skills": skills.collect::<Vec<Value>>() });
    match saving::change::<Users>(&web, &signed, id, &known, patch).await.map_err(refuse)? {
        Outcome::Saved(_) => Ok(to(&signed.layout, &format!("people/{id}"))),
        Outcome::Wrong(faults) => {
            page.fault = faults.first().map(|fault| fault.detail.clone());
            Ok(show_wrong(&OfUser { tag: known, ..page }))
        }
        Outcome::Changed(now) => Ok(show_changed(&OfUser { tag: tag(&now), is_changed: true, ..page })),
    }
}

fn of_user(web: &Web, signed: &Signed, id: UserId) -> Result<OfUser, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    signed.caller.must_be_admin().map_err(refuse)?;
    let settings = web.desk.settings();
    let user = settings.people.users.get(&id).ok_or_else(|| refuse(Problem::not_found()))?;
    let document = current::<Users>(web, id).map_err(refuse)?;
    let level = |skill: SkillId| {
        let known = user.skills.iter().find(|known| known.skill == skill);
        known.map_or(0, |known| known.level.unwrap_or(1))
    };
    let skills = settings.people.skills.values();
    let mut rows: Vec<Known> = skills
        .map(|skill| Known {
            id: skill.id,
            name: skill.name.clone(),
            is_language: skill.kind == SkillKind::Language,
            level: level(skill.id),
        })
        .collect();
    rows.sort_by_key(|row| row.name.to_lowercase());
    Ok(OfUser {
        layout: signed.layout.clone(),
        id,
        name: user.name.clone(),
        tag: tag(&document),
        rows,
        fault: None,
        is_changed: false,
    })
}

fn to(layout: &Layout, page: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, layout.address(page))]).into_response()
}
