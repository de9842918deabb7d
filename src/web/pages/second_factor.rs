//! The second factor: asked for after the password, set up and removed by each for themselves.

use super::{
    super::{Problem, Web, limits::Client, lobby::Guest, totp},
    form::Fields,
    layout::{Layout, Signed},
    me,
    refusal::Refusal,
    show, show_wrong,
    sign_in::{self, is_ours, refused, to},
};
use crate::{
    audio,
    desk::{saving::Save, settings::Refused},
    routing::ids::UserId,
    store::{
        audit::Author,
        settings::Change,
        sign_in::{Hash, SecondFactor, Secret, SignIn},
    },
};
use askama::Template;
use axum::{
    Extension, Router,
    extract::State,
    http::{HeaderMap, HeaderValue},
    response::Response,
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use qrcode::{QrCode, render::svg};

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/sign-in/code", get(begin_again).post(take_code))
        .route("/sign-in/second-factor", get(begin_again).post(set_up_at_sign_in))
        .route("/me/second-factor", get(show_page).post(set_up))
        .route("/me/second-factor/begin", post(begin))
        .route("/me/second-factor/codes", post(new_codes))
        .route("/me/second-factor/remove", post(remove))
}

#[derive(Template)]
#[template(path = "second_factor_ask.html", config = "src/web/pages/askama.toml")]
struct Ask {
    layout: Layout,
    known_by: String,
    next: String,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "second_factor_set_up.html", config = "src/web/pages/askama.toml")]
struct SetUp {
    layout: Layout,
    /// Where the form goes.
    action: &'static str,
    known_by: String,
    next: String,
    /// The secret as a picture, and to be typed.
    picture: String,
    spaced: String,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "second_factor_codes.html", config = "src/web/pages/askama.toml")]
struct Codes {
    layout: Layout,
    codes: Vec<String>,
    /// Relative to `<base>`.
    next: String,
}

#[derive(Template)]
#[template(path = "second_factor.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    /// How many recovery codes are left of a second factor that is there.
    recovery_left: Option<usize>,
    is_required: bool,
    /// The form in which the password was wrong, and what is said there.
    wrong: Option<(&'static str, String)>,
}

impl Page {
    fn wrong_at(&self, form: &str) -> Option<String> {
        self.wrong.as_ref().filter(|(wrong, _)| *wrong == form).map(|(_, said)| said.clone())
    }
}

/// What whoever knew the password of this hash is asked for besides. None: nothing.
pub fn ask(web: &Web, layout: &Layout, user: UserId, hash: &str, next: &str) -> Option<Response> {
    let (settings, now_ms) = (web.desk.settings(), web.clock.now().steady.0);
    let (layout, next) = (layout.clone(), next.to_owned());
    if settings.doors.second_factor(user).is_some() {
        let known_by = web.lobby.enter(user, hash.to_owned(), None, now_ms);
        return Some(show(&Ask { layout, known_by, next, wrong: None }));
    }
    if !settings.lacks_second_factor(user) {
        return None;
    }
    let secret = totp::new_secret();
    let known_by = web.lobby.enter(user, hash.to_owned(), Some(secret.clone()), now_ms);
    let page = set_up_page(web, layout, "sign-in/second-factor", user, &secret);
    Some(show(&SetUp { known_by, next, ..page }))
}

/// Whoever loads the page anew.
async fn begin_again(layout: Layout) -> Response {
    to(&layout, "sign-in")
}

