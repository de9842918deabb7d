//! What a call would meet, in words.

use super::{super::layout::Layout, week::WEEKDAYS};
use crate::{
    calls::{
        channel::{Channel, Greeting, Slot},
        decision::Action,
        preview::Preview,
    },
    desk::settings::Settings,
    routing::{ids::UserId, sentences::Teller},
};
use chrono::{DateTime, Datelike, NaiveDate, Utc};

/// More names than these make no sentence.
const NAMES_MAX: usize = 5;
/// So much of a text that is spoken is shown.
const LETTERS_MAX: usize = 60;

/// What becomes of a call, in a sentence.
pub fn outcome(layout: &Layout, preview: &Preview, channel: &Channel, settings: &Settings) -> String {
    match preview.action {
        Action::Ring => layout.t1("would-ring", "names", names(layout, &preview.ring, settings)),
        Action::Wait => layout.t("would-wait"),
        Action::AfterHours => {
            let slot = Slot::closed(preview.hours.rule);
            layout.t1("would-hear-closed", "message", message(layout, channel, slot, settings))
        }
        Action::Reject => layout.t("would-be-refused"),
        Action::Message => layout.t("would-be-told"),
        _ => {
            let message = message(layout, channel, Slot::Unanswered, settings);
            layout.t1("would-hear-unanswered", "message", message)
        }
    }
}

/// As many names as a sentence bears.
pub fn names(layout: &Layout, users: &[UserId], settings: &Settings) -> String {
    let names: Vec<String> = users.iter().take(NAMES_MAX).map(|user| settings.name_of(*user)).collect();
    match users.len().saturating_sub(NAMES_MAX) {
        0 => names.join(", "),
        more => format!("{} {}", names.join(", "), layout.count("channel-and-more", more)),
    }
}

/// The message that callers of the first number hear.
pub fn message(layout: &Layout, channel: &Channel, slot: Slot, settings: &Settings) -> String {
    let number = channel.numbers.first().map_or("", String::as_str);
    match channel.greetings.get(slot, number) {
        Some(Greeting::Audio { audio }) => match settings.greetings.get(audio) {
            Some(greeting) => format!("“{}”", greeting.name),
            None => layout.t("message-gone"),
        },
        Some(Greeting::Text { text, .. }) => {
            let short: String = text.chars().take(LETTERS_MAX).collect();
            let more = if text.chars().count() > LETTERS_MAX { "…" } else { "" };
            format!("“{short}{more}”")
        }
        None => layout.t("message-shipped"),
    }
}

/// Weekday and time on the channel's wall, today without the day.
pub fn when(layout: &Layout, teller: &Teller<'_>, now: DateTime<Utc>, at: DateTime<Utc>) -> String {
    let (today, local) = (teller.zone.local(now).date(), teller.zone.local(at));
    let time = local.format("%H:%M");
    match (local.date() - today).num_days() {
        0 => time.to_string(),
        1..=6 => format!("{} {time}", weekday(layout, local.date())),
        _ => format!("{} {time}", teller.date(local.date())),
    }
}

pub fn weekday(layout: &Layout, date: NaiveDate) -> String {
    named(layout, WEEKDAYS[date.weekday().num_days_from_monday() as usize])
}

/// A weekday, as documents have it, as people call it.
pub fn named(layout: &Layout, weekday: &str) -> String {
    layout.t(&format!("day-{weekday}"))
}

/// A path to the panel of a channel at an instant, on its wall.
pub fn panel_at(channel: &Channel, at: DateTime<Utc>) -> String {
    format!("channels/{}?at={}#now", channel.id, channel.zone.local(at).format("%Y-%m-%dT%H:%M"))
}
