//! The second factor, as whoever signs in meets it. Codes are reckoned here by themselves, as an app does.

use super::{
    Answer,
    browser::{Browser, PASSWORD, link, signed_in},
};
use crate::desk::{Agent, Desk, Wishes};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha1::Sha1;
use std::time::{SystemTime, UNIX_EPOCH};

/// The code of a device whose clock is so many steps fast.
fn code(secret: &str, fast: i64) -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() as i64;
    let mut mac = Hmac::<Sha1>::new_from_slice(&BASE32_NOPAD.decode(secret.as_bytes()).expect("base32"))
        .expect("a key");
    mac.update(&(seconds / 30 + fast).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    let four: [u8; 4] = hash[at..at + 4].try_into().expect("four bytes");
    format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}

fn hidden(answer: &Answer, name: &str) -> String {
    let page = answer.text();
    let start = page.split(&format!("name=\"{name}\" value=\"")).nth(1);
    start.and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("no {name}: {page}")).to_owned()
}

fn in_code_tags(answer: &Answer) -> Vec<String> {
    let inside = answer.text().split("<code>").skip(1);
    inside.map(|rest| rest.split('<').next().expect("an end").to_owned()).collect()
}

/// What somebody has afterwards who set it up.
struct Device {
    secret: String,
    /// The code with which it was set up.
    used: String,
    recovery: Vec<String>,
}

async fn set_up(browser: &mut Browser) -> Device {
    let page = browser.post("/me/second-factor/begin", &[("begin-password", PASSWORD)]).await;
    let secret = in_code_tags(&page).remove(0).replace(' ', "");
    let known_by = hidden(&page, "known-by");
    let wrong = [("known-by", known_by.as_str()), ("code", "000")];
    assert_eq!(browser.post("/me/second-factor", &wrong).await.status, 422);
    let used = code(&secret, 0);
    let done = browser.post("/me/second-factor", &[("known-by", &known_by), ("code", &used)]).await;
    assert_eq!(done.status, 200, "{}", done.text());
    let recovery = in_code_tags(&done);
    assert_eq!(recovery.len(), 10);
    Device { secret, used, recovery }
}

async fn email(desk: &Desk, agent: &Agent) -> String {
    desk.api.get(&format!("users/{}", agent.id)).await["email"].as_str().expect("one").to_owned()
}

/// Signs in as far as the code.
async fn to_the_code(browser: &mut Browser, email: &str) -> String {
    let fields = [("email", email), ("password", PASSWORD), ("next", "/me?x=1")];
    let asked = browser.post("/sign-in", &fields).await;
    assert_eq!(asked.status, 200, "{}", asked.text());
    assert!(browser.cookie.is_none(), "nobody is let in yet");
    hidden(&asked, "known-by")
}

async fn send(browser: &mut Browser, known_by: &str, code: &str) -> Answer {
    browser.post("/sign-in/code", &[("known-by", known_by), ("next", "/me?x=1"), ("code", code)]).await
}

