//! The API, as a program uses it.

use super::PATIENCE;
use reqwest::{Client, Method};
use serde_json::Value;

/// The API with one token.
#[derive(Debug, Clone)]
pub struct Api {
    /// `http://127.0.0.1:PORT`
    pub address: String,
    pub token: String,
    pub client: Client,
}

impl Api {
    pub fn new(address: &str, token: &str) -> Self {
        let client = Client::builder().no_proxy().build().unwrap();
        Self { address: address.to_owned(), token: token.to_owned(), client }
    }

    /// The same with somebody else's token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// Asks, and answers status and document whatever they are.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}/api/v1/{path}", self.address);
        let mut request = self.client.request(method, url).bearer_auth(&self.token).timeout(PATIENCE);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap_or_else(|error| panic!("{path}: {error:?}"));
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    async fn well(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.ask(method.clone(), path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer:#}");
        answer
    }

    pub async fn get(&self, path: &str) -> Value {
        self.well(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.well(Method::POST, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Value {
        self.well(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Value {
        self.well(Method::DELETE, path, None).await
    }

    /// Creates something and answers its id.
    pub async fn create(&self, path: &str, body: Value) -> String {
        let made = self.post(path, body).await;
        made["id"].as_str().expect("what is created has an id").to_owned()
    }

    /// Everything on a list, page by page.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let (mut items, mut after) = (Vec::new(), String::new());
        let joint = if path.contains('?') { '&' } else { '?' };
        loop {
            let mut page = self.get(&format!("{path}{joint}limit=100{after}")).await;
            items.append(page["items"].as_array_mut().expect("a list has items"));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return items,
            }
        }
    }
}
