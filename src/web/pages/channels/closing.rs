//! "Closed until …": one button, which counts at once, and another that takes it back.

use super::{
    super::{
        super::{Problem, Web, auth::Id, channels::Channels, settings::current},
        form::Fields,
        layout::{Layout, Signed},
        refusal::Refusal,
        saving::{self, Outcome},
    },
    panel, written,
};
use crate::{
    desk::settings::tag,
    routing::{hours::Hours, ids::ChannelId, sentences::Teller, zone::Zone},
};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, NaiveTime, Utc};
use serde_json::{Value, json};

/// What the page of a channel shows of it.
pub struct ClosingPart {
    /// Where its form is sent.
    pub action: String,
    /// The closing by hand that is in force, in words.
    pub closed_until: Option<String>,
    /// Midnight, on the channel's wall.
    pub end_of_today: String,
    pub zone: &'static str,
}

impl ClosingPart {
    pub fn of(action: String, hours: &Hours, zone: &Zone, now: DateTime<Utc>, layout: &Layout) -> Self {
        let teller = Teller { language: layout.language, zone, name: &|user| user.to_string() };
        let in_force = hours.closed_until.filter(|until| *until > now);
        let today = zone.local(now).date();
        let end = today.succ_opt().unwrap_or(today).and_time(NaiveTime::MIN);
        Self {
            action,
            closed_until: in_force.map(|until| teller.instant(until)),
            end_of_today: end.format("%Y-%m-%dT%H:%M").to_string(),
            zone: zone.name(),
        }
    }
}

/// Closes until what was chosen on the channel's wall; without that, what is closed by hand opens again.
pub async fn close(
    State(web): State<Web>,
    signed: Signed,
    Id(id): Id<ChannelId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let zone = panel::seen(&web, &signed, id).map(|channel| channel.zone);
    let set = async { set(&web, &signed, id, &zone?, &fields).await };
    set.await.map_err(|problem| signed.refuse(problem))?;
    Ok(saved(&signed.layout, &format!("channels/{id}")))
}

/// The same of a channel that is written to.
pub async fn close_written(
    State(web): State<Web>,
    signed: Signed,
    Id(id): Id<ChannelId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let zone = written::seen(&web, &signed, id).map(|channel| channel.zone);
    let set = async { set(&web, &signed, id, &zone?, &fields).await };
    set.await.map_err(|problem| signed.refuse(problem))?;
    Ok(saved(&signed.layout, &format!("channels/written/{id}")))
}

async fn set(web: &Web, signed: &Signed, id: ChannelId, zone: &Zone, fields: &Fields) -> Result<(), Problem> {
    signed.caller.must_be_admin()?;
    let until = match fields.text("until") {
        "" => Value::Null,
        typed => {
            let until = panel::instant(typed, zone);
            let until = until.filter(|until| *until > web.clock.now().at);
            json!(until.ok_or_else(|| Problem::new(422, signed.layout.t("closing-not-ahead")))?)
        }
    };
    // It counts for whatever is there: nothing else of the channel is touched.
    let known = tag(&current::<Channels>(web, id)?);
    let patch = json!({ "hours": { "closed_until": until } });
    match saving::change::<Channels>(web, signed, id, &known, patch).await? {
        Outcome::Saved(_) => Ok(()),
        Outcome::Wrong(faults) => Err(Problem::new(422, signed.layout.t("refused")).with(faults)),
        Outcome::Changed(_) => Err(crate::desk::settings::Refused::Stale.into()),
    }
}

fn saved(layout: &Layout, page: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, layout.address(&format!("{page}?saved")))]).into_response()
}