#[tokio::test]
async fn whoever_has_one_is_asked_for_it_and_no_code_is_taken_twice() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let email = email(&desk, &ann).await;
    let mut here = signed_in(&desk, &ann.id).await;
    let mut elsewhere = Browser::at(&desk);
    elsewhere.sign_in(&email, PASSWORD).await;
    let refused = here.post("/me/second-factor/begin", &[("begin-password", "wrong horse battery")]).await;
    assert_eq!(refused.status, 422);
    let Device { secret, used, recovery } = set_up(&mut here).await;
    assert_eq!(elsewhere.get("/me").await.status, 303, "others are signed out");
    assert_eq!(here.get("/me").await.status, 200);

    let mut browser = Browser::at(&desk);
    let known_by = to_the_code(&mut browser, &email).await;
    assert_eq!(send(&mut browser, &known_by, &used).await.status, 422, "it was used to set up");
    assert_eq!(send(&mut browser, &known_by, &code(&secret, 5)).await.status, 422, "its clock is wrong");
    let next = code(&secret, 1);
    let wrong_one = send(&mut browser, "somebody else", &next).await;
    assert!(wrong_one.status == 422 && wrong_one.text().contains("took too long"), "{}", wrong_one.text());
    let let_in = send(&mut browser, &known_by, &format!("{} {}", &next[..3], &next[3..])).await;
    assert_eq!((let_in.status, let_in.header("location")), (303, "/me?x=1"), "{}", let_in.text());
    assert_eq!(browser.get("/me").await.status, 200);

    let mut again = Browser::at(&desk);
    assert_eq!(send(&mut again, &known_by, &next).await.status, 422, "they are not known any more");
    let known_by = to_the_code(&mut again, &email).await;
    assert_eq!(send(&mut again, &known_by, &next).await.status, 422, "no code is taken twice");
    let typed = recovery[0].to_lowercase().replace('-', " ");
    assert_eq!(send(&mut again, &known_by, &typed).await.status, 303);
    let mut third = Browser::at(&desk);
    let known_by = to_the_code(&mut third, &email).await;
    assert_eq!(send(&mut third, &known_by, &recovery[0]).await.status, 422, "nor is a recovery code");
    assert_eq!(send(&mut third, &known_by, &recovery[1]).await.status, 303);
    assert!(third.get("/me/second-factor").await.text().contains("8 codes are left"));
}

#[tokio::test]
async fn it_outlives_a_restart_and_a_new_password_and_is_removed_with_the_password() {
    let mut desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let email = email(&desk, &ann).await;
    let mut here = signed_in(&desk, &ann.id).await;
    let recovery = set_up(&mut here).await.recovery;
    desk.restart().await;
    here.address = desk.api.address.clone();
    let mut browser = Browser::at(&desk);
    let fields = [("password", PASSWORD), ("repeated", PASSWORD)];
    let asked = browser.post(&link(&desk, &ann.id).await, &fields).await;
    assert!(browser.cookie.is_none(), "a link is not enough");
    assert_eq!(send(&mut browser, &hidden(&asked, "known-by"), &recovery[0]).await.status, 303);

    let renewed = browser.post("/me/second-factor/codes", &[("codes-password", PASSWORD)]).await;
    let renewed = in_code_tags(&renewed);
    let mut other = Browser::at(&desk);
    let known_by = to_the_code(&mut other, &email).await;
    assert_eq!(send(&mut other, &known_by, &recovery[1]).await.status, 422, "the old ones are over");
    assert_eq!(send(&mut other, &known_by, &renewed[0]).await.status, 303);

    let wrong = [("remove-password", "wrong horse battery")];
    assert_eq!(other.post("/me/second-factor/remove", &wrong).await.status, 422);
    assert_eq!(other.post("/me/second-factor/remove", &[("remove-password", PASSWORD)]).await.status, 303);
    let mut without = Browser::at(&desk);
    assert_eq!(without.sign_in(&email, PASSWORD).await.status, 303);
    let audit = json!(desk.api.all("audit").await).to_string();
    assert!(audit.contains("\"second_factor\"") && audit.contains("\"recovery_codes\":9"), "{audit}");
}

#[tokio::test]
async fn guessing_codes_is_as_slow_as_guessing_passwords_and_the_password_forgives_nothing() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let email = email(&desk, &ann).await;
    let recovery = set_up(&mut signed_in(&desk, &ann.id).await).await.recovery;
    let mut browser = Browser::at(&desk);
    for _ in 0..6 {
        let known_by = to_the_code(&mut browser, &email).await;
        assert_eq!(send(&mut browser, &known_by, "no code").await.status, 422);
    }
    let known_by = to_the_code(&mut browser, &email).await;
    let answer = send(&mut browser, &known_by, &recovery[0]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("Too many mistakes"), "{}", answer.text());
}

