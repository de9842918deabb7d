//! Webhooks of telephone companies. Checked in this order: size 413, address 404, signature 403, content 400 or 422.
//! Then the engine decides, and the answer goes out after it is on the disk. If it can't be, the caller gets a
//! document that needs no store: never an error, which would be the telephone company's error voice.

use super::{
    BODY_MAX, Web,
    limits::{Client, TooMany},
    serving::REQUEST_WITHIN,
};
use crate::{
    calls::{channel::Channel, event::Event},
    clock::Stopwatch,
    desk::{
        Input, Outcome, Webhook, documents,
        metrics::{self, WebhookResult},
        spool::SetAside,
    },
    providers::{
        Document, Provider, Reply, Request as Sent,
        addresses::{self, Addresses, Hook},
    },
    routing::ids::ChannelId,
};
use axum::{
    Extension,
    body::{Bytes, to_bytes},
    extract::{Path, Request, State, rejection::PathRejection},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::time::timeout;
use tracing::{debug, warn};

/// Telephone companies wait from 5 s on; a caller hears silence meanwhile.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// While it is known that the store takes no writes, an answer out of it is not worth much silence.
const ANSWER_WITHIN_WHILE_DOWN: Duration = Duration::from_secs(1);
/// A disk that takes longer to sync is one that holds up callers.
const SET_ASIDE_WITHIN: Duration = Duration::from_secs(1);

pub async fn take(
    State(web): State<Web>,
    client: Option<Extension<Client>>,
    path: Result<Path<(String, String, String)>, PathRejection>,
    request: Request,
) -> Response {
    let client = client.map(|Extension(client)| client);
    let (response, why) = match judge(&web, path, request).await {
        Ok(reply) => return ok(reply),
        Err(refused) => refused,
    };
    // Who is not believed is told so only so often; neither is the log.
    if let Err(TooMany(seconds)) = web.limits.refused_webhook(client) {
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())]).into_response();
    }
    if let Some(Refused { provider, why }) = why {
        let address = client.map(|client| client.0);
        warn!(provider, client.address = ?address, reason = why, "a webhook is refused");
    }
    response.into_response()
}

/// What an operator should know of a webhook that is refused.
struct Refused {
    provider: String,
    why: String,
}

/// What it is answered, or why not.
async fn judge(
    web: &Web,
    path: Result<Path<(String, String, String)>, PathRejection>,
    request: Request,
) -> Result<Reply, (StatusCode, Option<Refused>)> {
    let (parts, body) = request.into_parts();
    let body = match timeout(REQUEST_WITHIN, to_bytes(body, BODY_MAX)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return Err((StatusCode::PAYLOAD_TOO_LARGE, None)),
        Err(_) => return Err((StatusCode::REQUEST_TIMEOUT, None)),
    };
    let Ok(Path((provider, channel, hook))) = path else { return Err((StatusCode::NOT_FOUND, None)) };
    let began = Stopwatch::start();
    let metrics = &web.desk.health().metrics;
    let settings = web.desk.settings();
    let channel = channel.parse::<ChannelId>().ok().and_then(|id| settings.channels.get(&id));
    let found = (web.providers.get(&provider), channel, addresses::parse(&hook));
    let (Some(company), Some(channel), Some((hook, epoch))) = found else {
        metrics.webhook(&provider, metrics::NOT_FOUND);
        return Err((StatusCode::NOT_FOUND, None));
    };
    if channel.provider != provider {
        metrics.webhook(&provider, metrics::NOT_FOUND);
        return Err((StatusCode::NOT_FOUND, None));
    }
    let (answered, result) = match answer(web, company, channel, (hook, epoch), &parts, &body).await {
        Ok((reply, result)) => (Ok(reply), result),
        Err((status, result, why)) => {
            (Err((status, Some(Refused { provider: provider.clone(), why }))), result)
        }
    };
    metrics.webhook(&provider, result);
    metrics.webhook.observe(began.elapsed());
    answered
}

