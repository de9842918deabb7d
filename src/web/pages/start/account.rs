//! What the operator sets in the configuration, and can't be changed here.

use super::{
    super::layout::{Layout, Signed},
    Refusal, Steps, Web, show,
};
use askama::Template;
use axum::{extract::State, response::Response};

#[derive(Template)]
#[template(path = "start_account.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    steps: Steps,
    public_url: String,
    is_reachable: bool,
    zone: String,
    /// As in `calls.language`.
    language: &'static str,
}

pub async fn show_page(State(web): State<Web>, signed: Signed) -> Result<Response, Refusal> {
    Ok(show(&Page {
        layout: signed.layout.clone(),
        steps: Steps::of(&signed, &web)?,
        public_url: web.public_url.to_string(),
        is_reachable: is_reachable(&web.public_url),
        zone: web.ground.account.name().to_owned(),
        language: web.language.code(),
    }))
}

/// Whether a telephone company could call this address, and nobody on the way can listen.
pub fn is_reachable(public_url: &str) -> bool {
    let Some(host) = public_url.strip_prefix("https://") else { return false };
    !["localhost", "127.", "[::1]"].iter().any(|start| host.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::is_reachable;

    #[test]
    fn no_telephone_company_calls_this_machine_by_itself_or_in_the_clear() {
        assert!(is_reachable("https://calls.example.org/desk"));
        for url in
            ["http://calls.example.org", "https://localhost:8080", "https://127.0.0.1", "https://[::1]"]
        {
            assert!(!is_reachable(url), "{url}");
        }
    }
}
