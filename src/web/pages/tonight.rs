//! What happens to callers from now until tomorrow noon: a sentence for each change, channel by channel.

use super::{
    super::{Problem, Web, auth::Page as Wished},
    channels::{self, panel_at, visible},
    layout::{Layout, Signed},
    refusal::Refusal,
    show,
};
use crate::{
    calls::{
        channel::{Channel, Slot},
        decision::Action,
        preview::{self, Preview, Span},
        warnings::whole_step,
    },
    desk::settings::Settings,
    routing::{ids::ChannelId, sentences::Teller},
};
use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use chrono::{DateTime, Days, NaiveTime, Utc};
use std::sync::Arc;

#[derive(Template)]
#[template(path = "tonight.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    may_change: bool,
    channels: Vec<Evening>,
    next: Option<ChannelId>,
}

struct Evening {
    id: ChannelId,
    name: String,
    zone: &'static str,
    sentences: Vec<Sentence>,
}

struct Sentence {
    /// `good` while somebody rings, `warn` where nobody would, nothing while it is closed.
    look: &'static str,
    /// The panel at that instant.
    link: String,
    time: String,
    text: String,
}

pub fn routes() -> Router<Web> {
    Router::new().route("/tonight", get(show_page))
}

async fn show_page(
    State(web): State<Web>,
    signed: Signed,
    wished: Result<Wished<ChannelId>, Problem>,
) -> Result<Response, Refusal> {
    page(&web, &signed, wished).await.map(|page| show(&page)).map_err(|problem| signed.refuse(problem))
}

async fn page(
    web: &Web,
    signed: &Signed,
    wished: Result<Wished<ChannelId>, Problem>,
) -> Result<Page, Problem> {
    signed.caller.must_not_be_agent()?;
    let Wished { limit, after } = wished?;
    let (settings, limit) = (web.desk.settings(), limit.min(50) as usize);
    let mut seen = visible(signed, &settings);
    seen.retain(|channel| after.is_none_or(|after| channel.id > after));
    let more = seen.len() > limit;
    seen.truncate(limit);
    let next = seen.last().filter(|_| more).map(|channel| channel.id);
    let mut channels = Vec::new();
    for channel in seen {
        channels.push(evening(web, &signed.layout, channel, &settings).await?);
    }
    let may_change = signed.caller.must_be_admin().is_ok();
    Ok(Page { layout: signed.layout.clone(), may_change, channels, next })
}

/// This moment with everybody as they are, then every change by schedules alone, then the next opening.
async fn evening(
    web: &Web,
    layout: &Layout,
    channel: &Channel,
    settings: &Arc<Settings>,
) -> Result<Evening, Problem> {
    let now = web.clock.now().at;
    let times = web.ground.times;
    let standing = web.desk.preview(channel.id, None, None, None).await??;
    let until = tomorrow_noon(channel, now);
    let (looked_at, people) = (channel.clone(), settings.clone());
    let looked = tokio::task::spawn_blocking(move || {
        preview::coverage(&looked_at, &people.people, times, whole_step(now), until)
    });
    let spans = looked.await.map_err(|_| Problem::new(500, "The evening can't be looked at"))?;
    let teller = Teller { language: layout.language, zone: &channel.zone, name: &|user| user.to_string() };
    let tell = |at: DateTime<Utc>, preview: &Preview, is_now: bool| Sentence {
        look: look(preview),
        link: if is_now { format!("channels/{}#now", channel.id) } else { panel_at(channel, at) },
        time: if is_now { layout.t("tonight-now") } else { channels::when(layout, &teller, now, at) },
        text: text(layout, preview, channel, settings),
    };
    let mut sentences = vec![tell(now, &standing, true)];
    let mut before = spans.first().map(|span| kind(&span.preview));
    for span in changes(&spans) {
        if before.replace(kind(&span.preview)) != Some(kind(&span.preview)) {
            sentences.push(tell(span.from, &span.preview, false));
        }
    }
    if let Some(opening) = opening_after(channel, until) {
        let there =
            preview::by_schedule(channel, &settings.people, times, &Default::default(), None, opening);
        sentences.push(tell(opening, &there, false));
    }
    Ok(Evening { id: channel.id, name: channel.name.clone(), zone: channel.zone.name(), sentences })
}

fn tomorrow_noon(channel: &Channel, now: DateTime<Utc>) -> DateTime<Utc> {
    let tomorrow = channel.zone.local(now).date() + Days::new(1);
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default();
    channel.zone.instant(tomorrow.and_time(noon)).unwrap_or(now)
}

/// All but the one in which we are.
fn changes(spans: &[Span]) -> &[Span] {
    spans.get(1..).unwrap_or_default()
}

/// What makes a difference that is worth a sentence. One agent more or less is none; which of the messages is.
fn kind(preview: &Preview) -> (bool, Action, Option<Slot>) {
    let slot = (!preview.hours.open).then(|| Slot::closed(preview.hours.rule));
    (preview.hours.open, preview.action, slot)
}

fn look(preview: &Preview) -> &'static str {
    match preview.action {
        Action::Ring => "good",
        _ if preview.hours.open => "warn",
        _ => "",
    }
}

fn text(layout: &Layout, preview: &Preview, channel: &Channel, settings: &Settings) -> String {
    let outcome = channels::outcome(layout, preview, channel, settings);
    match preview.hours.open {
        true if preview.action == Action::Ring => layout.t1("tonight-open", "outcome", outcome),
        true => layout.t1("tonight-hole", "outcome", outcome),
        false => layout.t1("tonight-closed", "outcome", outcome),
    }
}

/// When it opens next, if that is later than tomorrow noon and it is closed then.
fn opening_after(channel: &Channel, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let hours = &channel.hours;
    if hours.verdict(&channel.zone, until).open { None } else { hours.next_change(&channel.zone, until) }
}