/// The code, or a recovery code in its place. Guessing is as slow as with passwords.
async fn take_code(
    State(web): State<Web>,
    layout: Layout,
    client: Option<Extension<Client>>,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Refusal> {
    let client = client.map(|Extension(client)| client);
    let (known_by, guest) = guest(&web, &layout, client, &fields)?;
    let Some(guest) = guest.filter(|guest| guest.secret.is_none()) else { return Ok(too_late(&layout)) };
    let next = next(&fields);
    let again = |wrong| {
        let (layout, known_by, next) = (layout.clone(), known_by.clone(), next.clone());
        Ok(show_wrong(&Ask { layout, known_by, next, wrong: Some(wrong) }))
    };
    if let Some(wait) = must_wait(&web, &layout, guest.user) {
        return again(wait);
    }
    let author = Author::User(guest.user, client.map(|client| client.0));
    let name = name_of(guest.user);
    // Whoever guesses is counted before anything is waited for: many guesses at once are many mistakes.
    let used = match code_of(&web, guest.user, fields.text("code")) {
        Some(code) => use_up(&web, code, author).await.map_err(refused(&layout))?,
        None => false,
    };
    if !used {
        web.passwords.was_wrong(&name, web.clock.now().steady.0);
        return again(layout.t("second-factor-wrong"));
    }
    web.passwords.was_right(&name);
    web.lobby.leave(&known_by);
    let cookie = let_in(&web, &layout, &guest, client, &headers).await?;
    Ok(cookie.map_or_else(|| too_late(&layout), |cookie| sign_in::with_cookie(to(&layout, &next), cookie)))
}

/// Whoever must have a second factor sets it up before they come in.
async fn set_up_at_sign_in(
    State(web): State<Web>,
    layout: Layout,
    client: Option<Extension<Client>>,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Refusal> {
    let client = client.map(|Extension(client)| client);
    let (known_by, guest) = guest(&web, &layout, client, &fields)?;
    let Some(guest) = guest else { return Ok(too_late(&layout)) };
    let Some(secret) = guest.secret.clone() else { return Ok(too_late(&layout)) };
    let next = next(&fields);
    let Some(step) = totp::step_of(&totp::plain(fields.text("code")), &secret, web.clock.now().at, 0) else {
        let wrong = Some(layout.t("second-factor-wrong"));
        let page = set_up_page(&web, layout.clone(), "sign-in/second-factor", guest.user, &secret);
        return Ok(show_wrong(&SetUp { known_by, next, wrong, ..page }));
    };
    if web.desk.settings().doors.second_factor(guest.user).is_some() {
        // In another browser, meanwhile.
        return Ok(too_late(&layout));
    }
    web.lobby.leave(&known_by);
    let author = Author::User(guest.user, client.map(|client| client.0));
    let codes = keep(&web, guest.user, secret, step, author).await.map_err(refused(&layout))?;
    let Some(cookie) = let_in(&web, &layout, &guest, client, &headers).await? else {
        return Ok(too_late(&layout));
    };
    let next = format!("./{}", next.trim_start_matches('/'));
    Ok(sign_in::with_cookie(show(&Codes { layout, codes, next }), cookie))
}

async fn show_page(State(web): State<Web>, signed: Signed) -> Response {
    show(&page(&web, &signed))
}

/// The password first, so that nobody sets up their own device in a browser that was left open.
async fn begin(State(web): State<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    let page = page(&web, &signed);
    let Some(hash) = right_password(&web, &signed, &fields, "begin-password").await? else {
        let wrong = Some(("begin", signed.layout.t("password-wrong")));
        return Ok(show_wrong(&Page { wrong, ..page }));
    };
    if page.recovery_left.is_some() {
        return Ok(to(&signed.layout, "me/second-factor"));
    }
    let secret = totp::new_secret();
    let user = signed.me.user;
    let known_by = web.lobby.enter(user, hash, Some(secret.clone()), web.clock.now().steady.0);
    let page = set_up_page(&web, signed.layout.clone(), "me/second-factor", user, &secret);
    Ok(show(&SetUp { known_by, ..page }))
}

/// A first code proves that the device knows the secret. Everywhere else they are signed out.
async fn set_up(State(web): State<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    let known_by = fields.text("known-by").to_owned();
    let guest = web.lobby.find(&known_by, web.clock.now().steady.0);
    let secret = guest.filter(|guest| guest.user == signed.me.user).and_then(|guest| guest.secret);
    let is_there = web.desk.settings().doors.second_factor(signed.me.user).is_some();
    let Some(secret) = secret.filter(|_| !is_there) else {
        return Ok(to(&signed.layout, "me/second-factor"));
    };
    let Some(step) = totp::step_of(&totp::plain(fields.text("code")), &secret, web.clock.now().at, 0) else {
        let wrong = Some(signed.layout.t("second-factor-wrong"));
        let page = set_up_page(&web, signed.layout.clone(), "me/second-factor", signed.me.user, &secret);
        return Ok(show_wrong(&SetUp { known_by, wrong, ..page }));
    };
    web.lobby.leave(&known_by);
    let kept = keep(&web, signed.me.user, secret, step, signed.caller.author()).await;
    let codes = kept.map_err(|problem| signed.refuse(problem))?;
    me::end_sessions(&web, &signed, signed.me.user, Some(signed.me.session)).await?;
    Ok(show(&Codes { layout: signed.layout, codes, next: "me".into() }))
}

/// New recovery codes, in place of those that are left.
async fn new_codes(State(web): State<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    if right_password(&web, &signed, &fields, "codes-password").await?.is_none() {
        let wrong = Some(("codes", signed.layout.t("password-wrong")));
        return Ok(show_wrong(&Page { wrong, ..page(&web, &signed) }));
    }
    let known = web.desk.settings().doors.second_factor(signed.me.user).cloned();
    let Some(known) = known else { return Ok(to(&signed.layout, "me/second-factor")) };
    let author = signed.caller.author();
    let kept = keep(&web, known.user, known.secret.0, known.last_step, author).await;
    let codes = kept.map_err(|problem| signed.refuse(problem))?;
    Ok(show(&Codes { layout: signed.layout, codes, next: "me".into() }))
}

async fn remove(State(web): State<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    if right_password(&web, &signed, &fields, "remove-password").await?.is_none() {
        let wrong = Some(("remove", signed.layout.t("password-wrong")));
        return Ok(show_wrong(&Page { wrong, ..page(&web, &signed) }));
    }
    if web.desk.settings().must_have_second_factor(signed.me.user) {
        return Err(signed.refuse(Problem::forbidden()));
    }
    match me::save(&web, &signed, SignIn::EndSecondFactor(signed.me.user)).await {
        // It was removed at the same time.
        Err(problem) if problem.status() == 404 => {}
        removed => removed.map_err(|problem| signed.refuse(problem))?,
    }
    Ok(to(&signed.layout, "me"))
}

/// Who sends the form, and by what they are known. None: they waited too long.
fn guest(
    web: &Web,
    layout: &Layout,
    client: Option<Client>,
    fields: &Fields,
) -> Result<(String, Option<Guest>), Refusal> {
    web.limits.sign_in(client).map_err(|many| refused(layout)(many.into()))?;
    let known_by = fields.text("known-by").to_owned();
    let guest = web.lobby.find(&known_by, web.clock.now().steady.0);
    Ok((known_by, guest))
}

fn next(fields: &Fields) -> String {
    let next = fields.text("next");
    // A page of ours that was not asked for by an address has no slash.
    let ours = is_ours(next) || is_ours(&format!("/{next}"));
    if ours { next.to_owned() } else { String::new() }
}

fn too_late(layout: &Layout) -> Response {
    sign_in::show_again(layout, layout.t("second-factor-over"))
}

async fn let_in(
    web: &Web,
    layout: &Layout,
    guest: &Guest,
    client: Option<Client>,
    headers: &HeaderMap,
) -> Result<Option<HeaderValue>, Refusal> {
    let cookie = sign_in::let_in(web, guest.user, &guest.password_hash, client, headers).await;
    cookie.map_err(refused(layout))
}

/// Mistakes with codes are counted by themselves: the right password does not forgive them.
fn name_of(user: UserId) -> String {
    format!("second factor of {user}")
}

fn must_wait(web: &Web, layout: &Layout, user: UserId) -> Option<String> {
    let wait = web.passwords.wait_seconds(&name_of(user), web.clock.now().steady.0);
    (wait > 0).then(|| layout.t1("sign-in-wait", "seconds", wait))
}

/// What was typed, if it is a code that was not used.
fn code_of(web: &Web, user: UserId, typed: &str) -> Option<SignIn> {
    let (code, settings) = (totp::plain(typed), web.desk.settings());
    let second = settings.doors.second_factor(user)?;
    if let Some(step) = totp::step_of(&code, &second.secret.0, web.clock.now().at, second.last_step) {
        return Some(SignIn::CodeUsed(user, step));
    }
    let hash = Hash(audio::sha256(code.as_bytes()));
    second.recovery.contains(&hash).then_some(SignIn::RecoveryUsed(user, hash))
}

/// From now on it was used. False: it was already.
async fn use_up(web: &Web, used: SignIn, author: Author) -> Result<bool, Problem> {
    match web.desk.save_as(Save::new(Change::SignIn(used), author)).await? {
        Ok(_) => Ok(true),
        // Of two who use one at the same time, one is let in.
        Err(Refused::Stale | Refused::NotFound) => Ok(false),
        Err(refused) => Err(refused.into()),
    }
}

/// Sets it up, and answers the recovery codes, which are known only now.
async fn keep(
    web: &Web,
    user: UserId,
    secret: String,
    last_step: i64,
    author: Author,
) -> Result<Vec<String>, Problem> {
    let codes = totp::recovery_codes();
    let hash = |code: &String| Hash(audio::sha256(totp::plain(code).as_bytes()));
    let second = SecondFactor {
        user,
        secret: Secret(secret),
        last_step,
        set_up_at: web.clock.now().at,
        recovery: codes.iter().map(hash).collect(),
    };
    web.desk.save_as(Save::new(Change::SignIn(SignIn::SecondFactor(second)), author)).await??;
    Ok(codes)
}

/// The hash of the password, if the field has it.
async fn right_password(
    web: &Web,
    signed: &Signed,
    fields: &Fields,
    field: &str,
) -> Result<Option<String>, Refusal> {
    if !me::knows(web, signed, fields.raw(field).to_owned()).await? {
        return Ok(None);
    }
    let settings = web.desk.settings();
    let known = settings.doors.credentials(signed.me.user).and_then(|known| known.password.clone());
    Ok(known.map(|hash| hash.0))
}

fn page(web: &Web, signed: &Signed) -> Page {
    let settings = web.desk.settings();
    Page {
        layout: signed.layout.clone(),
        recovery_left: settings.doors.second_factor(signed.me.user).map(|second| second.recovery.len()),
        is_required: settings.must_have_second_factor(signed.me.user),
        wrong: None,
    }
}

fn set_up_page(web: &Web, layout: Layout, action: &'static str, user: UserId, secret: &str) -> SetUp {
    let settings = web.desk.settings();
    let email = settings.people.users.get(&user).map_or("", |user| user.email.as_str());
    let letters: Vec<char> = secret.chars().collect();
    let spaced: Vec<String> = letters.chunks(4).map(|four| four.iter().collect()).collect();
    SetUp {
        layout,
        action,
        known_by: String::new(),
        next: String::new(),
        picture: picture(&totp::address(secret, email)),
        spaced: spaced.join(" "),
        wrong: None,
    }
}

fn picture(text: &str) -> String {
    // Nothing as long as an address of mail is too long for one.
    let Ok(code) = QrCode::new(text) else { return String::new() };
    let svg = code.render::<svg::Color<'_>>().min_dimensions(200, 200).build();
    format!("data:image/svg+xml;base64,{}", BASE64_STANDARD.encode(svg))
}
