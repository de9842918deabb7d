//! One user: a form for admins, what supervisors see of them, whether they are there, and how they come in.

use super::{
    super::{
        super::{
            Problem, Web,
            access::{Sight, Viewer},
            auth::Id,
            availability, invitations,
            page::merge,
            second_factors,
            users::Users,
        },
        form::Fields,
        layout::{Layout, Signed},
        moment::{Moment, read_typed},
        refusal::Refusal,
        saving::{self, Outcome},
        show, show_changed, show_wrong,
    },
    list::{role, seat_name},
    standing::{self, State},
    user_form::UserForm,
};
use crate::{
    desk::settings::tag,
    routing::{
        availability::ByHand,
        ids::UserId,
        people::{Reach as Telephone, Role},
        zone::Zone,
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

#[derive(Template)]
#[template(path = "user.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    /// None: somebody new.
    id: Option<UserId>,
    name: String,
    form: Option<Form>,
    facts: Option<Facts>,
    there: Option<There>,
    is_admin: bool,
    /// The link by which they come in, and until when.
    link: Option<(String, Moment)>,
    /// They have a second factor, which may be taken away here.
    has_second_factor: bool,
}

struct Form {
    user: UserForm,
    tag: String,
    /// What somebody else has saved meanwhile: field, theirs, typed.
    theirs: Vec<(String, String, String)>,
    is_changed: bool,
}

/// For those who may look and not change.
struct Facts {
    email: String,
    role: String,
    seats: String,
    zone: String,
    capacity: String,
    reach: String,
}

/// Whether they are there.
struct There {
    state: State,
    load: u32,
    is_away: bool,
    reason: String,
    until: String,
    zone: String,
    fault: Option<String>,
}

pub async fn show_new(Reach(web): Reach<Web>, signed: Signed) -> Result<Response, Refusal> {
    signed.caller.must_be_admin().map_err(|problem| signed.refuse(problem))?;
    Ok(show(&new_page(&signed, UserForm::empty(&web))))
}

fn new_page(signed: &Signed, user: UserForm) -> Page {
    Page {
        layout: signed.layout.clone(),
        id: None,
        name: signed.layout.t("people-user-new"),
        form: Some(Form { user, tag: String::new(), theirs: Vec::new(), is_changed: false }),
        facts: None,
        there: None,
        is_admin: true,
        link: None,
        has_second_factor: false,
    }
}

pub async fn create(Reach(web): Reach<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    signed.caller.must_be_admin().map_err(refuse)?;
    let user = UserForm::read(&fields);
    let patch = match user.document(&web, &signed.layout) {
        Ok(patch) => patch,
        Err(faults) => return Ok(show_wrong(&new_page(&signed, user.with_faults(faults)))),
    };
    let mut document = json!({});
    merge(&mut document, patch);
    match saving::create::<Users>(&web, &signed, document).await.map_err(refuse)? {
        Outcome::Wrong(faults) => Ok(show_wrong(&new_page(&signed, user.with_faults(faults)))),
        Outcome::Saved(document) | Outcome::Changed(document) => {
            let id = document["id"].as_str().unwrap_or_default();
            Ok(to(&signed.layout, &format!("people/{id}")))
        }
    }
}

pub async fn show_page(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<UserId>,
) -> Result<Response, Refusal> {
    Ok(show(&page(&web, &signed, id).await?))
}

pub async fn change(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<UserId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    signed.caller.must_be_admin().map_err(refuse)?;
    let user = UserForm::read(&fields);
    let (known, mut page) = (fields.text("tag").to_owned(), page(&web, &signed, id).await?);
    let form = |user, tag, theirs, is_changed| Some(Form { user, tag, theirs, is_changed });
    let patch = match user.document(&web, &signed.layout) {
        Ok(patch) => patch,
        Err(faults) => {
            page.form = form(user.with_faults(faults), known, Vec::new(), false);
            return Ok(show_wrong(&page));
        }
    };
    match saving::change::<Users>(&web, &signed, id, &known, patch.clone()).await.map_err(refuse)? {
        Outcome::Saved(_) => Ok(to(&signed.layout, &format!("people/{id}"))),
        Outcome::Wrong(faults) => {
            page.form = form(user.with_faults(faults), known, Vec::new(), false);
            Ok(show_wrong(&page))
        }
        Outcome::Changed(now) => {
            let theirs = differences(&now, &patch);
            page.form = form(user, tag(&now), theirs, true);
            Ok(show_changed(&page))
        }
    }
}

/// Where what is stored is not what was typed: the field, and both.
fn differences(now: &Value, patch: &Value) -> Vec<(String, String, String)> {
    let mut typed = now.clone();
    merge(&mut typed, patch.clone());
    super::super::differences::between(now, &typed)
}

/// Says of somebody whether they are there.
pub async fn set_availability(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<UserId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    signed.caller.must_not_be_agent().map_err(refuse)?;
    let zone = zone_of(&web, id).ok_or_else(|| refuse(Problem::not_found()))?;
    let (reason, until) = (fields.text("reason").to_owned(), fields.text("until").to_owned());
    let back = read_typed(&until, &zone);
    let fault = if !until.is_empty() && back.is_none() {
        Some(signed.layout.t("people-until-fault"))
    } else {
        let by_hand = match fields.text("state") {
            "available" => ByHand::Available,
            _ => {
                ByHand::Away { reason: Some(reason.clone()).filter(|reason| !reason.is_empty()), until: back }
            }
        };
        match availability::say(&web, &signed.caller, id, by_hand).await {
            Ok(_) => return Ok(to(&signed.layout, &format!("people/{id}#availability"))),
            Err(problem) if problem.status() == 422 => Some(problem.to_string()),
            Err(problem) => return Err(refuse(problem)),
        }
    };
    let mut page = page(&web, &signed, id).await?;
    if let Some(there) = &mut page.there {
        (there.is_away, there.reason, there.until, there.fault) = (true, reason, until, fault);
    }
    Ok(show_wrong(&page))
}

/// Makes a link by which they choose a password, and shows it this once.
pub async fn invite(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<UserId>,
    _: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    signed.caller.must_be_admin().map_err(refuse)?;
    let mut page = page(&web, &signed, id).await?;
    let (url, until) = invitations::invite(&web, &signed.caller, id).await.map_err(refuse)?;
    page.link = Some((url, Moment::new(until, &web.ground.account)));
    Ok(show(&page))
}

/// For whoever has lost it.
pub async fn take_second_factor(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<UserId>,
    _: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    match second_factors::take_away(&web, &signed.caller, id).await {
        // Somebody else was faster.
        Err(problem) if problem.status() == 404 => {}
        taken => taken.map_err(refuse)?,
    }
    Ok(to(&signed.layout, &format!("people/{id}")))
}

fn zone_of(web: &Web, id: UserId) -> Option<Zone> {
    web.desk.settings().people.users.get(&id).map(|user| user.zone.clone())
}

async fn page(web: &Web, signed: &Signed, id: UserId) -> Result<Page, Refusal> {
    signed.caller.must_not_be_agent().map_err(|problem| signed.refuse(problem))?;
    let settings = web.desk.settings();
    let not_found = || signed.refuse(Problem::not_found());
    let document = settings.document(Subject { kind: "user", id: id.0 }).ok_or_else(not_found)?;
    let user = settings.people.users.get(&id).ok_or_else(not_found)?;
    let is_admin = signed.me.role == Role::Admin;
    let all = Viewer::new(&signed.caller, &settings).user(id) == Sight::All;
    let layout = &signed.layout;
    let form = is_admin.then(|| Form {
        user: UserForm::of(&document, web),
        tag: tag(&document),
        theirs: Vec::new(),
        is_changed: false,
    });
    let facts = (all && !is_admin).then(|| Facts {
        email: user.email.clone(),
        role: role(user.role, layout),
        seats: user.seats.iter().map(|seat| seat_name(*seat, layout)).collect::<Vec<_>>().join(", "),
        zone: user.zone.name().to_owned(),
        capacity: user.capacity.map_or_else(|| layout.t("people-capacity-none"), |count| count.to_string()),
        reach: match &user.reach {
            Telephone::Client(name) => format!("{}: {name}", layout.t("people-reach-client")),
            Telephone::Sip(address) | Telephone::Number(address) => address.clone(),
        },
    });
    let doing = web.desk.availability(id, None).await.ok().and_then(Result::ok);
    let there = doing.map(|doing| {
        let (is_away, reason, until) = match &doing.availability {
            ByHand::Away { reason, until } if !doing.availability.is_available(web.clock.now().at) => {
                let until = until.map(|until| super::super::moment::typed(until, &user.zone));
                (true, reason.clone().unwrap_or_default(), until.unwrap_or_default())
            }
            _ => (false, String::new(), String::new()),
        };
        let state = standing::state(user, &doing, all, web, layout);
        let zone = if all { user.zone.name().to_owned() } else { String::new() };
        There { state, load: doing.load, is_away, reason, until, zone, fault: None }
    });
    Ok(Page {
        layout: layout.clone(),
        id: Some(id),
        name: user.name.clone(),
        form,
        facts,
        there,
        is_admin,
        link: None,
        has_second_factor: is_admin && id != signed.me.user && settings.doors.second_factor(id).is_some(),
    })
}

fn to(layout: &Layout, page: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, layout.address(page))]).into_response()
}
