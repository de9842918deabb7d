//! Signing in to the pages: links, passwords, cookies, and what they open.

use super::{
    answer,
    browser::{Browser, PASSWORD, link, path_of, signed_in, signed_in_as},
};
use crate::desk::{Desk, PATIENCE, PUBLIC_URL, Wishes};
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, client::IntoClientRequest},
};

const LOOK_EVERY: Duration = Duration::from_millis(50);

#[tokio::test]
async fn whoever_is_invited_chooses_a_password_once_and_signs_in_with_it() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let email = desk.api.get(&format!("users/{}", ann.id)).await["email"].as_str().expect("one").to_owned();
    let link = link(&desk, &ann.id).await;
    let mut browser = Browser::at(&desk);
    assert_eq!(browser.get("/me").await.header("location"), "/sign-in?next=%2Fme");
    assert_eq!(browser.post("/sign-out", &[]).await.header("location"), "/sign-in?next=%2F");
    assert!(browser.get(&link).await.text().contains("Ann"));
    for (password, repeated, wrong) in
        [("short", "short", "at least 10"), (PASSWORD, "something else", "not the same")]
    {
        let answer = browser.post(&link, &[("password", password), ("repeated", repeated)]).await;
        assert_eq!(answer.status, 422);
        assert!(answer.text().contains(wrong), "{}", answer.text());
    }
    let fields = [("password", PASSWORD), ("repeated", PASSWORD)];
    assert_eq!(browser.post(&link, &fields).await.status, 303);
    assert_eq!(browser.get("/me").await.status, 200);
    assert_eq!(browser.get(&link).await.status, 410);
    assert_eq!(Browser::at(&desk).post(&link, &fields).await.status, 410);

    let mut other = Browser::at(&desk);
    let refused = other.sign_in(&email, "wrong horse battery").await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains(&email), "what was typed stays");
    assert!(!refused.text().contains("wrong horse"), "but for the password");
    assert!(other.cookie.is_none());
    assert_eq!(other.sign_in("nobody@example.org", PASSWORD).await.status, 422);
    let fields = [("email", &*email.to_uppercase()), ("password", PASSWORD), ("next", "/me?x=1")];
    assert_eq!(other.post("/sign-in", &fields).await.header("location"), "/me?x=1");
    assert_eq!(other.get("/sign-in").await.status, 303, "nobody signs in twice");
}

#[tokio::test]
async fn the_first_admin_comes_in_by_the_link_that_the_daemon_makes_and_only_the_first() {
    let desk = Desk::open().await;
    let link = || {
        let made = desk.command(&["sign-in-link"]).output().expect("the program runs");
        (made.status.success(), String::from_utf8_lossy(&made.stdout).trim().to_owned())
    };
    let (made, url) = link();
    assert!(made);
    let (path, mut browser) = (path_of(&url), Browser::at(&desk));
    let empty = r#"name="name" type="text" value="""#;
    assert!(browser.get(&path).await.text().contains(empty), "nothing is filled in");
    let fields = [("name", "Eve <b>"), ("email", "eve"), ("password", PASSWORD), ("repeated", PASSWORD)];
    let again = browser.post(&path, &fields).await;
    assert_eq!(again.status, 422);
    let typed = [r#"value="Eve &#60;b&#62;""#, r#"value="eve""#];
    assert!(typed.iter().all(|typed| again.text().contains(typed)), "it is as typed: {}", again.text());
    let fields =
        [("name", "Eve"), ("email", "eve@example.org"), ("password", PASSWORD), ("repeated", PASSWORD)];
    let answer = browser.post(&path, &fields).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/start"));
    let me: Value = browser.get("/api/v1/me").await.json();
    assert_eq!((&me["role"], &me["user"]["name"]), (&json!("admin"), &json!("Eve")));
    assert!(!link().0, "from now on admins invite");
}

#[tokio::test]
async fn of_two_who_follow_one_link_at_the_same_time_one_is_let_in() {
    let desk = Desk::open().await;
    let made = desk.command(&["sign-in-link"]).output().expect("the program runs");
    let path = path_of(String::from_utf8_lossy(&made.stdout).trim());
    let (mut eve, mut mallory) = (Browser::at(&desk), Browser::at(&desk));
    let who = |email| [("name", "Eve"), ("email", email), ("password", PASSWORD), ("repeated", PASSWORD)];
    let (one, other) = (who("eve@example.org"), who("mallory@example.org"));
    let (one, other) = tokio::join!(eve.post(&path, &one), mallory.post(&path, &other));
    let mut answers = [one.status, other.status];
    answers.sort_unstable();
    assert_eq!(answers, [303, 410]);
    let admins = desk.api.all("users").await;
    assert_eq!(admins.iter().filter(|user| user["role"] == "admin").count(), 1, "{admins:?}");
}

#[tokio::test]
async fn the_link_of_the_first_start_is_over_once_somebody_can_sign_in() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let made = desk.command(&["sign-in-link"]).output().expect("the program runs");
    let path = path_of(String::from_utf8_lossy(&made.stdout).trim());
    assert_eq!(Browser::at(&desk).get(&path).await.status, 200);
    signed_in(&desk, &ann.id).await;
    assert_eq!(Browser::at(&desk).get(&path).await.status, 410);
    let fields =
        [("name", "Eve"), ("email", "eve@example.org"), ("password", PASSWORD), ("repeated", PASSWORD)];
    assert_eq!(Browser::at(&desk).post(&path, &fields).await.status, 410);
}

