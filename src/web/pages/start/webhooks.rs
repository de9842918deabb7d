//! The addresses that a telephone company is to be given, and whether it has called one.

use super::{
    super::layout::{Layout, Signed},
    Refusal, Steps, Web,
    account::is_reachable,
    show,
};
use crate::{
    desk::metrics,
    providers::{addresses::Addresses, numbers::NumberWebhooks},
};
use askama::Template;
use axum::{extract::State, response::Response};

/// So many numbers are listed; the others' pages have theirs.
const SHOWN_MAX: usize = 50;

#[derive(Template)]
#[template(path = "start_webhooks.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    steps: Steps,
    is_reachable: bool,
    channels: Vec<Channel>,
    lights: Vec<Light>,
}

struct Channel {
    name: String,
    numbers: Vec<String>,
    company: &'static str,
    webhooks: NumberWebhooks,
}

/// Whether a webhook of this telephone company has come.
struct Light {
    name: String,
    has_heard: bool,
    /// One came, but was not believed.
    was_refused: bool,
}

pub async fn show_page(State(web): State<Web>, signed: Signed) -> Result<Response, Refusal> {
    let steps = Steps::of(&signed, &web)?;
    let settings = web.desk.settings();
    let mut channels: Vec<_> = settings.channels.values().collect();
    channels.sort_by_key(|channel| channel.id);
    let channels = channels.into_iter().take(SHOWN_MAX).map(|channel| Channel {
        name: channel.name.clone(),
        numbers: channel.numbers.clone(),
        company: web.ground.providers.get(&channel.provider).map_or("", |dialect| dialect.company()),
        webhooks: NumberWebhooks::of(&Addresses {
            public_url: web.public_url.to_string(),
            provider: channel.provider.clone(),
            channel: channel.id,
            epoch: None,
        }),
    });
    let (health, channels) = (web.desk.health(), channels.collect());
    let lights = web.providers.keys().map(|name| Light {
        name: name.clone(),
        has_heard: health.has_heard(name),
        was_refused: health.metrics.webhooks().any(|(provider, (result, _), count)| {
            provider == name && result == metrics::FORBIDDEN && count > 0
        }),
    });
    Ok(show(&Page {
        layout: signed.layout.clone(),
        steps,
        is_reachable: is_reachable(&web.public_url),
        channels,
        lights: lights.collect(),
    }))
}
