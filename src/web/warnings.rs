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
        zone::Zone,
    },
    tickets::{
        channel::{Channel as TicketChannel, Way},
        warnings::{Survey as TicketSurvey, Warning as TicketWarning},
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
    is_meant: impl Fn(ChannelId, &Settings) -> bool + Send,
) -> Vec<Value> {
    let settings = web.desk.settings();
    let meant: Vec<ChannelId> =
        settings.channel_documents().map(|(id, _)| id).filter(|id| is_meant(*id, &settings)).collect();
    let mut all = Vec::new();
    for id in meant {
        if let Some(channel) = settings.channels.get(&id) {
            let mut warnings = survey(web, channel, &settings).await;
            if let Some(before) = before
                && let Some(channel) = before.channels.get(&id)
            {
                let known = survey(web, channel, before).await;
                warnings.retain(|warning| !known.contains(warning));
            }
            let teller = &Telling { language, zone: &channel.zone, settings: &settings };
            all.extend(warnings.iter().map(|warning| {
                teller.tell(json!(warning), id, warning.pointer(), |teller| warning.sentence(teller))
            }));
        } else if let Some(channel) = settings.ticket_channels.get(&id) {
            let mut warnings = survey_tickets(web, channel, &settings);
            if let Some(before) = before
                && let Some(channel) = before.ticket_channels.get(&id)
            {
                let known = survey_tickets(web, channel, before);
                warnings.retain(|warning| !known.contains(warning));
            }
            let teller = &Telling { language, zone: &channel.zone, settings: &settings };
            all.extend(warnings.iter().map(|warning| {
                teller.tell(json!(warning), id, warning.pointer(), |teller| warning.sentence(teller))
            }));
        }
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
    let is_there = settings.channel_document(id).is_some();
    if !is_there || Viewer::new(&caller, &settings).channel(id) != Sight::All {
        return Err(Problem::not_found());
    }
    let warnings = of_channels(&web, None, language, |channel, _| channel == id).await;
    Ok(Json(json!({ "warnings": warnings })))
}

/// The same of a channel that makes tickets.
pub fn of_written(
    web: &Web,
    channel: &TicketChannel,
    settings: &Settings,
    language: Language,
) -> Vec<String> {
    let name = |user| settings.name_of(user);
    let teller = Teller { language, zone: &channel.zone, name: &name };
    survey_tickets(web, channel, settings).iter().map(|warning| warning.sentence(&teller)).collect()
}

fn survey_tickets(web: &Web, channel: &TicketChannel, settings: &Settings) -> Vec<TicketWarning> {
    let is_configured = match &channel.way {
        Way::Email(email) => web.mailboxes.contains_key(&email.mailbox),
        Way::Whatsapp(whatsapp) => web.whatsapp.contains_key(&whatsapp.account),
        Way::Form(_) | Way::Chat(_) | Way::Api => true,
    };
    let (people, now) = (&settings.people, web.clock.now().at);
    TicketSurvey { channel, people, is_configured, now }.warnings()
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

/// How a channel's warnings are told.
struct Telling<'a> {
    language: Language,
    zone: &'a Zone,
    settings: &'a Settings,
}

impl Telling<'_> {
    fn tell(
        &self,
        mut warning: Value,
        channel: ChannelId,
        pointer: &str,
        sentence: impl Fn(&Teller<'_>) -> String,
    ) -> Value {
        let name = |user| self.settings.name_of(user);
        let teller = Teller { language: self.language, zone: self.zone, name: &name };
        if let Some(fields) = warning.as_object_mut() {
            fields.entry("arguments").or_insert_with(|| json!({}));
            fields.insert("channel".into(), json!(channel));
            fields.insert("pointer".into(), pointer.into());
            fields.insert("sentence".into(), sentence(&teller).into());
        }
        warning
    }
}
