//! Who takes the calls: new users with a link to hand on, and whom a number rings.

use super::{
    super::{
        super::{Problem, invitations, users::Users},
        form::Fields,
        layout::{Layout, Signed},
        saving::{self, Outcome, fault},
        show_wrong,
    },
    Channels, Chosen, Refusal, Steps, Web, channels, show, to,
};
use crate::{
    desk::settings::{Fault, tag},
    routing::{
        ids::UserId,
        people::{Seat, User},
    },
};
use askama::Template;
use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use serde_json::{Value, json};

/// So many users are listed; the others are among the people.
const SHOWN_MAX: usize = 50;

#[derive(Template)]
#[template(path = "start_agents.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    steps: Steps,
    channels: Vec<(String, String)>,
    channel: Option<Channel>,
    people: Vec<Person>,
    /// Somebody has changed meanwhile whom the number rings.
    meanwhile: bool,
    /// Why that can't be saved.
    wrong: Option<String>,
    name: String,
    email: String,
    faults: Vec<Fault>,
    /// A link that was just made, and for whom.
    link: Option<(String, String)>,
}

impl Page {
    fn fault(&self, pointer: &str) -> Option<String> {
        fault(&self.faults, pointer)
    }
}

struct Channel {
    id: String,
    name: String,
    tag: String,
}

struct Person {
    id: String,
    name: String,
    email: String,
    /// The number rings them, or would as the form was filled in.
    is_rung: bool,
    can_sign_in: bool,
    /// RFC 3339: until when their link works.
    invited_until: Option<String>,
}

pub async fn show_page(
    State(web): State<Web>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    Ok(show(&page(&web, &signed, &Fields::of_query(query.as_deref()))?))
}

/// A new agent, whom the number rings from now on, and the link that lets them in.
pub async fn hire(State(web): State<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    let mut page = page(&web, &signed, &fields)?;
    page.name = fields.text("name").to_owned();
    page.email = fields.text("email").to_owned();
    let user = json!({ "name": page.name, "email": page.email, "role": "agent", "seats": ["service"] });
    let saved = saving::create::<Users>(&web, &signed, user).await;
    let user = match saved.map_err(|problem| signed.refuse(problem))? {
        Outcome::Saved(user) | Outcome::Changed(user) => user,
        Outcome::Wrong(faults) => return Ok(show_wrong(&Page { faults, ..page })),
    };
    let id: UserId = user["id"].as_str().and_then(|id| id.parse().ok()).ok_or_else(|| lost(&signed))?;
    let faults = ring(&web, &signed, &fields, id).await.map_err(|problem| signed.refuse(problem))?;
    let link = link(&web, &signed, id).await?;
    let page = self::page(&web, &signed, &Fields::default())?;
    let wrong = faults.into_iter().next().map(|fault| fault.detail);
    Ok(show(&Page { link: Some(link), wrong, ..page }))
}

/// Whom the number rings.
pub async fn choose(State(web): State<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    let mut page = page(&web, &signed, &fields)?;
    let chosen = Chosen::of(&fields, &web).map_err(|problem| signed.refuse(problem))?;
    let Some(chosen) = chosen else { return Ok(to(&signed.layout, "start/number")) };
    let ticked: Vec<&str> = fields.all("rung").collect();
    // Whoever is not listed stays as they were.
    let listed = |id: &str| page.people.iter().any(|person| person.id == id);
    let others: Vec<&str> = rung(&chosen.document).filter(|id| !listed(id)).collect();
    let users: Vec<&str> = others.into_iter().chain(ticked.iter().copied()).collect();
    let patch = json!({ "routing": { "users": users } });
    let saved = saving::change::<Channels>(&web, &signed, chosen.id, &chosen.tag, patch).await;
    match saved.map_err(|problem| signed.refuse(problem))? {
        Outcome::Saved(_) => return Ok(to(&signed.layout, "start")),
        Outcome::Wrong(faults) => page.wrong = faults.into_iter().next().map(|fault| fault.detail),
        Outcome::Changed(now) => {
            page.meanwhile = true;
            if let Some(channel) = &mut page.channel {
                channel.tag = tag(&now);
            }
        }
    }
    for person in &mut page.people {
        person.is_rung = ticked.contains(&person.id.as_str());
    }
    Ok(show_wrong(&page))
}

/// A link for somebody who is there already.
pub async fn invite(
    State(web): State<Web>,
    signed: Signed,
    Path(user): Path<String>,
    _: Fields,
) -> Result<Response, Refusal> {
    Steps::of(&signed, &web)?;
    let user: UserId = user.parse().map_err(|_| signed.refuse(Problem::not_found()))?;
    let link = link(&web, &signed, user).await?;
    let page = page(&web, &signed, &Fields::default())?;
    Ok(show(&Page { link: Some(link), ..page }))
}

async fn link(web: &Web, signed: &Signed, user: UserId) -> Result<(String, String), Refusal> {
    let made = invitations::invite(web, &signed.caller, user).await;
    let (url, _) = made.map_err(|problem| signed.refuse(problem))?;
    Ok((web.desk.settings().name_of(user), url))
}

/// Adds them to those whom the number rings, whatever else is changed of it at the same time.
async fn ring(web: &Web, signed: &Signed, fields: &Fields, user: UserId) -> Result<Vec<Fault>, Problem> {
    const TRIES: usize = 8;
    for _ in 0..TRIES {
        let Some(chosen) = Chosen::of(&fields.without("tag"), web)? else { break };
        let user = user.to_string();
        let users: Vec<&str> = rung(&chosen.document).chain([user.as_str()]).collect();
        let patch = json!({ "routing": { "users": users } });
        match saving::change::<Channels>(web, signed, chosen.id, &chosen.tag, patch).await? {
            Outcome::Saved(_) => break,
            Outcome::Wrong(faults) => return Ok(faults),
            Outcome::Changed(_) => {}
        }
    }
    Ok(Vec::new())
}

fn rung(document: &Value) -> impl Iterator<Item = &str> {
    document["routing"]["users"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn page(web: &Web, signed: &Signed, fields: &Fields) -> Result<Page, Refusal> {
    let steps = Steps::of(signed, web)?;
    let chosen = Chosen::of(fields, web).map_err(|problem| signed.refuse(problem))?;
    let (settings, now) = (web.desk.settings(), web.clock.now().at);
    let mut users: Vec<&User> =
        settings.people.users.values().filter(|user| user.has_seat(Seat::Service)).collect();
    users.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
    let people = users.into_iter().take(SHOWN_MAX).map(|user| {
        let id = user.id.to_string();
        let credentials = settings.doors.credentials(user.id);
        Person {
            is_rung: chosen.as_ref().is_some_and(|chosen| rung(&chosen.document).any(|other| other == id)),
            id,
            name: user.name.clone(),
            email: user.email.clone(),
            can_sign_in: credentials.is_some_and(|known| known.password.is_some()),
            invited_until: settings
                .doors
                .invited(user.id, now)
                .map(|until| until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
        }
    });
    let people = people.collect();
    let channel = chosen.map(|chosen| Channel {
        id: chosen.id.to_string(),
        name: chosen.name().to_owned(),
        tag: chosen.tag,
    });
    Ok(Page {
        layout: signed.layout.clone(),
        steps,
        channels: channels(web),
        channel,
        people,
        meanwhile: false,
        wrong: None,
        name: String::new(),
        email: String::new(),
        faults: Vec::new(),
        link: None,
    })
}

fn lost(signed: &Signed) -> Refusal {
    signed.refuse(Problem::new(500, "The user has no id"))
}
