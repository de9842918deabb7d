//! All channels that whoever asks may look into: how each stands now.

use super::{
    super::{
        super::{
            Problem, Web,
            access::{Sight, Viewer},
            auth::Page as Wished,
            channels::Channels,
            settings::Kind,
            warnings,
        },
        layout::{Layout, Signed},
        refusal::Refusal,
        show,
    },
    panel,
};
use crate::{calls::channel::Channel, desk::settings::Settings, routing::ids::ChannelId};
use askama::Template;
use axum::{extract::State, response::Response};

#[derive(Template)]
#[template(path = "channels.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    may_change: bool,
    rows: Vec<Row>,
    /// The last of this page, if there are more.
    next: Option<ChannelId>,
}

struct Row {
    id: ChannelId,
    name: String,
    numbers: Vec<String>,
    provider: String,
    zone: &'static str,
    open: bool,
    state: String,
    /// Whom a call could ring now, were it open.
    ringable: usize,
    reached: usize,
    warnings: usize,
}

pub async fn show_page(
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
    let mut channels: Vec<&Channel> = visible(signed, &settings)
        .into_iter()
        .filter(|channel| after.is_none_or(|after| channel.id > after))
        .collect();
    let more = channels.len() > limit;
    channels.truncate(limit);
    let mut rows = Vec::new();
    for channel in &channels {
        rows.push(row(web, &signed.layout, channel, &settings).await?);
    }
    Ok(Page {
        layout: signed.layout.clone(),
        may_change: signed.caller.must_be_admin().is_ok(),
        next: channels.last().filter(|_| more).map(|channel| channel.id),
        rows,
    })
}

/// Those that whoever asks may look into, the oldest first.
pub fn visible<'a>(signed: &Signed, settings: &'a Settings) -> Vec<&'a Channel> {
    let viewer = Viewer::new(&signed.caller, settings);
    let seen = Channels::all(settings).into_iter().filter(|id| viewer.channel(*id) == Sight::All);
    seen.filter_map(|id| settings.channels.get(&id)).collect()
}

async fn row(web: &Web, layout: &Layout, channel: &Channel, settings: &Settings) -> Result<Row, Problem> {
    let preview = web.desk.preview(channel.id, None, None, None).await??;
    let ringable = preview.candidates.len() - preview.candidates.objections().count();
    Ok(Row {
        id: channel.id,
        name: channel.name.clone(),
        numbers: channel.numbers.clone(),
        provider: channel.provider.clone(),
        zone: channel.zone.name(),
        open: preview.hours.open,
        state: panel::state(layout, &preview, channel),
        ringable,
        reached: preview.candidates.len(),
        warnings: warnings::sentences(web, channel, settings, layout.language).await.len(),
    })
}