async fn answer(
    web: &Web,
    company: &Provider,
    channel: &Channel,
    (hook, epoch): (Hook, Option<i64>),
    parts: &Parts,
    body: &Bytes,
) -> Result<(Reply, WebhookResult), (StatusCode, WebhookResult, String)> {
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let request = Sent { method: parts.method.as_str(), target, headers: &parts.headers, body };
    if let Err(unsigned) = company.verify(&web.public_url, &request, web.clock.now().at) {
        return Err((StatusCode::FORBIDDEN, (metrics::FORBIDDEN, unsigned.code()), unsigned.to_string()));
    }
    web.desk.health().heard(&channel.provider);
    let reading = company.read(&channel.provider, channel.id, hook, &request).map_err(|bad| {
        let (status, result) = match bad.malformed {
            true => (StatusCode::BAD_REQUEST, metrics::MALFORMED),
            false => (StatusCode::UNPROCESSABLE_ENTITY, metrics::INVALID),
        };
        (status, result, format!("{}: {}", bad.field, bad.problem))
    })?;
    if let Some(newer) = epoch.filter(|epoch| *epoch > web.desk.health().epoch.load(Ordering::Relaxed)) {
        web.desk.health().may_be_stale(newer);
        let called = company.called(&request);
        let reply = safe(web, company, channel, without_a_call(hook), called.as_deref().unwrap_or_default());
        return Ok((reply, metrics::SAFE));
    }
    let key = event_key(company, hook, &request);
    let webhook = Webhook { provider: channel.provider.clone(), channel: channel.id, key, reading };
    let mut undelivered = Undelivered { web, hook: Some(hook) };
    let up = web.desk.health().store_is_up();
    let within = if up { ANSWER_WITHIN } else { ANSWER_WITHIN_WHILE_DOWN };
    let outcome = timeout(within, web.desk.ask(Input::Webhook(webhook.clone()))).await;
    match outcome {
        Ok(Ok(Outcome::Reply(reply))) => {
            undelivered.hook = None;
            Ok((reply.as_ref().clone(), metrics::ANSWERED))
        }
        Ok(Ok(Outcome::Late)) => {
            undelivered.hook = None;
            Ok((late(web, company, channel, hook, &key).await, metrics::ANSWERED))
        }
        unanswered => {
            // If one event is at fault, or its call is put aside, it would fare no better later.
            let at_fault = unanswered.is_ok() && web.desk.is_open() && web.desk.health().store_is_up();
            if !at_fault {
                set_aside(web, webhook).await;
            }
            let called = company.called(&request);
            let reply = safe(web, company, channel, hook, called.as_deref().unwrap_or_default());
            Ok((reply, metrics::SAFE))
        }
    }
}

/// Of another run's call nothing is known here, so that nobody could be held in its name: they may leave a message.
fn without_a_call(hook: Hook) -> Hook {
    match hook {
        Hook::Over(..) => Hook::Fallback,
        other => other,
    }
}

/// Writes it down until the store takes it. If that fails too the caller gets the document all the same.
async fn set_aside(web: &Web, webhook: Webhook) {
    let (spool, at) = (web.desk.spool().clone(), web.clock.now().at);
    let keeping = tokio::task::spawn_blocking(move || spool.keep(&SetAside { at, webhook }));
    if timeout(SET_ASIDE_WITHIN, keeping).await.is_err() {
        warn!("the disk is slow: whether a webhook is set aside is not waited for");
    }
}

/// The answer could not be handed over: the peer is gone, or got a safe document instead. What it would have done has
/// to be done by the next one.
struct Undelivered<'a> {
    web: &'a Web,
    hook: Option<Hook>,
}

impl Drop for Undelivered<'_> {
    fn drop(&mut self) {
        let lost = match self.hook {
            Some(Hook::Pressed(call, attempt)) => Some(Event::KeyLost { call, attempt }),
            Some(hook) => hook.call().map(|call| Event::AnswerLost { call }),
            None => None,
        };
        if let Some(lost) = lost {
            self.web.desk.tell(Input::Event(lost));
        }
    }
}

/// A webhook of a call that is over: what it was answered before, else that there is nothing more. One with which a
/// call begins would only hold a caller who is gone.
async fn late(web: &Web, company: &Provider, channel: &Channel, hook: Hook, key: &[u8; 32]) -> Reply {
    let begins = matches!(hook, Hook::Voice | Hook::Held(_) | Hook::Fallback);
    match web.reader.answer(&crate::audio::hex(key)).await {
        _ if begins => {}
        Ok(Some((content_type, body))) => return Reply { content_type: content_type.into(), body },
        Ok(None) => debug!("a webhook of a call that is over"),
        Err(error) => warn!(%error, "earlier answers can't be read"),
    }
    let document = if hook.asks() { Document::Farewell(None) } else { Document::Nothing };
    company.write(&addresses(web, channel), &document)
}

fn safe(web: &Web, company: &Provider, channel: &Channel, hook: Hook, called: &str) -> Reply {
    warn!(hook = %hook, "the caller gets a document that needs no store");
    let times = web.ground.times.with(channel.own_times);
    // Who must not be answered while nobody took the call is not held at all.
    let seconds = if channel.rings_devices() { 0 } else { times.ring_seconds + times.wait_seconds };
    let settings = web.desk.settings();
    let document = documents::safe(hook, called, channel, seconds, &web.sounds, &settings);
    company.write(&addresses(web, channel), &document)
}

fn addresses(web: &Web, channel: &Channel) -> Addresses {
    Addresses {
        public_url: web.public_url.to_string(),
        provider: channel.provider.clone(),
        channel: channel.id,
        epoch: None,
    }
}

/// What is signed is an event only once. Where the address is not signed, the same bytes at another one of ours are the
/// same event; but a call that goes on from address to address may have nothing new to say within a second.
fn event_key(company: &Provider, hook: Hook, request: &Sent<'_>) -> [u8; 32] {
    let (target, time) = match company.signed_time(request) {
        Some(time) if !hook.is_followed() => ("", time),
        _ => (request.target, ""),
    };
    let hash = Sha256::new()
        .chain_update(request.method)
        .chain_update([0])
        .chain_update(target)
        .chain_update([0])
        .chain_update(time)
        .chain_update(if time.is_empty() { &[][..] } else { &[0] })
        .chain_update(request.body);
    hash.finalize().into()
}

fn ok(reply: Reply) -> Response {
    let headers =
        [(header::CONTENT_TYPE, reply.content_type.into_owned()), (header::CACHE_CONTROL, "no-store".into())];
    (headers, reply.body).into_response()
}
