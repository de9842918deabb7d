//! API tokens. The secret is shown once, when it is made; only its hash is kept.

use super::{
    Problem, Web,
    auth::{Caller, Id, NewDocument, Page},
    page::{created, settings_page},
    schemas,
    settings::again,
};
use crate::{
    audio,
    desk::{
        saving::{Save, Saved},
        settings::{Fault, read_form},
    },
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
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTokenForm)]
pub struct Form {
    #[schema(min_length = 1)]
    pub name: String,
    pub role: Role,
    pub user: Option<UserId>,
}

/// Lists tokens, without their secrets.
#[utoipa::path(get, path = "/tokens", params(schemas::Paging), responses(
    (status = 200, body = schemas::Page<schemas::Token>), (status = 403)
))]
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

/// Makes a token. Its secret is in the answer, and nowhere else: a repeat under the same key is answered 409.
#[utoipa::path(post, path = "/tokens", request_body = Form,
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[ -~]{1,255}$")),
    responses(
        (status = 201, body = schemas::NewToken, headers(("Location" = String))), (status = 403), (status = 409)
))]
pub async fn create(caller: Caller, State(web): State<Web>, new: NewDocument) -> Result<Response, Problem> {
    caller.must_be_admin()?;
    let form: Form = read_form(new.document.clone()).map_err(Problem::invalid)?;
    let (token, secret) = made(&web, form)?;
    let location = format!("/api/v1/tokens/{}", token.id);
    let once = new.once(&caller, &location, true);
    let save = Save { once, ..Save::new(Change::Token(token.clone()), caller.author()) };
    if let Saved::Before(repeat) = web.desk.save_as(save).await?? {
        return again(&repeat);
    }
    let mut object = shown(&token);
    if let Some(fields) = object.as_object_mut() {
        fields.insert("token".into(), secret.into());
    }
    Ok(created("tokens", token.id, object))
}

/// Also for pages: makes a token, and answers its secret.
pub async fn make(web: &Web, caller: &Caller, form: Form) -> Result<String, Problem> {
    caller.must_be_admin()?;
    let (token, secret) = made(web, form)?;
    web.desk.save_as(Save::new(Change::Token(token), caller.author())).await??;
    Ok(secret)
}

fn made(web: &Web, form: Form) -> Result<(Token, String), Problem> {
    if form.name.trim().is_empty() {
        return Err(Problem::invalid(Fault::new("/name", "a token needs a name")));
    }
    Ok(new_token(web.new_id(), form.name, form.role, form.user, web.clock.now().at))
}

/// Revokes a token. Its sockets close within a second.
#[utoipa::path(delete, path = "/tokens/{id}", params(("id" = TokenId, Path)), responses((status = 204), (status = 403)))]
pub async fn revoke(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<TokenId>,
) -> Result<StatusCode, Problem> {
    end(&web, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Also for pages.
pub async fn end(web: &Web, caller: &Caller, id: TokenId) -> Result<(), Problem> {
    caller.must_be_admin()?;
    web.desk.save_as(Save::new(Change::RevokeToken(id), caller.author())).await??;
    Ok(())
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
