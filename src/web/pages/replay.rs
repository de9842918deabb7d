//! A month under a proposed rule: who would have got what, beside who did. A form that is only ever read: nothing changes.

use super::{
    super::{
        Problem, Web,
        replay::{Played, play},
    },
    form::Fields,
    layout::{Layout, Signed},
    moment::Moment,
    refusal::Refusal,
    show,
};
use crate::{
    desk::settings::Settings,
    routing::{
        ids::{ChannelId, UserId},
        replay::{Instead, Replayed, shares},
        sentences::Teller,
    },
};
use askama::Template;
use axum::{
    Router,
    extract::{RawQuery, State},
    response::Response,
    routing::get,
};
use chrono::TimeDelta;
use serde_json::{Value, json};

const DAYS: [i64; 3] = [1, 7, 30];
/// Of the tickets that would have gone elsewhere.
const SHOWN_MAX: usize = 50;
/// More who would have been rung together are counted only.
const NAMES_MAX: usize = 5;
const STRATEGIES: [(&str, &str); 5] = [
    ("simultaneous", "strategy-simultaneous"),
    ("load_balanced", "strategy-load-balanced"),
    ("round_robin", "strategy-round-robin"),
    ("random", "strategy-random"),
    ("longest_idle", "strategy-longest-idle"),
];

pub fn routes() -> Router<Web> {
    Router::new().route("/replay", get(show_page))
}

#[derive(Template)]
#[template(path = "replay.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    channels: Vec<Choice>,
    /// `None`: no channel was chosen yet.
    rule: Option<Rule>,
    days: Vec<Choice>,
    answer: Option<Answer>,
    /// Why it can't be played.
    wrong: Option<String>,
}

struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

/// The rule in the form: as it is saved, until something else is asked for.
struct Rule {
    strategies: Vec<Choice>,
    users: Vec<Choice>,
    teams: Vec<Choice>,
}

struct Answer {
    summary: String,
    nobody: String,
    shares: Vec<Share>,
    different: Vec<Difference>,
    more: usize,
}

struct Share {
    name: String,
    happened: u32,
    instead: u32,
}

struct Difference {
    ticket: String,
    at: Moment,
    happened: String,
    instead: String,
    why: String,
}

async fn show_page(
    State(web): State<Web>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let fields = Fields::of_query(query.as_deref());
    let page = page(&web, &signed, &fields).await.map_err(|problem| signed.refuse(problem))?;
    Ok(show(&page))
}

async fn page(web: &Web, signed: &Signed, fields: &Fields) -> Result<Page, Problem> {
    signed.caller.must_be_admin()?;
    let settings = web.desk.settings();
    let layout = signed.layout.clone();
    let chosen: Option<ChannelId> = match fields.text("channel") {
        "" => None,
        id => Some(id.parse().map_err(|_| Problem::not_found())?),
    };
    let days = fields.text("days").parse().ok().filter(|days| DAYS.contains(days)).unwrap_or(30);
    let mut page = Page {
        channels: channels(&settings, chosen),
        rule: None,
        days: DAYS
            .map(|one| choice(&one.to_string(), layout.count("replay-days", one as usize), one == days))
            .into(),
        answer: None,
        wrong: None,
        layout,
    };
    let Some(id) = chosen else { return Ok(page) };
    let document = settings.channel_document(id).ok_or_else(Problem::not_found)?;
    let asked = fields.text("play") == "1";
    page.rule = Some(rule(&page.layout, &settings, document, asked.then_some(fields)));
    if !asked {
        return Ok(page);
    }
    let until = web.clock.now().at;
    let from = until - TimeDelta::days(days);
    match play(web, &settings, id, (from, until), Some(draft(document, fields))).await {
        Ok(played) => page.answer = Some(answer(&page.layout, &settings, &played)),
        Err(problem) if problem.status() == 422 => page.wrong = Some(problem.to_string()),
        Err(problem) => return Err(problem),
    }
    Ok(page)
}

fn channels(settings: &Settings, chosen: Option<ChannelId>) -> Vec<Choice> {
    let mut channels: Vec<Choice> = settings
        .channel_documents()
        .map(|(id, document)| {
            let name = document["name"].as_str().unwrap_or_default().to_owned();
            choice(&id.to_string(), name, chosen == Some(id))
        })
        .collect();
    channels.sort_by_cached_key(|channel| channel.text.to_lowercase());
    channels
}

fn choice(value: &str, text: String, chosen: bool) -> Choice {
    Choice { value: value.to_owned(), text, chosen }
}

/// Where a channel's document says whom it reaches.
fn place(document: &Value) -> &'static str {
    if document["kind"] == "calling" { "routing" } else { "assignment" }
}

