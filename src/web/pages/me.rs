//! What somebody sees and changes of their own: their password, and where they are signed in.

use super::{
    super::{Problem, Web, passwords},
    form::Fields,
    layout::{Layout, Signed},
    refusal::Refusal,
    show, show_wrong,
};
use crate::{
    desk::saving::Save,
    routing::ids::{SessionId, UserId},
    store::{
        settings::Change,
        sign_in::{Credentials, Hash, SignIn},
    },
};
use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

#[derive(Template)]
#[template(path = "me.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    sessions: Vec<Session>,
    has_second_factor: bool,
    wrong: Option<String>,
    objection: Option<String>,
}

struct Session {
    browser: String,
    /// RFC 3339.
    used_at: String,
    is_this: bool,
}

pub async fn show_page(State(web): State<Web>, signed: Signed) -> Response {
    show(&page(&signed, &web))
}

/// Changes the password, if the old one is right. Everywhere else they are signed out.
pub async fn change_password(
    State(web): State<Web>,
    signed: Signed,
    fields: Fields,
) -> Result<Response, Refusal> {
    let mut page = page(&signed, &web);
    let (old, new) = (fields.raw("old").to_owned(), fields.raw("password").to_owned());
    page.objection = passwords::objection(&new).map(|key| signed.layout.t(key));
    if page.objection.is_some() {
        return Ok(show_wrong(&page));
    }
    let user = signed.me.user;
    if !knows(&web, &signed, old).await? {
        page.wrong = Some(signed.layout.t("password-wrong"));
        return Ok(show_wrong(&page));
    }
    let hash = web.passwords.hash(new).await.map_err(|problem| signed.refuse(problem))?;
    let changed_at = web.clock.now().at;
    let credentials = SignIn::Credentials(Credentials { user, password: Some(Hash(hash)), changed_at });
    save(&web, &signed, credentials).await.map_err(|problem| signed.refuse(problem))?;
    end_sessions(&web, &signed, user, Some(signed.me.session)).await?;
    Ok(back(&signed.layout, "me"))
}

/// Signs out everywhere, here too.
pub async fn sign_out_everywhere(
    State(web): State<Web>,
    signed: Signed,
    _: Fields,
) -> Result<Response, Refusal> {
    end_sessions(&web, &signed, signed.me.user, None).await?;
    Ok(back(&signed.layout, "sign-in"))
}

/// Whether this is their password. Guessing it here is as slow as at the sign-in.
pub async fn knows(web: &Web, signed: &Signed, password: String) -> Result<bool, Refusal> {
    let settings = web.desk.settings();
    let name = settings.people.users.get(&signed.me.user).map(|user| user.email.to_lowercase());
    let (name, now_ms) = (name.unwrap_or_default(), web.clock.now().steady.0);
    if web.passwords.wait_seconds(&name, now_ms) > 0 {
        return Ok(false);
    }
    web.passwords.was_wrong(&name, now_ms);
    let hash = settings.doors.credentials(signed.me.user).and_then(|known| known.password.clone());
    let right = web.passwords.is_right(password, hash.map(|hash| hash.0)).await;
    let right = right.map_err(|problem| signed.refuse(problem))?;
    if right {
        web.passwords.was_right(&name);
    }
    Ok(right)
}

pub async fn end_sessions(
    web: &Web,
    signed: &Signed,
    user: UserId,
    but: Option<SessionId>,
) -> Result<(), Refusal> {
    let settings = web.desk.settings();
    for session in settings.doors.sessions_of(user).iter().filter(|session| Some(session.id) != but) {
        match save(web, signed, SignIn::EndSession(session.id)).await {
            // It ended by itself meanwhile.
            Err(problem) if problem.status() == 404 => {}
            ended => ended.map_err(|problem| signed.refuse(problem))?,
        }
    }
    Ok(())
}

pub async fn save(web: &Web, signed: &Signed, change: SignIn) -> Result<(), Problem> {
    web.desk.save_as(Save::new(Change::SignIn(change), signed.caller.author())).await??;
    Ok(())
}

fn page(signed: &Signed, web: &Web) -> Page {
    let settings = web.desk.settings();
    let sessions = settings.doors.sessions_of(signed.me.user).into_iter().map(|session| Session {
        browser: session.browser.clone(),
        used_at: session.used_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        is_this: session.id == signed.me.session,
    });
    Page {
        layout: signed.layout.clone(),
        sessions: sessions.collect(),
        has_second_factor: settings.doors.second_factor(signed.me.user).is_some(),
        wrong: None,
        objection: None,
    }
}

fn back(layout: &Layout, page: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, layout.address(page))]).into_response()
}
