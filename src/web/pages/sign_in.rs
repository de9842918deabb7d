//! Signing in and out.

use super::{
    super::{Problem, Web, limits::Client, session},
    form::Fields,
    layout::{Layout, Signed},
    refusal::Refusal,
    second_factor, show, show_wrong,
};
use crate::{
    audio,
    desk::{saving::Save, sign_in::SESSIONS_MAX},
    routing::ids::{SessionId, UserId},
    store::{
        audit::Author,
        settings::Change,
        sign_in::{Hash, Session, SignIn},
    },
};
use askama::Template;
use axum::{
    Extension,
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// How much of what a browser calls itself is kept, in characters.
const BROWSER_MAX: usize = 200;

#[derive(Template)]
#[template(path = "sign_in.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    email: String,
    /// Where to go afterwards.
    next: String,
    wrong: Option<String>,
}

pub async fn show_form(layout: Layout, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let next = pairs.find(|(name, _)| name == "next").map(|(_, next)| next.into_owned());
    let next = next.filter(|next| is_ours(next)).unwrap_or_default();
    if layout.signed_in.is_some() {
        return to(&layout, &next);
    }
    show(&Page { layout, email: String::new(), next, wrong: None })
}

/// Whoever is unknown and whoever is wrong are told the same, after the same work.
pub async fn sign_in(
    State(web): State<Web>,
    layout: Layout,
    client: Option<Extension<Client>>,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Refusal> {
    let client = client.map(|Extension(client)| client);
    web.limits.sign_in(client).map_err(|many| refused(&layout)(many.into()))?;
    let email = fields.text("email").to_lowercase();
    let next = Some(fields.text("next")).filter(|next| is_ours(next)).unwrap_or_default();
    let again = |wrong: String| {
        show_wrong(&Page {
            layout: layout.clone(),
            email: email.clone(),
            next: next.to_owned(),
            wrong: Some(wrong),
        })
    };
    let now_ms = web.clock.now().steady.0;
    let wait = web.passwords.wait_seconds(&email, now_ms);
    if wait > 0 {
        return Ok(again(layout.t1("sign-in-wait", "seconds", wait)));
    }
    let user = known(&email, &web);
    let hash = user.as_ref().and_then(|(_, hash)| hash.clone());
    let password = fields.raw("password").to_owned();
    // Many guesses at the same time are counted, too, before the first of them is looked at.
    web.passwords.was_wrong(&email, now_ms);
    let right = web.passwords.is_right(password, hash.clone()).await.map_err(refused(&layout))?;
    let Some((user, _)) = user.filter(|_| right) else {
        return Ok(again(layout.t("sign-in-wrong")));
    };
    web.passwords.was_right(&email);
    let hash = hash.unwrap_or_default();
    if let Some(asked) = second_factor::ask(&web, &layout, user, &hash, next) {
        return Ok(asked);
    }
    match let_in(&web, user, &hash, client, &headers).await.map_err(refused(&layout))? {
        Some(cookie) => Ok(with_cookie(to(&layout, next), cookie)),
        None => Ok(again(layout.t("sign-in-wrong"))),
    }
}

/// The form anew, for whoever could not go on.
pub fn show_again(layout: &Layout, wrong: String) -> Response {
    let (layout, email, next) = (layout.clone(), String::new(), String::new());
    show_wrong(&Page { layout, email, next, wrong: Some(wrong) })
}

/// A session for whoever knew the password of this hash, as a cookie. None: it was changed meanwhile.
pub async fn let_in(
    web: &Web,
    user: UserId,
    hash: &str,
    client: Option<Client>,
    headers: &HeaderMap,
) -> Result<Option<HeaderValue>, Problem> {
    let secret = start(web, user, client, headers).await?;
    let settings = web.desk.settings();
    let now = settings.doors.credentials(user).and_then(|credentials| credentials.password.as_ref());
    if now.is_none_or(|now| now.0 != hash) {
        // Whoever changed it signs out whoever knows the old one.
        end(web, &secret).await?;
        return Ok(None);
    }
    Ok(Some(session::cookie(&secret, &web.public_url)))
}

pub fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

pub async fn sign_out(State(web): State<Web>, signed: Signed, _: Fields) -> Result<Response, Refusal> {
    let end = Change::SignIn(SignIn::EndSession(signed.me.session));
    let saved = web.desk.save_as(Save::new(end, signed.caller.author())).await;
    saved.map_err(|unavailable| signed.refuse(unavailable))?.map_err(|refused| signed.refuse(refused))?;
    let gone = session::no_cookie(&web.public_url);
    let address = signed.layout.address("sign-in");
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address)], [(header::SET_COOKIE, gone)]).into_response())
}

/// The user of this address, and the hash of their password.
fn known(email: &str, web: &Web) -> Option<(UserId, Option<String>)> {
    let settings = web.desk.settings();
    let user = settings.people.users.values().find(|user| user.email.to_lowercase() == email)?;
    let hash = settings.doors.credentials(user.id).and_then(|credentials| credentials.password.clone());
    Some((user.id, hash.map(|hash| hash.0)))
}

/// A new session, and the secret of its cookie. The user's oldest ends, if they have too many.
pub async fn start(
    web: &Web,
    user: UserId,
    client: Option<Client>,
    headers: &HeaderMap,
) -> Result<String, Problem> {
    let now = web.clock.now().at;
    let settings = web.desk.settings();
    let oldest =
        settings.doors.sessions_of(user).into_iter().skip(SESSIONS_MAX - 1).map(|session| session.id);
    for oldest in oldest {
        // Another sign-in may have ended it at the same time.
        let _ = web.desk.save(Change::SignIn(SignIn::EndSession(oldest))).await?;
    }
    let secret = session::new_secret();
    let browser = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let session = Session {
        id: SessionId(web.new_id()),
        user,
        sha256: Hash(audio::sha256(secret.as_bytes())),
        browser: browser.chars().take(BROWSER_MAX).collect(),
        created_at: now,
        used_at: now,
    };
    let save = Save::new(
        Change::SignIn(SignIn::Session(session)),
        Author::User(user, client.map(|client| client.0)),
    );
    web.desk.save_as(save).await??;
    Ok(secret)
}

/// Ends the session of this secret.
async fn end(web: &Web, secret: &str) -> Result<(), Problem> {
    let settings = web.desk.settings();
    let sha256 = audio::sha256(secret.as_bytes());
    if let Some(session) = settings.doors.session(&sha256, web.clock.now().at) {
        // Whoever changed the password may have ended it already.
        let _ = web.desk.save(Change::SignIn(SignIn::EndSession(session.id))).await?;
    }
    Ok(())
}

pub fn refused(layout: &Layout) -> impl Fn(Problem) -> Refusal + use<> {
    let layout = layout.clone();
    move |problem| Refusal::new(layout.clone(), problem)
}

/// A path of ours, and not the address of somebody else.
pub fn is_ours(next: &str) -> bool {
    let rest = next.strip_prefix('/');
    rest.is_some_and(|rest| !rest.starts_with(['/', '\\'])) && !next.chars().any(char::is_control)
}

pub fn to(layout: &Layout, next: &str) -> Response {
    let address = layout.address(next.trim_start_matches('/'));
    (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn nobody_is_sent_to_another_site_after_signing_in() {
        for ours in ["/", "/tickets/1?a=b", "/board"] {
            assert!(is_ours(ours), "{ours}");
        }
        for theirs in ["", "//evil.example.org", "/\\evil.example.org", "https://evil.example.org", "/a\nb"] {
            assert!(!is_ours(theirs), "{theirs}");
        }
    }
}
