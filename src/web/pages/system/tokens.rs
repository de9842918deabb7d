//! Tokens of programs: the secret of a new one is shown once.

use super::{
    super::{
        super::{Problem, Web, tokens},
        form::Fields,
        layout::{Layout, Signed},
        moment::Moment,
        refusal::Refusal,
        show, show_wrong,
    },
    Admin, id, to,
};
use crate::routing::{ids::TokenId, people::Role};
use askama::Template;
use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;

const ROWS: usize = 50;
/// Who can be chosen from.
const USERS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "tokens.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    rows: Vec<Row>,
    next: Option<TokenId>,
    name: String,
    role: String,
    user: String,
    users: Vec<(String, String)>,
    name_fault: Option<String>,
    user_fault: Option<String>,
    /// Of the token that was just made.
    secret: Option<String>,
}

struct Row {
    id: TokenId,
    name: String,
    role: String,
    user: Option<String>,
    created: Moment,
}

#[derive(Default, Deserialize)]
pub struct Asked {
    /// The newest first: those before this one.
    after: Option<TokenId>,
}

pub async fn show_page(
    State(web): State<Web>,
    Admin(signed): Admin,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refusal> {
    let asked = asked.map_err(|_| signed.refuse(Problem::not_found()))?.0;
    Ok(show(&page(&web, &signed, &asked)))
}

fn page(web: &Web, signed: &Signed, asked: &Asked) -> Page {
    let settings = web.desk.settings();
    let older =
        settings.tokens.values().rev().filter(|token| asked.after.is_none_or(|after| token.id < after));
    let mut rows: Vec<Row> = older
        .take(ROWS + 1)
        .map(|token| Row {
            id: token.id,
            name: token.name.clone(),
            role: super::super::people::role_name(token.role, &signed.layout),
            user: token.user.map(|user| settings.name_of(user)),
            created: Moment::new(token.created_at, &web.ground.account),
        })
        .collect();
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let mut users: Vec<(String, String)> =
        settings.people.users.values().map(|user| (user.email.clone(), user.name.clone())).collect();
    users.sort_by_key(|(_, name)| name.to_lowercase());
    users.truncate(USERS_MAX);
    Page {
        layout: signed.layout.clone(),
        next: rows.last().filter(|_| more).map(|row| row.id),
        rows,
        name: String::new(),
        role: "agent".into(),
        user: String::new(),
        users,
        name_fault: None,
        user_fault: None,
        secret: None,
    }
}

pub async fn create(
    State(web): State<Web>,
    Admin(signed): Admin,
    fields: Fields,
) -> Result<Response, Refusal> {
    let (name, user) = (fields.text("name").to_owned(), fields.text("user").to_owned());
    let role = match fields.text("role") {
        "admin" => Role::Admin,
        "supervisor" => Role::Supervisor,
        _ => Role::Agent,
    };
    let settings = web.desk.settings();
    let known = settings.people.users.values().find(|known| known.email.eq_ignore_ascii_case(&user));
    let owner = known.map(|user| user.id);
    let mut wrong = Page {
        name: name.clone(),
        role: fields.text("role").to_owned(),
        user: user.clone(),
        ..page(&web, &signed, &Asked::default())
    };
    if !user.is_empty() && owner.is_none() {
        wrong.user_fault = Some(signed.layout.t("system-user-unknown"));
        return Ok(show_wrong(&wrong));
    }
    match tokens::make(&web, &signed.caller, tokens::Form { name, role, user: owner }).await {
        Ok(secret) => Ok(show(&Page { secret: Some(secret), ..page(&web, &signed, &Asked::default()) })),
        Err(problem) if matches!(problem.status(), 409 | 422) => {
            wrong.name_fault = Some(signed.layout.t("system-token-fault"));
            Ok(show_wrong(&wrong))
        }
        Err(problem) => Err(signed.refuse(problem)),
    }
}

pub async fn revoke(
    State(web): State<Web>,
    Admin(signed): Admin,
    Path(token): Path<String>,
    _: Fields,
) -> Result<Response, Refusal> {
    let token = id(&signed, &token)?;
    tokens::end(&web, &signed.caller, token).await.map_err(|problem| signed.refuse(problem))?;
    Ok(to(&signed.layout, "system/tokens"))
}
