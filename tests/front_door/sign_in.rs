//! Signing in to the pages: links, passwords, cookies, and what they open.

use super::{Answer, answer};
use crate::desk::{Desk, PUBLIC_URL};
use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

/// A browser: it keeps one cookie, says where its pages came from, and shows where it is sent instead of going there.
struct Browser {
    client: Client,
    address: String,
    cookie: Option<String>,
}

impl Browser {
    fn at(desk: &Desk) -> Self {
        let client = Client::builder().redirect(Policy::none()).build().expect("a client");
        Self { client, address: desk.api.address.clone(), cookie: None }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.address));
        match &self.cookie {
            Some(cookie) => request.header("Cookie", cookie),
            None => request,
        }
    }

    async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = answer(self.request(Method::POST, path).header("Origin", PUBLIC_URL).form(fields)).await;
        if let Some((cookie, _)) = answer.header("set-cookie").split_once(';') {
            self.cookie = Some(cookie.to_owned());
        }
        answer
    }

    async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        self.post("/sign-in", &[("email", email), ("password", password)]).await
    }
}

/// A link for this user, as a path.
async fn link(desk: &Desk, user: &str) -> String {
    let made = desk.api.post("invitations", json!({ "user": user })).await;
    path_of(made["url"].as_str().expect("a link"))
}

fn path_of(url: &str) -> String {
    format!("/invitation/{}", url.rsplit('/').next().expect("a secret"))
}

async fn signed_in(desk: &Desk, user: &str) -> Browser {
    let mut browser = Browser::at(desk);
    let fields = [("password", PASSWORD), ("repeated", PASSWORD)];
    let answer = browser.post(&link(desk, user).await, &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    browser
}

#[tokio::test]
async fn whoever_is_invited_chooses_a_password_once_and_signs_in_with_it() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let email = desk.api.get(&format!("users/{}", ann.id)).await["email"].as_str().expect("one").to_owned();
    let link = link(&desk, &ann.id).await;
    let mut browser = Browser::at(&desk);
    assert_eq!(browser.get("/me").await.header("location"), "/sign-in?next=%2Fme");
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
    let fields = [("name", ""), ("email", "eve"), ("password", PASSWORD), ("repeated", PASSWORD)];
    assert_eq!(browser.post(&path, &fields).await.status, 422);
    let fields =
        [("name", "Eve"), ("email", "eve@example.org"), ("password", PASSWORD), ("repeated", PASSWORD)];
    let answer = browser.post(&path, &fields).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/start"));
    let me: Value = browser.get("/api/v1/me").await.json();
    assert_eq!((&me["role"], &me["user"]["name"]), (&json!("admin"), &json!("Eve")));
    assert!(!link().0, "from now on admins invite");
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
    desk.kill();
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
