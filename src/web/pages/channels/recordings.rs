//! Recordings that come with a channel's form, as files or from the microphone. Each is kept before the channel is saved,
//! so that it can be heard, and chosen in its place.

use super::{
    super::{
        super::{
            Problem, Web,
            greetings::{self, NotKept},
        },
        form::FieldsAndFiles,
        layout::{Layout, Signed},
    },
    draft::{Draft, Faults},
};
use crate::{audio::Refused, calls::channel::Slot, desk::settings::Settings, routing::ids::GreetingId};
use axum::body::Bytes;

/// As names may be long.
const NAME_MAX: usize = 200;

/// Keeps each file and chooses it. What can't be kept is told beside its field.
pub async fn take(
    web: &Web,
    signed: &Signed,
    form: &FieldsAndFiles,
    draft: &mut Draft,
    faults: &mut Faults,
) -> Result<(), Problem> {
    for (slot, message) in Slot::ALL.into_iter().zip(&mut draft.messages) {
        let Some(file) = form.file(&format!("{}_file", slot.name())) else { continue };
        let typed = form.fields.text(&format!("{}_name", slot.name()));
        let name = free_name(typed, &draft.name, slot, &signed.layout, &web.desk.settings());
        match keep(web, signed, name, file.clone()).await {
            Ok(id) => message.choice = id.to_string(),
            Err(NotKept::Sound(refused)) => faults.add(slot.name(), told(refused, &signed.layout)),
            Err(NotKept::Problem(problem)) if problem.status() < 500 => {
                faults.add(slot.name(), problem.to_string());
            }
            Err(NotKept::Problem(problem)) => return Err(problem),
        }
    }
    Ok(())
}

async fn keep(web: &Web, signed: &Signed, name: String, file: Bytes) -> Result<GreetingId, NotKept> {
    let id = GreetingId(web.new_id());
    greetings::keep(web, &signed.caller, id, name, file, None).await.map(|greeting| greeting.id)
}

/// What was typed, or where it is heard; with a number if that is taken.
fn free_name(typed: &str, channel: &str, slot: Slot, layout: &Layout, settings: &Settings) -> String {
    let place = layout.t(&format!("channel-{}", slot.name().replace('_', "-")));
    let wished = if typed.is_empty() { format!("{channel}: {place}") } else { typed.to_owned() };
    let wished: String = wished.chars().filter(|c| !c.is_control()).take(NAME_MAX - 8).collect();
    let is_taken = |name: &String| settings.greetings.values().any(|greeting| greeting.name == *name);
    let numbered = (2..).map(|number| format!("{wished} ({number})"));
    std::iter::once(wished.clone()).chain(numbered).find(|name| !is_taken(name)).unwrap_or(wished)
}

fn told(refused: Refused, layout: &Layout) -> String {
    match refused {
        Refused::NotAudio => layout.t("sound-not-audio"),
        Refused::Opus => layout.t("sound-opus"),
        Refused::Damaged => layout.t("sound-damaged"),
        Refused::TooLong | Refused::ClaimsTooLong { .. } => layout.t("sound-too-long"),
        Refused::TooManyChannels { .. } => layout.t("sound-too-many-channels"),
        Refused::Rate { .. } => layout.t("sound-rate"),
        Refused::TooMuchWork => layout.t("sound-too-much-work"),
        Refused::Silent => layout.t("sound-silent"),
    }
}