#[tokio::test]
async fn after_a_restore_everybody_signs_in_again_and_links_of_before_are_over() {
    let mut desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let mut browser = signed_in(&desk, &ann.id).await;
    let link = link(&desk, &ben.id).await;
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("strowger.tar");
    let file = file.to_str().expect("a name").to_owned();
    assert!(desk.command(&["backup", &file]).output().expect("the program runs").status.success());
    desk.stop().await;
    let restored = desk.command(&["restore", &file, "--replace"]).output().expect("the program runs");
    assert!(restored.status.success(), "{restored:?}");
    desk.start().await;
    browser.address = desk.api.address.clone();
    assert_eq!((browser.get("/me").await.status, browser.get(&link).await.status), (303, 410));
}

#[tokio::test]
async fn what_nobody_can_use_any_more_is_forgotten_and_so_is_from_where_changes_came() {
    let mut desk = Desk::open_with(Wishes {
        config: "[data]\nrecount_seconds = 1\n[retention]\nlogs_days = 1\n".into(),
        ..Wishes::default()
    })
    .await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    signed_in(&desk, &ann.id).await;
    link(&desk, &ben.id).await;
    let left = "select (select count(*) from sessions) + (select count(*) from invitations)
        + (select count(*) from audit where address is not null)";
    assert!(desk.number(left).await.is_some_and(|left| left > 3));
    desk.stop().await;
    for sql in [
        "update sessions set used_ms = 0",
        "update invitations set expires_ms = 0",
        "update audit set at_ms = 0 where address is not null",
    ] {
        sqlx::query(sql).execute(&mut desk.store().await).await.expect("it is written");
    }
    desk.start().await;
    // Whoever's session ends by its age is written down, too, but from no address.
    for _ in 0..PATIENCE.as_millis() / LOOK_EVERY.as_millis() {
        if desk.number(left).await == Some(0) {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    panic!("still there: {:?}", desk.number(left).await);
}

#[tokio::test]
async fn a_repeated_invitation_makes_no_second_link() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let ask = || {
        let request = desk.api.client.post(format!("{}/api/v1/invitations", desk.api.address));
        let request = request.bearer_auth(&desk.api.token).header("Idempotency-Key", "once");
        answer(request.json(&json!({ "user": ann.id })))
    };
    let first = ask().await;
    assert_eq!(first.status, 201);
    ask().await.must_be_problem(409, "a repeat");
    let path = path_of(first.json()["url"].as_str().expect("a link"));
    assert_eq!(Browser::at(&desk).get(&path).await.status, 200, "the first one works still");
}

#[tokio::test]
async fn a_browser_is_told_by_a_page_what_is_not_there_and_a_program_by_a_problem() {
    let desk = Desk::open().await;
    let accepting = |path: &'static str, accept: &'static str| {
        let request = desk.api.client.get(format!("{}{path}", desk.api.address));
        answer(request.header("Accept", accept))
    };
    const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (path, status) in [("/nothing", 404), ("/sign-out", 405), ("//evil.example.org/", 404)] {
        let page = accepting(path, BROWSER).await;
        assert_eq!(page.status, status, "{path}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert!(page.header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert!(!page.text().contains("\"//"), "{path} leads nowhere else: {}", page.text());
        accepting(path, "application/json").await.must_be_problem(status, path);
    }
    accepting("/api/v1/nothing", BROWSER).await.must_be_problem(404, "the API");
    let hook = accepting("/hooks/nothing", BROWSER).await;
    assert_eq!((hook.status, hook.text()), (404, ""));
    let admin = signed_in_as(&desk, "Eve", "admin").await;
    for path in ["/channels/none", "/tickets/none", "/people/teams/none", "/people/inboxes/none"] {
        let page = answer(admin.request(Method::GET, path).header("Accept", BROWSER)).await;
        assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"), "{path}");
    }
    let api = admin.request(Method::GET, "/api/v1/channels/none").header("Accept", BROWSER);
    answer(api).await.must_be_problem(404, "the API, whoever asks");
}

