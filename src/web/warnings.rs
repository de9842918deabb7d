//! What will surprise whoever saved settings, in words.

use super::{
    Problem, Web,
    access::{Sight, Viewer},
    auth::{Caller, Id},
    language::Speaking,
    schemas,
};
use crate::{
    calls::{
        channel::Channel,
        warnings::{Survey, Warning},
    },
    desk::settings::Settings,
    routing::{
        ids::ChannelId,
        sentences::{Language, Teller},
    },
};
use axum::{Json, extract::State};
use serde_json::{Value, json};

/// Everything that may surprise about the channels that `is_meant`; without what was so `before` already, where that is
/// given.
pub async fn of_channels(
    web: &Web,
    before: Option<&Settings>,
    language: Language,
    is_meant: impl Fn(&Channel, &Settings) -> bool + Send,
) -> Vec<Value> {
    let settings = web.desk.settings();
    let mut channels: Vec<&Channel> =
        settings.channels.values().filter(|channel| is_meant(channel, &settings)).collect();
    channels.sort_by_key(|channel| channel.id);
    let mut all = Vec::new();
    for channel in channels {
        let mut warnings = survey(web, channel, &settings).await;
        if let Some(before) = before
            && let Some(channel) = before.channels.get(&channel.id)
        {
            let known = survey(web, channel, before).await;
            warnings.retain(|warning| !known.contains(warning));
        }
        all.extend(in_words(&warnings, channel, &settings, language));
    }
    all
}

/// Everything that may surprise about a channel.
#[utoipa::path(get, path = "/channels/{id}/warnings", tag = "channels", params(("id" = ChannelId, Path)),
    responses((status = 200, body = schemas::Warnings)))]
pub async fn show(
    caller: Caller,
    State(web): State<Web>,
    Id(id): Id<ChannelId>,
    Speaking(language): Speaking,
) -> Result<Json<Value>, Problem> {
    let settings = web.desk.settings();
    if !settings.channels.contains_key(&id) || Viewer::new(&caller, &settings).channel(id) != Sight::All {
        return Err(Problem::not_found());
    }
    let warnings = of_channels(&web, None, language, |channel, _| channel.id == id).await;
    Ok(Json(json!({ "warnings": warnings })))
}

/// What may surprise about a channel as it is given, saved or not, in sentences.
pub async fn sentences(web: &Web, channel: &Channel, settings: &Settings, language: Language) -> Vec<String> {
    let name = |user| settings.name_of(user);
    let warnings = survey(web, channel, settings).await;
    let teller = Teller { language, zone: &channel.zone, name: &name };
    warnings.iter().map(|warning| warning.sentence(&teller)).collect()
}

async fn survey(web: &Web, channel: &Channel, settings: &Settings) -> Vec<Warning> {
    let now = web.clock.now().at;
    // Who holds how many tickets is known to the engine alone; without it this one warning is left out.
    let standing = match web.desk.preview(channel.id, Some(now), None, Some(channel.clone())).await {
        Ok(Ok(preview)) => preview.candidates.to_vec(),
        _ => Vec::new(),
    };
    let channels: Vec<&Channel> = settings.channels.values().collect();
    let (people, times) = (&settings.people, web.ground.times);
    Survey { channel, channels: &channels, people, times, standing: &standing, now }.warnings()
}

fn in_words(warnings: &[Warning], channel: &Channel, settings: &Settings, language: Language) -> Vec<Value> {
    let name = |user| settings.name_of(user);
    let teller = Teller { language, zone: &channel.zone, name: &name };
    let shown = warnings.iter().map(|warning| {
        let mut value = json!(warning);
        if let Some(fields) = value.as_object_mut() {
            fields.entry("arguments").or_insert_with(|| json!({}));
            fields.insert("channel".into(), json!(channel.id));
            fields.insert("pointer".into(), warning.pointer().into());
            fields.insert("sentence".into(), warning.sentence(&teller).into());
        }
        value
    });
    shown.collect()
}