fn rule(layout: &Layout, settings: &Settings, document: &Value, asked: Option<&Fields>) -> Rule {
    let place = place(document);
    let saved = &document[place];
    let is_listed = |list: &str, id: &str| match asked {
        Some(fields) => fields.all(list).any(|asked| asked == id),
        None => saved[list].as_array().is_some_and(|ids| ids.iter().any(|known| known == id)),
    };
    let strategy =
        asked.map_or(saved["strategy"].as_str().unwrap_or_default(), |fields| fields.text("strategy"));
    let calls_only = ["simultaneous", "longest_idle"];
    let strategies = STRATEGIES.iter().filter(|(name, _)| place == "routing" || !calls_only.contains(name));
    let strategies = strategies.map(|(name, key)| choice(name, layout.t(key), *name == strategy)).collect();
    let mut users: Vec<Choice> = settings
        .users()
        .map(|(id, _)| choice(&id.to_string(), settings.name_of(id), is_listed("users", &id.to_string())))
        .collect();
    users.sort_by_cached_key(|user| user.text.to_lowercase());
    let mut teams: Vec<Choice> = settings
        .people
        .teams
        .values()
        .map(|team| choice(&team.id.to_string(), team.name.clone(), is_listed("teams", &team.id.to_string())))
        .collect();
    teams.sort_by_cached_key(|team| team.text.to_lowercase());
    Rule { strategies, users, teams }
}

/// What the form would change of the channel.
fn draft(document: &Value, fields: &Fields) -> Value {
    let list = |name| fields.all(name).map(str::to_owned).collect::<Vec<String>>();
    let mut rule =
        json!({ "users": list("users"), "teams": list("teams"), "strategy": fields.text("strategy") });
    let place = place(document);
    if place == "assignment" {
        rule["mode"] = "specific".into();
    }
    json!({ place: rule })
}

fn answer(layout: &Layout, settings: &Settings, played: &Played) -> Answer {
    let Played { proposed, tickets } = played;
    let name = |user| settings.name_of(user);
    let teller = Teller { language: layout.language, zone: proposed.zone(), name: &name };
    let different: Vec<&Replayed> = tickets.iter().filter(|one| !one.is_same()).collect();
    let nobody = |is: fn(&Replayed) -> bool| tickets.iter().filter(|one| is(one)).count();
    let happened = nobody(|one| one.past.owner.is_none() && one.past.team.is_none());
    let instead = nobody(|one| one.instead == Instead::Nobody);
    let counts = |first: (&'static str, usize), second: (&'static str, usize), key| {
        layout.t_with(key, &[(first.0, first.1.into()), (second.0, second.1.into())])
    };
    let mut shares: Vec<Share> = shares(tickets)
        .into_iter()
        .map(|(user, (happened, instead))| Share { name: name(user), happened, instead })
        .collect();
    shares.sort_by_cached_key(|share| share.name.to_lowercase());
    let shown = different.iter().take(SHOWN_MAX).map(|one| Difference {
        ticket: one.past.ticket.to_string(),
        at: Moment::new(one.past.opened_at, proposed.zone()),
        happened: owner(layout, settings, one),
        instead: would(layout, settings, &one.instead),
        why: one.reasons.first().map(|reason| teller.reason(reason)).unwrap_or_default(),
    });
    Answer {
        summary: counts(("tickets", tickets.len()), ("different", different.len()), "replay-summary"),
        nobody: counts(("happened", happened), ("instead", instead), "replay-nobody-counts"),
        shares,
        different: shown.collect(),
        more: different.len().saturating_sub(SHOWN_MAX),
    }
}

fn owner(layout: &Layout, settings: &Settings, one: &Replayed) -> String {
    match (one.past.owner, one.past.team) {
        (Some((owner, _)), _) => settings.name_of(owner),
        (None, Some(team)) => team_name(settings, team),
        (None, None) => layout.t("replay-nobody"),
    }
}

fn would(layout: &Layout, settings: &Settings, instead: &Instead) -> String {
    match instead {
        Instead::One(user) => settings.name_of(*user),
        Instead::AnyOf(users) => layout.t1("replay-any-of", "names", names(settings, users)),
        Instead::Team(team) => team_name(settings, *team),
        Instead::CustomerAgent => layout.t("replay-customer-agent"),
        Instead::Nobody => layout.t("replay-nobody"),
    }
}

fn names(settings: &Settings, users: &[UserId]) -> String {
    let first: Vec<String> = users.iter().take(NAMES_MAX).map(|user| settings.name_of(*user)).collect();
    let more = users.len().saturating_sub(NAMES_MAX);
    if more > 0 { format!("{} +{more}", first.join(", ")) } else { first.join(", ") }
}

fn team_name(settings: &Settings, team: crate::routing::ids::TeamId) -> String {
    settings.people.teams.get(&team).map_or_else(|| team.to_string(), |team| team.name.clone())
}
