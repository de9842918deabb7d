//! `strowger preview`: who would ring, or be given a ticket, at an instant, and why. It writes nothing; softphones are
//! taken to be connected.

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
        availability::ByHand,
        candidates::Candidates,
        contacts::Key,
        distribution::Cursor,
        ids::{ChannelId, UserId},
        load::Load,
        reasons::Reason,
        sentences::{Language, Teller},
    },
    store::copy,
    tickets::{
        channel::Channel as TicketChannel,
        preview::{Preview as TicketPreview, preview as preview_ticket},
        sharing::{Customer, Question, Reached, To},
    },
};
use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};

/// What a call to this channel, or a ticket of it, would meet, in sentences, beside a running daemon or without one.
/// `from`: its caller, or who wrote, by number or address; they may be met differently from others.
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
    let cursor = stored.cursors.iter().find(|(id, _)| *id == channel).map(|(_, cursor)| *cursor);
    let name = |user| settings.name_of(user);
    let language = config.calls.language.parse().unwrap_or(Language::En);
    if let Some(channel) = settings.ticket_channels.get(&channel) {
        let preview = of_ticket(channel, &settings, &stored.load, cursor, at, from.as_deref());
        let teller = Teller { language, zone: &channel.zone, name: &name };
        return Ok(ticket_told(&preview, channel, &settings, &teller));
    }
    let channel = settings.channels.get(&channel).context("there is no channel of this id")?;
    let preview = preview::by_schedule(channel, &settings.people, ground.times, &stored.load, cursor, at);
    let preview = match from {
        Some(from) => preview.of_caller(&from.into(), channel, &settings.contacts),
        None => preview,
    };
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
    let told = format!("{}: a call to {channel} {what}.", teller.instant(preview.at));
    with_reasons(told, &preview.reasons, &preview.candidates, teller)
}

fn with_reasons(told: String, reasons: &[Reason], candidates: &Candidates, teller: &Teller<'_>) -> String {
    let mut lines = vec![told];
    lines.extend(reasons.iter().map(|reason| format!("  {}", teller.reason(reason))));
    let objections = candidates.iter().filter_map(|(user, _, objection)| {
        let objection = objection?;
        Some(format!("  {}", teller.objection(user, objection)))
    });
    lines.extend(objections);
    lines.join("\n")
}

fn of_ticket(
    channel: &TicketChannel,
    settings: &Settings,
    load: &Load,
    cursor: Option<Cursor>,
    at: DateTime<Utc>,
    from: Option<&str>,
) -> TicketPreview {
    let known = |from| {
        let contacts = &settings.contacts;
        contacts.find(Key::Number(from)).or_else(|| contacts.find(Key::Email(from)))
    };
    let contact = from.and_then(known).map(|(_, contact)| contact);
    preview_ticket(&Question {
        reached: &Reached::of(channel, &settings.people),
        channel,
        people: &settings.people,
        load,
        customer: contact.map(|contact| Customer { owner: contact.owner, tracked: contact.tracked }),
        properties: &channel.properties,
        at,
        since: at,
        cursor,
        draw: 0,
        by_hand: |_: UserId| &ByHand::Available,
        agent_is_over: false,
    })
}

fn ticket_told(
    preview: &TicketPreview,
    channel: &TicketChannel,
    settings: &Settings,
    teller: &Teller<'_>,
) -> String {
    let TicketPreview { at, shared, .. } = preview;
    let what = match shared.to {
        To::Owner(owner) => format!("is given to {}", (teller.name)(owner)),
        To::Team(team) => {
            let team = settings.people.teams.get(&team).map(|team| team.name.as_str());
            format!("is given to the team {}", team.unwrap_or("that is gone"))
        }
        To::CustomerAgent => "is answered by the customer agent first".into(),
        To::Nobody => "stays unassigned".into(),
    };
    let told = format!("{}: a ticket of {} {what}.", teller.instant(*at), channel.name);
    with_reasons(told, &shared.reasons, &shared.candidates, teller)
}
