//! `strowger preview`: who would ring at an instant, and why. It writes nothing; softphones are taken to be connected.

use crate::{
    calls::{
        decision::Action,
        preview::{self, Preview},
    },
    clock::Clock,
    config::Config,
    desk::settings::Settings,
    ground,
    routing::{
        ids::ChannelId,
        sentences::{Language, Teller},
    },
    store::copy,
};
use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};

/// What a call to this channel would meet, in sentences, beside a running daemon or without one. `from`: its caller, who
/// may be met differently from others.
pub async fn run(
    config: &Config,
    channel: ChannelId,
    at: Option<DateTime<Utc>>,
    from: Option<String>,
) -> anyhow::Result<String> {
    let now = Clock::start().now().at;
    let at = at.unwrap_or(now);
    let ground = ground(config, now)?;
    let stored = copy::read(&config.data.dir, now).await?;
    let settings = Settings::load(stored.settings, &ground)
        .map_err(|wrong| anyhow!("a stored setting is not valid: {:?}", wrong.1))?;
    let channel = settings.channels.get(&channel).context("there is no channel of this id")?;
    let cursor = stored.cursors.iter().find(|(id, _)| *id == channel.id).map(|(_, cursor)| *cursor);
    let preview = preview::by_schedule(channel, &settings.people, ground.times, &stored.load, cursor, at);
    let preview = match from {
        Some(from) => preview.of_caller(&from.into(), channel, &settings.contacts),
        None => preview,
    };
    let name = |user| settings.name_of(user);
    let language = config.calls.language.parse().unwrap_or(Language::En);
    Ok(told(&preview, &channel.name, &Teller { language, zone: &channel.zone, name: &name }))
}

fn told(preview: &Preview, channel: &str, teller: &Teller<'_>) -> String {
    let ring: Vec<String> = preview.ring.iter().map(|user| (teller.name)(*user)).collect();
    let what = match preview.action {
        Action::Ring => format!("rings {}", ring.join(", ")),
        Action::Wait => "waits in line".into(),
        Action::AfterHours => "hears the after-hours message".into(),
        Action::Reject => "is refused, as if the line were busy".into(),
        Action::Message => "hears a message and is hung up on".into(),
        _ => "hears the unanswered message".into(),
    };
    let mut lines = vec![format!("{}: a call to {channel} {what}.", teller.instant(preview.at))];
    lines.extend(preview.reasons.iter().map(|reason| format!("  {}", teller.reason(reason))));
    let objections = preview.candidates.iter().filter_map(|(user, _, objection)| {
        let objection = objection?;
        Some(format!("  {}", teller.objection(user, objection)))
    });
    lines.extend(objections);
    lines.join("\n")
}
