//! Lists of users and teams, by their names.

use super::{
    super::{
        super::{
            Problem, Web,
            access::{Sight, Viewer},
        },
        layout::{Layout, Signed},
        refusal::Refusal,
        show,
    },
    standing::{self, State},
};
use crate::{
    desk::settings::Settings,
    routing::{
        ids::{TeamId, UserId},
        people::{Role, Seat},
    },
};
use askama::Template;
use axum::{
    extract::{Query, State as Reach, rejection::QueryRejection},
    response::Response,
};
use futures_util::future::join_all;
use serde::Deserialize;

const ROWS: usize = 50;

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
    /// How many come before.
    #[serde(default)]
    from: usize,
}

/// Where a list stands, and what is looked for in it.
struct Place {
    q: String,
    next: Option<String>,
    before: Option<String>,
}

#[derive(Template)]
#[template(path = "people.html", config = "src/web/pages/askama.toml")]
struct Users {
    layout: Layout,
    is_admin: bool,
    rows: Vec<Row>,
    place: Place,
}

struct Row {
    id: UserId,
    name: String,
    /// What whoever may see more sees.
    more: Option<More>,
    state: Option<State>,
    load: Option<u32>,
}

struct More {
    role: String,
    seats: String,
    teams: Vec<String>,
}

#[derive(Template)]
#[template(path = "teams.html", config = "src/web/pages/askama.toml")]
struct Teams {
    layout: Layout,
    is_admin: bool,
    rows: Vec<TeamRow>,
    place: Place,
}

struct TeamRow {
    id: TeamId,
    name: String,
    /// Main and extra members; of other teams nothing but the name is shown.
    counts: Option<(usize, usize)>,
    channels: Vec<String>,
}

pub async fn users(
    Reach(web): Reach<Web>,
    signed: Signed,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refusal> {
    let asked = read(&signed, asked)?;
    let settings = web.desk.settings();
    let viewer = Viewer::new(&signed.caller, &settings);
    let named = settings.people.users.values().map(|user| (user.name.as_str(), user.id));
    let (ids, place) = cut(named, &asked, "people");
    let rows = ids.into_iter().map(|id| row(&web, &signed, viewer, &settings, id));
    let rows = join_all(rows).await.into_iter().flatten().collect();
    let is_admin = signed.me.role == Role::Admin;
    Ok(show(&Users { layout: signed.layout.clone(), is_admin, rows, place }))
}

async fn row(web: &Web, signed: &Signed, viewer: Viewer<'_>, settings: &Settings, id: UserId) -> Option<Row> {
    let (user, layout) = (settings.people.users.get(&id)?, &signed.layout);
    let all = viewer.user(id) == Sight::All;
    // While the engine is away nobody knows.
    let doing = web.desk.availability(id, None).await.ok().and_then(Result::ok);
    let teams = settings.people.teams.values().filter(|team| team.has(id));
    let teams = teams.filter(|team| viewer.team(team.id) == Sight::All).map(|team| team.name.clone());
    let more = all.then(|| More {
        role: role(user.role, layout),
        seats: user.seats.iter().map(|seat| seat_name(*seat, layout)).collect::<Vec<_>>().join(", "),
        teams: sorted(teams),
    });
    Some(Row {
        id,
        name: user.name.clone(),
        more,
        state: doing.as_ref().map(|doing| standing::state(user, doing, all, web, layout)),
        load: doing.map(|doing| doing.load),
    })
}

pub async fn teams(
    Reach(web): Reach<Web>,
    signed: Signed,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refusal> {
    let asked = read(&signed, asked)?;
    let settings = web.desk.settings();
    let viewer = Viewer::new(&signed.caller, &settings);
    let named = settings.people.teams.values().map(|team| (team.name.as_str(), team.id));
    let (ids, place) = cut(named, &asked, "people/teams");
    let rows = ids.into_iter().filter_map(|id| {
        let team = settings.people.teams.get(&id)?;
        let counts = (viewer.team(id) == Sight::All).then_some((team.main.len(), team.extra.len()));
        let channels = settings.channels.values().filter(|channel| channel.rule.teams.contains(&id));
        let channels = channels.filter(|channel| viewer.channel(channel.id) == Sight::All);
        let channels = sorted(channels.map(|channel| channel.name.clone()));
        Some(TeamRow { id, name: team.name.clone(), counts, channels })
    });
    let rows = rows.collect();
    let is_admin = signed.me.role == Role::Admin;
    Ok(show(&Teams { layout: signed.layout.clone(), is_admin, rows, place }))
}

/// Agents work with people, and don't look after them.
fn read(signed: &Signed, asked: Result<Query<Asked>, QueryRejection>) -> Result<Asked, Refusal> {
    signed.caller.must_not_be_agent().map_err(|problem| signed.refuse(problem))?;
    Ok(asked.map_err(|_| signed.refuse(Problem::not_found()))?.0)
}

/// The part of a list that is asked for, and the way to the others.
fn cut<'a, T: Copy>(named: impl Iterator<Item = (&'a str, T)>, asked: &Asked, page: &str) -> (Vec<T>, Place) {
    let q = asked.q.trim().to_lowercase();
    let lower = named.map(|(name, id)| (name.to_lowercase(), id));
    let mut found: Vec<(String, T)> = lower.filter(|(name, _)| name.contains(&q)).collect();
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    let address = |from: usize| {
        let mut query = form_urlencoded::Serializer::new(format!("{page}?"));
        query.append_pair("q", asked.q.trim()).append_pair("from", &from.to_string()).finish()
    };
    let end = asked.from.saturating_add(ROWS);
    let place = Place {
        q: asked.q.trim().to_owned(),
        next: (found.len() > end).then(|| address(end)),
        before: (asked.from > 0).then(|| address(asked.from.saturating_sub(ROWS))),
    };
    (found.into_iter().skip(asked.from).take(ROWS).map(|(_, id)| id).collect(), place)
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort_by_key(|name| name.to_lowercase());
    names
}

pub fn role(role: Role, layout: &Layout) -> String {
    match role {
        Role::Admin => layout.t("people-role-admin"),
        Role::Supervisor => layout.t("people-role-supervisor"),
        Role::Agent => layout.t("people-role-agent"),
    }
}

pub fn seat_name(seat: Seat, layout: &Layout) -> String {
    match seat {
        Seat::Service => layout.t("people-seat-service"),
        Seat::Sales => layout.t("people-seat-sales"),
    }
}
