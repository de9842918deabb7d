//! What another rule would have made of what came: who would have got it, beside who did.

use super::{
    Problem, Web,
    auth::{Caller, Document},
    calls::reasons,
    language::Speaking,
    preview, schemas,
};
use crate::{
    desk::{
        replay::Proposed,
        settings::{Fault, Settings, read_form},
    },
    routing::{
        ids::ChannelId,
        replay::{Instead, Replayed, shares},
        sentences::Teller,
    },
    store::past::NotRead,
};
use axum::{Json, extract::State};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use utoipa::ToSchema;

/// The longest stretch that is played again.
const STRETCH_MAX: TimeDelta = TimeDelta::days(31);
/// How many of those that would have gone elsewhere are shown.
const SHOWN_MAX: usize = 200;

/// What came to a channel once more, under another rule.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReplayForm)]
struct Form {
    channel: ChannelId,
    from: DateTime<Utc>,
    /// Without it: until now.
    until: Option<DateTime<Utc>>,
    /// What would be changed of the channel, as it is sent to change it. Without it the channel's own rule is played, as
    /// it is now.
    #[schema(value_type = Option<Object>)]
    draft: Option<Value>,
}

/// Who would have got what, beside who did. Loads follow what would have been; people, skills and contacts are those of
/// today; who was there, and when a ticket was closed, is as it was. Writes nothing.
#[utoipa::path(post, path = "/replay", request_body = Form, responses(
    (status = 200, body = schemas::Replay), (status = 403)
))]
pub async fn of_channel(
    caller: Caller,
    State(web): State<Web>,
    Speaking(language): Speaking,
    Document(body): Document,
) -> Result<Json<Value>, Problem> {
    caller.must_be_admin()?;
    let form: Form = read_form(body).map_err(Problem::invalid)?;
    let settings = web.desk.settings();
    let until = form.until.unwrap_or_else(|| web.clock.now().at);
    let played = play(&web, &settings, form.channel, (form.from, until), form.draft).await?;
    let name = |user| settings.name_of(user);
    let teller = Teller { language, zone: played.proposed.zone(), name: &name };
    let mut object = shown(&played.tickets, &teller);
    if let Some(fields) = object.as_object_mut() {
        fields.insert("channel".into(), json!(form.channel));
        fields.insert("from".into(), json!(form.from));
        fields.insert("until".into(), json!(until));
    }
    Ok(Json(object))
}

/// A stretch of time that was played again.
pub struct Played {
    pub proposed: Proposed,
    pub tickets: Vec<Replayed>,
}

/// Plays what came to a channel in this time, as `draft` would change it. Nothing is written.
pub async fn play(
    web: &Web,
    settings: &Arc<Settings>,
    channel: ChannelId,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    draft: Option<Value>,
) -> Result<Played, Problem> {
    if until <= from || until.signed_duration_since(from) > STRETCH_MAX {
        let fault = Fault::new("/until", "it must be after the beginning, by at most 31 days");
        return Err(Problem::invalid(fault));
    }
    let proposed = proposed(web, settings, channel, draft)?;
    let month = web.reader.month(channel, from, until).await.map_err(|error| match error {
        NotRead::TooMuch => {
            Problem::invalid(Fault::new("/from", "too much happened since then for one look"))
        }
        NotRead::Store(error) => Problem::from(error),
    })?;
    let settings = settings.clone();
    // A month of tickets takes a while: not on a thread that answers others.
    let played = tokio::task::spawn_blocking(move || {
        let tickets = proposed.replay(&month, &settings, from);
        Played { proposed, tickets }
    });
    played.await.map_err(|_| Problem::new(500, "It can't be played again"))
}

fn proposed(
    web: &Web,
    settings: &Settings,
    id: ChannelId,
    draft: Option<Value>,
) -> Result<Proposed, Problem> {
    let below = |refused: crate::desk::settings::Refused| Problem::from(refused.below("/draft"));
    let unknown = || Problem::invalid(Fault::new("/channel", "there is no channel of this id"));
    match (settings.channels.get(&id), settings.ticket_channels.get(&id), draft) {
        (Some(channel), _, None) => Ok(Proposed::Calling(Box::new(channel.clone()))),
        (None, Some(channel), None) => Ok(Proposed::Tickets(Box::new(channel.clone()))),
        (Some(_), _, Some(patch)) => {
            preview::draft(web, settings, id, patch).map(|channel| Proposed::Calling(Box::new(channel)))
        }
        (None, Some(_), Some(patch)) => {
            let document = preview::merged(settings, id, patch)?;
            let channel = settings.ticket_draft(id, document, &web.ground).map_err(below)?;
            Ok(Proposed::Tickets(Box::new(channel)))
        }
        (None, None, _) => Err(unknown()),
    }
}

fn shown(replayed: &[Replayed], teller: &Teller<'_>) -> Value {
    let unowned = |is: &dyn Fn(&Replayed) -> bool| replayed.iter().filter(|one| is(one)).count();
    let different: Vec<&Replayed> = replayed.iter().filter(|one| !one.is_same()).collect();
    let shares: Vec<Value> = shares(replayed)
        .into_iter()
        .map(|(user, (happened, instead))| json!({"user": user, "happened": happened, "instead": instead}))
        .collect();
    json!({
        "tickets": replayed.len(),
        "different": different.len(),
        "nobody": {
            "happened": unowned(&|one| one.past.owner.is_none() && one.past.team.is_none()),
            "instead": unowned(&|one| one.instead == Instead::Nobody),
        },
        "users": shares,
        "first_different": different.iter().take(SHOWN_MAX).map(|one| one_of(one, teller)).collect::<Vec<_>>(),
    })
}

fn one_of(one: &Replayed, teller: &Teller<'_>) -> Value {
    let (kind, users, team) = match &one.instead {
        Instead::One(user) => ("user", vec![*user], None),
        Instead::AnyOf(users) => ("any_of", users.clone(), None),
        Instead::Team(team) => ("team", vec![], Some(*team)),
        Instead::CustomerAgent => ("customer_agent", vec![], None),
        Instead::Nobody => ("nobody", vec![], None),
    };
    json!({
        "ticket": one.past.ticket,
        "at": one.past.opened_at,
        "happened": { "owner": one.past.owner.map(|(owner, _)| owner), "team": one.past.team },
        "instead": { "kind": kind, "users": users, "team": team },
        "reasons": reasons(&one.reasons, teller),
    })
}
