//! One contact: what there was with them, and for those who keep contacts a form with everything that is known.

use super::{
    super::{
        super::{
            Problem, Web,
            access::{Sight, Viewer},
            auth::Id,
            contacts::Contacts,
            settings::current,
        },
        form::Fields,
        layout::{Layout, Signed},
        refusal::Refusal,
        saving::{self, Outcome, fault},
        show, show_changed, show_wrong,
        tickets::earlier::{self, Part},
    },
    form::{Form, Typed, differences, facts},
    to,
};
use crate::{
    desk::settings::{Fault, tag},
    routing::{
        contacts::Contact,
        ids::{ContactId, TicketId},
    },
};
use askama::Template;
use axum::{
    extract::{Query, State as Reach, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use serde_json::json;

const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "contact.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    /// None: a new one.
    id: Option<ContactId>,
    title: String,
    tag: String,
    history: Part,
    is_first: bool,
    facts: Vec<(String, String)>,
    /// `None`: whoever looks may not change it.
    form: Option<Form>,
    is_admin: bool,
    is_saved: bool,
    is_merged: bool,
    faults: Vec<Fault>,
    /// Who has what was typed already.
    taken_by: Option<(ContactId, String)>,
    theirs: Vec<(String, String, String)>,
    is_changed: bool,
}

impl Page {
    fn fault(&self, pointer: &str) -> Option<String> {
        fault(&self.faults, pointer)
    }

    /// What is wrong with no field of the form.
    fn other_fault(&self) -> Option<String> {
        const FIELDS: [&str; 8] =
            ["/name", "/numbers", "/email", "/other_emails", "/visitors", "/owner", "/priority", "/notes"];
        let is_shown = |fault: &&Fault| FIELDS.iter().any(|field| fault.pointer.starts_with(field));
        self.faults.iter().find(|fault| !is_shown(fault)).map(|fault| fault.detail.clone())
    }
}

#[derive(Deserialize)]
pub struct Asked {
    after: Option<TicketId>,
    saved: Option<String>,
    merged: Option<String>,
}

pub async fn show_page(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<ContactId>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let asked = asked.map_err(|_| refuse(Problem::not_found()))?.0;
    if let Some(stays) = who_stays(&web, &signed, id).await.map_err(refuse)? {
        return Ok(to(&signed.layout, &format!("contacts/{stays}?merged")));
    }
    let page = page(&web, &signed, id, asked.after).await.map_err(refuse)?;
    let (is_saved, is_merged) = (asked.saved.is_some(), asked.merged.is_some());
    Ok(show(&Page { is_saved, is_merged, ..page }))
}

pub async fn show_new(Reach(web): Reach<Web>, signed: Signed) -> Result<Response, Refusal> {
    signed.caller.must_not_be_agent().map_err(|problem| signed.refuse(problem))?;
    Ok(show(&empty(&web, &signed)))
}

pub async fn create(Reach(web): Reach<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    signed.caller.must_not_be_agent().map_err(refuse)?;
    let typed = Typed::read(&fields);
    match saving::create::<Contacts>(&web, &signed, json!(typed.contact)).await.map_err(refuse)? {
        Outcome::Wrong(faults) => Ok(show_wrong(&empty(&web, &signed).wrong(faults, typed, &web))),
        Outcome::Saved(contact) | Outcome::Changed(contact) => {
            let id = contact["id"].as_str().unwrap_or_default();
            Ok(to(&signed.layout, &format!("contacts/{id}?saved")))
        }
    }
}

pub async fn change(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<ContactId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    signed.caller.must_not_be_agent().map_err(refuse)?;
    // Whoever changes one that was merged meanwhile changes the one that stays, once they have seen it.
    let stays = who_stays(&web, &signed, id).await.map_err(refuse)?;
    let id = stays.unwrap_or(id);
    let (typed, known) = (Typed::read(&fields), fields.text("tag").to_owned());
    let shown = page(&web, &signed, id, None).await.map_err(refuse)?;
    let outcome = saving::replace::<Contacts>(&web, &signed, id, &known, json!(typed.contact)).await;
    match outcome.map_err(refuse)? {
        Outcome::Saved(_) => Ok(to(&signed.layout, &format!("contacts/{id}?saved"))),
        Outcome::Wrong(faults) => Ok(show_wrong(&Page { tag: known, ..shown }.wrong(faults, typed, &web))),
        Outcome::Changed(now) => {
            let is_merged = stays.is_some();
            let page = Page { tag: tag(&now), is_changed: true, is_merged, ..shown };
            Ok(show_changed(&page.beside(typed, &web)))
        }
    }
}

pub async fn delete(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<ContactId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    signed.caller.must_not_be_agent().map_err(refuse)?;
    if let Some(stays) = who_stays(&web, &signed, id).await.map_err(refuse)? {
        return Ok(to(&signed.layout, &format!("contacts/{stays}?merged")));
    }
    let outcome = saving::delete::<Contacts>(&web, &signed, id, fields.text("tag")).await;
    match outcome.map_err(refuse)? {
        Outcome::Saved(_) => Ok(to(&signed.layout, "contacts?deleted")),
        Outcome::Wrong(faults) => {
            let shown = page(&web, &signed, id, None).await.map_err(refuse)?;
            Ok(show_wrong(&Page { faults, ..shown }))
        }
        Outcome::Changed(_) => {
            let shown = page(&web, &signed, id, None).await.map_err(refuse)?;
            Ok(show_changed(&Page { is_changed: true, ..shown }))
        }
    }
}

/// Of a contact that was merged into another: the other, if whoever asks may see it.
pub async fn who_stays(web: &Web, signed: &Signed, id: ContactId) -> Result<Option<ContactId>, Problem> {
    if web.desk.settings().contacts.get(id).is_some() {
        return Ok(None);
    }
    let stays = web.reader.contact_that_stays(id).await?;
    let settings = web.desk.settings();
    let viewer = Viewer::new(&signed.caller, &settings);
    let is_seen = |id: &ContactId| settings.contacts.get(*id).is_some() && viewer.contact(*id) == Sight::All;
    Ok(stays.filter(is_seen))
}

impl Page {
    fn wrong(self, faults: Vec<Fault>, typed: Typed, web: &Web) -> Self {
        let settings = web.desk.settings();
        let taken_by = faults.iter().find_map(|fault| typed.owner_of_key(fault, &settings));
        let taken_by = taken_by.filter(|(other, _)| Some(*other) != self.id);
        let faults = faults.into_iter().map(|fault| typed.said(fault)).collect();
        let there = self.id.and_then(|id| settings.contacts.get(id)).cloned();
        let there = there.unwrap_or_else(|| Contact::of_name(""));
        let form = Some(Form::typed(typed, &there, &self.layout, &settings));
        Self { faults, taken_by, form, ..self }
    }

    /// What was typed, and how it differs from what somebody else has saved.
    fn beside(self, typed: Typed, web: &Web) -> Self {
        let settings = web.desk.settings();
        let Some(now) = self.id.and_then(|id| settings.contacts.get(id)) else { return self };
        let theirs = differences(now, &typed.contact, &self.layout, &settings);
        let form = Some(Form::typed(typed, now, &self.layout, &settings));
        Self { theirs, form, ..self }
    }
}

fn empty(web: &Web, signed: &Signed) -> Page {
    let (layout, settings) = (signed.layout.clone(), web.desk.settings());
    Page {
        id: None,
        title: layout.t("contact-new"),
        tag: String::new(),
        history: Part { rows: Vec::new(), next: None },
        is_first: true,
        facts: Vec::new(),
        form: Some(Form::of(&Contact::of_name(""), &layout, &settings)),
        is_admin: false,
        is_saved: false,
        is_merged: false,
        faults: Vec::new(),
        taken_by: None,
        theirs: Vec::new(),
        is_changed: false,
        layout,
    }
}

async fn page(web: &Web, signed: &Signed, id: ContactId, after: Option<TicketId>) -> Result<Page, Problem> {
    // The tag comes first: of what is shown later nobody may overwrite more than they see.
    let tag = tag(&current::<Contacts>(web, id)?);
    let settings = web.desk.settings();
    let is_seen = Viewer::new(&signed.caller, &settings).contact(id) == Sight::All;
    let contact = settings.contacts.get(id).filter(|_| is_seen).ok_or_else(Problem::not_found)?;
    let history = earlier::with(&earlier::contact(id, &settings), web, signed, after, ROWS).await?;
    let next = history.next.map(|next| format!("contacts/{id}?after={next}#history"));
    let may_write = signed.caller.must_not_be_agent().is_ok();
    let layout = &signed.layout;
    Ok(Page {
        id: Some(id),
        title: contact.name.clone(),
        tag,
        history: Part { next, ..history },
        is_first: after.is_none(),
        facts: facts(contact, layout, &settings),
        form: may_write.then(|| Form::of(contact, layout, &settings)),
        is_admin: signed.caller.must_be_admin().is_ok(),
        ..empty(web, signed)
    })
}
