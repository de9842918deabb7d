//! A browser without a screen, for what pages answer to what is sent.

use super::{Answer, answer};
use crate::desk::{Desk, PUBLIC_URL};
use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use serde_json::json;

pub const PASSWORD: &str = "correct horse battery";

/// A browser: it keeps one cookie, says where its pages came from, and shows where it is sent instead of going there.
pub struct Browser {
    pub client: Client,
    pub address: String,
    pub cookie: Option<String>,
}

impl Browser {
    pub fn at(desk: &Desk) -> Self {
        let client = Client::builder().redirect(Policy::none()).build().expect("a client");
        Self { client, address: desk.api.address.clone(), cookie: None }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.address));
        match &self.cookie {
            Some(cookie) => request.header("Cookie", cookie),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = answer(self.request(Method::POST, path).header("Origin", PUBLIC_URL).form(fields)).await;
        if let Some((cookie, _)) = answer.header("set-cookie").split_once(';') {
            self.cookie = Some(cookie.to_owned());
        }
        answer
    }

    pub async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        self.post("/sign-in", &[("email", email), ("password", password)]).await
    }
}

/// A link for this user, as a path.
pub async fn link(desk: &Desk, user: &str) -> String {
    let made = desk.api.post("invitations", json!({ "user": user })).await;
    path_of(made["url"].as_str().expect("a link"))
}

pub fn path_of(url: &str) -> String {
    format!("/invitation/{}", url.rsplit('/').next().expect("a secret"))
}

pub async fn signed_in(desk: &Desk, user: &str) -> Browser {
    let mut browser = Browser::at(desk);
    let fields = [("password", PASSWORD), ("repeated", PASSWORD)];
    let answer = browser.post(&link(desk, user).await, &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    browser
}

/// The browser of somebody new, of this role.
pub async fn signed_in_as(desk: &Desk, name: &str, role: &str) -> Browser {
    signed_in(desk, &desk.person(name, role).await.id).await
}
