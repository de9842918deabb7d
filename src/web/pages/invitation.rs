//! Following a link: whoever was invited chooses a password; at the first start, the first admin says who they are.

use super::{
    super::{Problem, Web, limits::Client, passwords},
    form::Fields,
    layout::Layout,
    refusal::Refusal,
    second_factor, show, show_wrong, sign_in,
};
use crate::{
    audio,
    desk::{
        saving::{Save, Saved},
        settings::{Fault, Refused},
    },
    routing::ids::UserId,
    store::{
        audit::Author,
        settings::Change,
        sign_in::{Credentials, Hash, Invitation, SignIn},
    },
};
use askama::Template;
use axum::{
    Extension,
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use serde_json::json;

#[derive(Template)]
#[template(path = "invitation.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    secret: String,
    /// Who is invited; none at the first start.
    user: Option<String>,
    name: String,
    email: String,
    /// Of the first admin: whether calls can ring them, too.
    takes_calls: bool,
    faults: Faults,
}

/// What is wrong, by the name of the field.
#[derive(Default)]
struct Faults {
    name: Option<String>,
    email: Option<String>,
    password: Option<String>,
    repeated: Option<String>,
}

pub async fn show_form(
    State(web): State<Web>,
    layout: Layout,
    Path(secret): Path<String>,
) -> Result<Response, Refusal> {
    let invitation = found(&secret, &web).ok_or_else(|| over(&layout))?;
    Ok(show(&page(layout, secret, &invitation, &web)))
}

pub async fn accept(
    State(web): State<Web>,
    layout: Layout,
    Path(secret): Path<String>,
    client: Option<Extension<Client>>,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Refusal> {
    let client = client.map(|Extension(client)| client);
    let invitation = found(&secret, &web).ok_or_else(|| over(&layout))?;
    let mut page = page(layout.clone(), secret, &invitation, &web);
    page.name = fields.text("name").to_owned();
    page.email = fields.text("email").to_owned();
    page.takes_calls = !fields.text("takes_calls").is_empty();
    let password = fields.raw("password").to_owned();
    page.faults.password = passwords::objection(&password).map(|key| layout.t(key));
    page.faults.repeated = (fields.raw("repeated") != password).then(|| layout.t("password-differs"));
    if page.faults.password.is_some() || page.faults.repeated.is_some() {
        return Ok(show_wrong(&page));
    }
    let refuse = |problem: Problem| Refusal::new(layout.clone(), problem);
    let hash = web.passwords.hash(password).await.map_err(refuse)?;
    let author = match invitation.user {
        Some(user) => Author::User(user, client.map(|client| client.0)),
        // Whoever has this link owns the data folder.
        None => Author::CommandLine,
    };
    if !use_up(&invitation, author, &web).await.map_err(refuse)? {
        return Err(over(&layout));
    }
    let user = match invitation.user {
        Some(user) => user,
        None => match first_admin(&page, &web).await.map_err(refuse)? {
            Ok(user) => user,
            Err(fault) => {
                give_back(&invitation, author, &web).await.map_err(refuse)?;
                let field =
                    if fault.pointer == "/email" { &mut page.faults.email } else { &mut page.faults.name };
                *field = Some(fault.detail);
                return Ok(show_wrong(&page));
            }
        },
    };
    choose_password(&web, user, hash.clone(), client).await.map_err(refuse)?;
    let next = if invitation.user.is_some() { "" } else { "start" };
    if let Some(asked) = second_factor::ask(&web, &layout, user, &hash, next) {
        return Ok(asked);
    }
    let cookie = sign_in::let_in(&web, user, &hash, client, &headers).await.map_err(refuse)?;
    let to_next = sign_in::to(&layout, next);
    Ok(cookie.map_or_else(|| sign_in::to(&layout, "sign-in"), |cookie| sign_in::with_cookie(to_next, cookie)))
}

/// The link is used up before it does anything, so that of two who follow it one is let in. False: it was used, or
/// another one took its place.
async fn use_up(invitation: &Invitation, author: Author, web: &Web) -> Result<bool, Problem> {
    let end = Change::SignIn(SignIn::EndInvitation(invitation.id));
    match web.desk.save_as(Save::new(end, author)).await? {
        Ok(_) => Ok(true),
        Err(Refused::NotFound) => Ok(false),
        Err(refused) => Err(refused.into()),
    }
}

/// What was filled in can't be: they may correct it.
async fn give_back(invitation: &Invitation, author: Author, web: &Web) -> Result<(), Problem> {
    let again = Change::SignIn(SignIn::Invitation(invitation.clone()));
    web.desk.save_as(Save::new(again, author)).await??;
    Ok(())
}

/// Whoever was signed in with the old password is not any more.
async fn choose_password(
    web: &Web,
    user: UserId,
    hash: String,
    client: Option<Client>,
) -> Result<(), Problem> {
    let author = Author::User(user, client.map(|client| client.0));
    let save = async |change| web.desk.save_as(Save::new(Change::SignIn(change), author)).await;
    let changed_at = web.clock.now().at;
    save(SignIn::Credentials(Credentials { user, password: Some(Hash(hash)), changed_at })).await??;
    let settings = web.desk.settings();
    for session in settings.doors.sessions_of(user) {
        // It may have ended by itself meanwhile.
        let _ = save(SignIn::EndSession(session.id)).await?;
    }
    Ok(())
}

/// Makes the first admin; a user of this address becomes one.
async fn first_admin(page: &Page, web: &Web) -> Result<Result<UserId, Fault>, Problem> {
    let known = {
        let settings = web.desk.settings();
        let mut users = settings.users();
        users
            .find(|(_, user)| {
                user["email"].as_str().is_some_and(|email| email.eq_ignore_ascii_case(&page.email))
            })
            .map(|(id, user)| (id, user.clone()))
    };
    let (id, mut document) = known.unwrap_or_else(|| (UserId(web.new_id()), json!({ "email": page.email })));
    document["name"] = json!(page.name);
    document["role"] = json!("admin");
    if page.takes_calls {
        // Nobody gives a seat to themselves later.
        document["seats"] = json!(["service"]);
    }
    match web.desk.save_as(Save::new(Change::User(id, document), Author::CommandLine)).await? {
        Ok(Saved::Now { .. } | Saved::Before(_)) => Ok(Ok(id)),
        Err(Refused::Invalid(mut faults)) if !faults.is_empty() => Ok(Err(faults.remove(0))),
        Err(Refused::Conflict(fault)) => Ok(Err(fault)),
        Err(refused) => Err(refused.into()),
    }
}

fn page(layout: Layout, secret: String, invitation: &Invitation, web: &Web) -> Page {
    let user = invitation.user.map(|user| web.desk.settings().name_of(user));
    Page {
        layout,
        secret,
        user,
        name: String::new(),
        email: String::new(),
        takes_calls: true,
        faults: Faults::default(),
    }
}

fn found(secret: &str, web: &Web) -> Option<Invitation> {
    let settings = web.desk.settings();
    let found = settings.doors.invitation(&audio::sha256(secret.as_bytes()), web.clock.now().at)?;
    // Once somebody can sign in it is not the first start any more.
    (found.user.is_some() || settings.doors.is_first_start()).then(|| found.clone())
}

fn over(layout: &Layout) -> Refusal {
    let problem = Problem::new(410, "gone").because(layout.t("invitation-over"));
    Refusal::new(layout.clone(), problem)
}
