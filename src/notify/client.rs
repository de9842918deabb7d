//! The one client for addresses that admins define. It calls public addresses only: names are looked up here and what they
//! resolve to is checked before it is connected to, so that the connection goes where the check looked.

use super::address::{self, check_url, may_call};
use reqwest::{
    Client, Response, StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION},
    redirect::Policy,
};
use std::{net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

/// From looking up the name to the last byte of the answer, redirects and all.
const WITHIN: Duration = Duration::from_secs(10);
const REDIRECTS_MAX: u32 = 3;
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Of our headers those that are only for the host that was asked first.
const SECRET: [&str; 3] = ["webhook-signature", "authorization", "cookie"];

#[derive(Debug, Clone)]
pub struct Outward {
    client: Client,
    allow_loopback: bool,
}

/// Why nothing was delivered, in words that can be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Trouble(pub String);

impl Outward {
    pub fn new(allow_loopback: bool) -> reqwest::Result<Self> {
        Self::looking_up(allow_loopback, |name| Box::pin(look_up(name)))
    }

    fn looking_up(allow_loopback: bool, lookup: Lookup) -> reqwest::Result<Self> {
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .dns_resolver(Arc::new(Checked { allow_loopback, lookup }))
            .user_agent(concat!("Strowger/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, allow_loopback })
    }

    /// Posts JSON and answers the status. Where that is a redirect it is followed, as a post, and checked like the first
    /// address. What the answer says is of no interest, but it must end.
    pub async fn post(&self, url: &str, headers: HeaderMap, body: String) -> Result<StatusCode, Trouble> {
        match tokio::time::timeout(WITHIN, self.ask(url, headers, body)).await {
            Ok(result) => result.map(|(status, _)| status),
            Err(_) => Err(Trouble(format!("no answer within {} seconds", WITHIN.as_secs()))),
        }
    }

    /// As `post`, for as long as the caller waits, with what the answer says.
    pub async fn ask(
        &self,
        url: &str,
        mut headers: HeaderMap,
        body: String,
    ) -> Result<(StatusCode, Vec<u8>), Trouble> {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut url =
            address::check(url, self.allow_loopback).map_err(|refused| Trouble(refused.to_string()))?;
        for _ in 0..=REDIRECTS_MAX {
            let request = self.client.post(url.clone()).headers(headers.clone()).body(body.clone());
            let answer = request.send().await.map_err(|error| Trouble(told(error)))?;
            let status = answer.status();
            let next = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
            let said = read_to_end(answer).await?;
            let follows = matches!(status.as_u16(), 301 | 302 | 307 | 308);
            let Some(next) = next.filter(|_| follows) else { return Ok((status, said)) };
            let from = url.origin();
            url = url.join(&next).map_err(|_| Trouble("it redirects to what is not an address".into()))?;
            url.set_fragment(None);
            if url.origin() != from {
                // What proves who we are is for whom the admin named, and nobody else.
                SECRET.iter().for_each(|name| drop(headers.remove(*name)));
            }
            check_url(&url, self.allow_loopback)
                .map_err(|refused| Trouble(format!("it redirects, but {refused}")))?;
        }
        Err(Trouble(format!("it redirects more than {REDIRECTS_MAX} times")))
    }
}

async fn read_to_end(mut answer: Response) -> Result<Vec<u8>, Trouble> {
    let mut said = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| Trouble(told(error)))? {
        said.extend_from_slice(&chunk);
        if said.len() > ANSWER_BYTES_MAX {
            return Err(Trouble("the answer is longer than 64 KiB".into()));
        }
    }
    Ok(said)
}

/// The innermost cause says most. The address is left out: it may hold what only the admin should know.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    format!("it can't be reached: {cause}")
}

type Found = Pin<Box<dyn Future<Output = std::io::Result<Vec<SocketAddr>>> + Send>>;
type Lookup = fn(String) -> Found;

async fn look_up(name: String) -> std::io::Result<Vec<SocketAddr>> {
    tokio::net::lookup_host((name, 0)).await.map(Iterator::collect)
}

/// Looks names up, and takes no address that is not public. What was looked at is what is connected to.
struct Checked {
    allow_loopback: bool,
    lookup: Lookup,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { allow_loopback, lookup } = *self;
        Box::pin(async move {
            let found = lookup(name.as_str().to_owned()).await?;
            match found.iter().find(|address| !may_call(address.ip(), allow_loopback)) {
                Some(address) => Err(address::Refused::NotPublic(address.ip().to_string()).into()),
                None => Ok(Box::new(found.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Router, http::header, response::IntoResponse, routing::any};
    use tokio::net::TcpListener;

    async fn receiver() -> String {
        let to = |to: &'static str| {
            move || async move {
                (axum::http::StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response()
            }
        };
        let router = Router::new()
            .route("/well", any(|| async { "thanks" }))
            .route("/long", any(|| async { "a".repeat(65 * 1024) }))
            .route("/one", any(to("/well")))
            .route("/two", any(to("/one")))
            .route("/three", any(to("/two")))
            .route("/four", any(to("/three")))
            .route("/private", any(to("http://10.0.0.1/")))
            .route("/metadata", any(to("https://169.254.169.254/latest")))
            .route("/elsewhere", any(to("file:///etc/passwd")));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    async fn post(to: &str, allow_loopback: bool) -> Result<u16, String> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let outward = Outward::new(allow_loopback).unwrap();
        let posted = outward.post(to, HeaderMap::new(), "{}".into()).await;
        posted.map(|status| status.as_u16()).map_err(|trouble| trouble.0)
    }

    #[tokio::test]
    async fn three_redirects_are_followed_and_each_is_checked() {
        let receiver = receiver().await;
        let at = |path: &str| format!("{receiver}/{path}");
        assert_eq!(post(&at("well"), true).await, Ok(200));
        assert_eq!(post(&at("three"), true).await, Ok(200));
        assert_eq!(post(&at("four"), true).await, Err("it redirects more than 3 times".into()));
        assert_eq!(
            post(&at("private"), true).await,
            Err("it redirects, but it must begin with https://".into())
        );
        let refused = "it redirects, but 169.254.169.254 is not a public address";
        assert_eq!(post(&at("metadata"), true).await, Err(refused.into()));
        assert!(post(&at("elsewhere"), true).await.unwrap_err().starts_with("it redirects, but"));
        assert_eq!(post(&at("long"), true).await, Err("the answer is longer than 64 KiB".into()));
        assert_eq!(post(&at("missing"), true).await, Ok(404));
    }

    #[tokio::test]
    async fn a_name_is_looked_up_once_for_a_connection_and_judged_at_each() {
        use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
        static ASKED: AtomicU32 = AtomicU32::new(0);
        let _ = rustls::crypto::ring::default_provider().install_default();
        // At first it leads where it may; whoever asks again is led to our own network.
        let changing: Lookup = |_| {
            Box::pin(async {
                let address = if ASKED.fetch_add(1, Relaxed) == 0 { [127, 0, 0, 1] } else { [10, 0, 0, 1] };
                Ok(vec![SocketAddr::from((address, 0))])
            })
        };
        let outward = Outward::looking_up(true, changing).unwrap();
        let (first, second) = (receiver().await, receiver().await);
        let post = async |to: &str| {
            let url = format!("{}/well", to.replace("127.0.0.1", "localhost"));
            outward.post(&url, HeaderMap::new(), "{}".into()).await.map(|status| status.as_u16())
        };
        assert_eq!(post(&first).await, Ok(200));
        assert_eq!(ASKED.load(Relaxed), 1, "between the check and the connection nobody is asked");
        let error = post(&second).await.unwrap_err();
        assert!(error.0.ends_with("10.0.0.1 is not a public address"), "{error}");
        assert_eq!(ASKED.load(Relaxed), 2);
    }

    #[tokio::test]
    async fn what_proves_who_we_are_stays_with_the_host_that_was_asked() {
        let echo = |headers: axum::http::HeaderMap| async move {
            let has = |name: &str| headers.contains_key(name);
            // The status tells which of them came.
            let seen = [has("webhook-id"), has("webhook-signature"), has("authorization"), has("cookie")];
            let code = seen.iter().fold(0, |code, seen| code * 2 + u16::from(*seen));
            axum::http::StatusCode::from_u16(200 + code).unwrap()
        };
        let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let elsewhere = format!("http://{}/echo", other.local_addr().unwrap());
        let to = |to: String| {
            any(move || async move { (axum::http::StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]) })
        };
        let router = Router::new().route("/echo", any(echo));
        tokio::spawn(async move { axum::serve(other, router).await });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/echo", any(echo))
            .route("/same", to("/echo".into()))
            .route("/other", to(elsewhere.clone()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let _ = rustls::crypto::ring::default_provider().install_default();
        let outward = Outward::new(true).unwrap();
        let mut headers = HeaderMap::new();
        for name in ["webhook-id", "webhook-signature", "authorization", "cookie"] {
            headers.insert(name, HeaderValue::from_static("x"));
        }
        for (path, expected) in [("echo", 215), ("same", 215), ("other", 208)] {
            let posted = outward.post(&format!("{here}/{path}"), headers.clone(), "{}".into()).await;
            assert_eq!(posted.map(|status| status.as_u16()), Ok(expected), "{path}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_here_is_refused_whatever_it_is_called() {
        let error = post("https://localhost:1/", false).await.unwrap_err();
        assert!(error.ends_with("is not a public address"), "{error}");
    }
}