#[tokio::test]
async fn a_session_does_in_the_api_what_its_user_may_and_only_from_our_own_pages() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let browser = signed_in(&desk, &ann.id).await;
    assert_eq!(browser.get("/api/v1/me").await.json()["user"]["name"], "Ann");
    assert_eq!(browser.get("/api/v1/audit").await.status, 403);
    let set = |origin: Option<&str>, agent: &str| {
        let path = format!("/api/v1/users/{agent}/availability");
        let request = browser.request(Method::PUT, &path).json(&json!({ "state": "available" }));
        answer(match origin {
            Some(origin) => request.header("Origin", origin),
            None => request,
        })
    };
    assert_eq!(set(Some(PUBLIC_URL), &ann.id).await.status, 200);
    assert_eq!(set(Some(PUBLIC_URL), &ben.id).await.status, 404);
    for elsewhere in [None, Some("null"), Some("https://evil.example.org")] {
        set(elsewhere, &ann.id).await.must_be_problem(403, "from elsewhere");
    }
    let form = browser.request(Method::POST, "/me/sign-out-everywhere").form(&[("a", "b")]);
    assert_eq!(answer(form.header("Origin", "https://evil.example.org")).await.status, 403);
    assert_eq!(browser.get("/me").await.status, 200);
}

#[tokio::test]
async fn a_session_outlives_a_restart_and_ends_where_somebody_signs_out() {
    let mut desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let mut here = signed_in(&desk, &ann.id).await;
    let email = desk.api.get(&format!("users/{}", ann.id)).await["email"].as_str().expect("one").to_owned();
    let mut there = Browser::at(&desk);
    there.sign_in(&email, PASSWORD).await;
    desk.restart().await;
    for browser in [&mut here, &mut there] {
        browser.address = desk.api.address.clone();
        assert_eq!(browser.get("/me").await.status, 200);
    }
    let stolen = here.cookie.clone();
    let answer = here.post("/sign-out", &[]).await;
    assert!(answer.header("set-cookie").contains("Max-Age=0"), "{answer:?}");
    here.cookie = stolen;
    assert_eq!((here.get("/me").await.status, there.get("/me").await.status), (303, 200));
    assert_eq!(here.get("/api/v1/me").await.status, 401);

    let fields = [("old", "wrong horse battery"), ("password", "another horse battery")];
    assert_eq!(there.post("/me/password", &fields).await.status, 422);
    here.sign_in(&email, PASSWORD).await;
    let fields = [("old", PASSWORD), ("password", "another horse battery")];
    assert_eq!(there.post("/me/password", &fields).await.status, 303);
    assert_eq!((here.get("/me").await.status, there.get("/me").await.status), (303, 200));
    assert_eq!(here.sign_in(&email, PASSWORD).await.status, 422);
    assert_eq!(here.sign_in(&email, "another horse battery").await.status, 303);
    there.post("/me/sign-out-everywhere", &[]).await;
    assert_eq!((here.get("/me").await.status, there.get("/me").await.status), (303, 303));
}