#[tokio::test]
async fn whoever_must_have_one_sets_it_up_before_they_come_in() {
    let config = "[sign_in]\nsecond_factor = \"admins\"\n";
    let desk = Desk::open_with(Wishes { config: config.into(), ..Wishes::default() }).await;
    let ann = desk.agent("Ann").await;
    signed_in(&desk, &ann.id).await;
    let eve = desk.person("Eve", "admin").await;
    let mut browser = Browser::at(&desk);
    let fields = [("password", PASSWORD), ("repeated", PASSWORD)];
    let page = browser.post(&link(&desk, &eve.id).await, &fields).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("An admin has decided") && browser.cookie.is_none(), "{}", page.text());

    let page = browser.sign_in("eve@example.org", PASSWORD).await;
    let secret = in_code_tags(&page).remove(0).replace(' ', "");
    let known_by = hidden(&page, "known-by");
    let send = async |browser: &mut Browser, code: &str| {
        browser.post("/sign-in/second-factor", &[("known-by", known_by.as_str()), ("code", code)]).await
    };
    assert_eq!(send(&mut browser, "123").await.status, 422);
    let done = send(&mut browser, &code(&secret, 0)).await;
    assert_eq!((done.status, in_code_tags(&done).len()), (200, 10));
    assert_eq!(browser.get("/api/v1/audit").await.status, 200);
    assert_eq!(browser.post("/me/second-factor/remove", &[("remove-password", PASSWORD)]).await.status, 403);
    assert_eq!(send(&mut Browser::at(&desk), &code(&secret, 1)).await.status, 422, "once is enough");
}

#[tokio::test]
async fn a_session_of_whoever_becomes_an_admin_waits_for_the_second_factor_and_tokens_do_not() {
    let config = "[sign_in]\nsecond_factor = \"admins\"\n";
    let desk = Desk::open_with(Wishes { config: config.into(), ..Wishes::default() }).await;
    let ann = desk.agent("Ann").await;
    let browser = signed_in(&desk, &ann.id).await;
    assert_eq!(browser.get("/api/v1/me").await.status, 200);
    desk.api.patch(&format!("users/{}", ann.id), json!({ "role": "admin" })).await;
    assert_eq!((browser.get("/api/v1/me").await.status, browser.get("/me").await.status), (401, 303));
    assert_eq!(desk.api.with_token(&ann.token).ask(reqwest::Method::GET, "me", None).await.0, 200);
}

#[tokio::test]
async fn an_admin_takes_it_away_from_whoever_has_lost_it_but_not_from_themselves() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let email = email(&desk, &ann).await;
    let eve_id = desk.person("Eve", "admin").await.id;
    let (mut ann_at, mut eve) = (signed_in(&desk, &ann.id).await, signed_in(&desk, &eve_id).await);
    set_up(&mut ann_at).await;
    set_up(&mut eve).await;
    let (anns, eves) =
        (format!("/people/{}/second-factor", ann.id), format!("/people/{eve_id}/second-factor"));
    assert_eq!(ann_at.post(&eves, &[]).await.status, 403);
    assert_eq!(eve.post(&eves, &[]).await.status, 403, "on their own page they are asked for the password");
    assert!(!eve.get(&format!("/people/{eve_id}")).await.text().contains(&eves[1..]));
    assert!(eve.get(&format!("/people/{}", ann.id)).await.text().contains(&anns[1..]));
    assert_eq!(eve.post(&anns, &[]).await.status, 303);
    assert!(!eve.get(&format!("/people/{}", ann.id)).await.text().contains(&anns[1..]));
    let mut browser = Browser::at(&desk);
    assert_eq!(browser.sign_in(&email, PASSWORD).await.status, 303);
    desk.api.delete(&format!("users/{eve_id}/second-factor")).await;
    assert_eq!(
        desk.api.ask(reqwest::Method::DELETE, &format!("users/{eve_id}/second-factor"), None).await.0,
        404
    );
}

#[tokio::test]
async fn the_secret_and_the_recovery_codes_are_in_no_log_and_no_answer() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let mut browser = signed_in(&desk, &ann.id).await;
    let Device { secret, recovery, .. } = set_up(&mut browser).await;
    let audit = json!(desk.api.all("audit").await).to_string();
    for text in [audit.as_str(), browser.get("/me/second-factor").await.text(), &desk.log()] {
        assert!(!text.contains(&secret), "{text}");
        assert!(recovery.iter().all(|code| !text.contains(code)), "{text}");
    }
}
