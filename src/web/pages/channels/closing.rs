//! "Closed until …": one button, which counts at once, and another that takes it back.

use super::{
    super::{
        super::{Problem, Web, auth::Id, channels::Channels, settings::current},
        form::Fields,
        layout::Signed,
        refusal::Refusal,
        saving::{self, Outcome},
    },
    panel,
};
use crate::{desk::settings::tag, routing::ids::ChannelId};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// Closes until what was chosen on the channel's wall; without that, what is closed by hand opens again.
pub async fn close(
    State(web): State<Web>,
    signed: Signed,
    Id(id): Id<ChannelId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    set(&web, &signed, id, &fields).await.map_err(|problem| signed.refuse(problem))
}

async fn set(web: &Web, signed: &Signed, id: ChannelId, fields: &Fields) -> Result<Response, Problem> {
    signed.caller.must_be_admin()?;
    let channel = panel::seen(web, signed, id)?;
    let until = match fields.text("until") {
        "" => Value::Null,
        typed => {
            let until = panel::instant(typed, &channel);
            let until = until.filter(|until| *until > web.clock.now().at);
            json!(until.ok_or_else(|| Problem::new(422, signed.layout.t("closing-not-ahead")))?)
        }
    };
    // It counts for whatever is there: nothing else of the channel is touched.
    let known = tag(&current::<Channels>(web, id)?);
    let patch = json!({ "hours": { "closed_until": until } });
    match saving::change::<Channels>(web, signed, id, &known, patch).await? {
        Outcome::Saved(_) => {
            let address = signed.layout.address(&format!("channels/{id}?saved"));
            Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response())
        }
        Outcome::Wrong(faults) => Err(Problem::new(422, signed.layout.t("refused")).with(faults)),
        Outcome::Changed(_) => Err(crate::desk::settings::Refused::Stale.into()),
    }
}