#[tokio::test]
async fn whoever_is_wrong_too_often_has_to_wait_even_with_the_right_password() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    signed_in(&desk, &ann.id).await;
    let email = desk.api.get(&format!("users/{}", ann.id)).await["email"].as_str().expect("one").to_owned();
    let mut browser = Browser::at(&desk);
    for _ in 0..6 {
        assert_eq!(browser.sign_in(&email, "wrong horse battery").await.status, 422);
    }
    let answer = browser.sign_in(&email, PASSWORD).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("Too many mistakes"), "{}", answer.text());
}

#[tokio::test]
async fn no_password_and_no_cookie_is_in_the_log_the_audit_or_a_page() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let browser = signed_in(&desk, &ann.id).await;
    let cookie = browser.cookie.clone().expect("a cookie");
    let secret = cookie.split_once('=').expect("a secret").1.to_owned();
    let audit = json!(desk.api.all("audit").await).to_string();
    assert!(audit.contains("\"credentials\"") && audit.contains("\"session\""), "{audit}");
    let page = browser.get("/me").await;
    for (name, value) in [("content-security-policy", "default-src 'none'"), ("cache-control", "no-store")] {
        assert!(page.header(name).contains(value), "{name}: {page:?}");
    }
    for text in [audit.as_str(), page.text(), &desk.log()] {
        assert!(!text.contains(&secret) && !text.contains(PASSWORD) && !text.contains("argon2"), "{text}");
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A softphone on a page of this origin. Err: the status with which it is refused.
async fn softphone(browser: &Browser, origin: Option<&str>) -> Result<Socket, u16> {
    let url = format!("{}/softphone", browser.address.replacen("http", "ws", 1));
    let mut request = url.into_client_request().expect("a request");
    let cookie = browser.cookie.as_deref().expect("a cookie");
    let said =
        [("cookie", Some(cookie)), ("origin", origin), ("sec-websocket-protocol", Some("strowger.v1"))];
    for (name, value) in said {
        if let Some(value) = value {
            request.headers_mut().insert(name, value.parse().expect("a header"));
        }
    }
    match connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

/// Reads until the socket ends.
async fn ends(mut socket: Socket) {
    let all = async {
        while socket.next().await.is_some_and(|frame| frame.is_ok_and(|frame| !frame.is_close())) {}
    };
    timeout(PATIENCE * 4, all).await.expect("the socket stays open");
}

#[tokio::test]
async fn a_softphone_on_our_own_page_needs_no_token_and_ends_with_its_session() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let mut browser = signed_in(&desk, &ann.id).await;
    for (origin, status) in [(None, 401), (Some("https://evil.example.org"), 403), (Some("null"), 403)] {
        assert_eq!(softphone(&browser, origin).await.err(), Some(status), "{origin:?}");
    }
    let mut socket = softphone(&browser, Some(PUBLIC_URL)).await.expect("it is let in");
    let welcome = socket.next().await.expect("a frame").expect("a whole one");
    assert!(welcome.to_text().expect("text").contains("\"welcome\""), "{welcome}");
    browser.post("/sign-out", &[]).await;
    ends(socket).await;
    assert!(softphone(&browser, Some(PUBLIC_URL)).await.is_err());
}

#[tokio::test]
async fn a_softphone_ends_when_its_session_is_too_old() {
    let config = "[data]\nrecount_seconds = 1\n";
    let mut desk = Desk::open_with(Wishes { config: config.into(), ..Wishes::default() }).await;
    let ann = desk.agent("Ann").await;
    let mut browser = signed_in(&desk, &ann.id).await;
    // A machine that is so slow that the session ends before the socket is open gets more time.
    for left_seconds in [4, 12, 36] {
        desk.stop().await;
        let sql = "update sessions set used_ms = cast(unixepoch('subsec') * 1000 as integer) - $1";
        let unused_ms = (7 * 86_400 - left_seconds) * 1_000;
        sqlx::query(sql).bind(unused_ms).execute(&mut desk.store().await).await.expect("it is written");
        desk.start().await;
        browser.address = desk.api.address.clone();
        if let Ok(socket) = softphone(&browser, Some(PUBLIC_URL)).await {
            return ends(socket).await;
        }
        browser = signed_in(&desk, &ann.id).await;
    }
    panic!("the machine is too slow");
}
