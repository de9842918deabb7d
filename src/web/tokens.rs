//! API tokens. The secret is shown once, when it is made; only its hash is kept.

use super::{
    Problem, Web,
    auth::{Caller, Document, Id, Page},
    page::{created, settings_page},
};
use crate::{
    audio,
    desk::settings::{Fault, read_form},
    routing::{
        ids::{TokenId, UserId},
        people::Role,
    },
    store::settings::{Change, Token},
};
use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use rand::{Rng, distr::Alphanumeric};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    name: String,
    role: Role,
    user: Option<UserId>,
}

pub async fn list(
    caller: Caller,
    State(web): State<Web>,
    page: Page<TokenId>,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    let settings = web.desk.settings();
    let items = settings.tokens.values().map(|token| (token.id, shown(token)));
    Ok(settings_page(items, page.after.as_ref(), page.limit))
}

pub async fn create(
    caller: Caller,
    State(web): State<Web>,
    Document(body): Document,
) -> Result<Response, Problem> {
    caller.must_be_admin()?;
    let form: Form = read_form(body).map_err(Problem::invalid)?;
    if form.name.trim().is_empty() {
        return Err(Problem::invalid(Fault::new("/name", "a token needs a name")));
    }
    let (token, secret) = new_token(web.new_id(), form.name, form.role, form.user, web.clock.now().at);
    web.desk.save(Change::Token(token.clone())).await??;
    let mut object = shown(&token);
    if let Some(fields) = object.as_object_mut() {
        fields.insert("token".into(), secret.into());
    }
    Ok(created("tokens", token.id, object))
}

/// Its sockets close within a second.
pub async fn revoke(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<TokenId>,
) -> Result<StatusCode, Problem> {
    caller.must_be_admin()?;
    web.desk.save(Change::RevokeToken(id)).await??;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(token: &Token) -> Value {
    let Token { id, name, role, user, created_at, .. } = token;
    json!({ "id": id, "name": name, "role": role, "user": user, "created_at": created_at })
}

/// A new token and its secret, of 238 random bits.
pub fn new_token(
    id: Uuid,
    name: String,
    role: Role,
    user: Option<UserId>,
    created_at: DateTime<Utc>,
) -> (Token, String) {
    let random: String = rand::rng().sample_iter(Alphanumeric).take(40).map(char::from).collect();
    let secret = format!("strowger_{random}");
    let sha256 = audio::sha256(secret.as_bytes());
    (Token { id: TokenId(id), name, role, user, sha256, created_at }, secret)
}
