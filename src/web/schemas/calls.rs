//! Calls, and what becomes of them.

use crate::routing::{
    contacts::Named,
    ids::{CallId, ChannelId, OfferId, TicketId, UserId},
};
use chrono::{DateTime, Utc};
use utoipa::ToSchema;

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum CallState {
    Ringing,
    Waiting,
    Connecting,
    Talking,
    Voicemail,
    Ended,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum CallOutcome {
    Answered,
    Voicemail,
    Abandoned,
    Rejected,
}

#[derive(ToSchema)]
pub struct Call {
    pub id: CallId,
    pub provider: String,
    pub provider_call_id: String,
    pub channel: ChannelId,
    pub from: String,
    /// Whose number it is.
    #[schema(required)]
    pub contact: Option<Named>,
    pub to: String,
    pub state: CallState,
    #[schema(required)]
    pub outcome: Option<CallOutcome>,
    /// Who took it.
    #[schema(required)]
    pub agent: Option<UserId>,
    pub ticket: TicketId,
    #[schema(required)]
    pub voicemail: Option<Voicemail>,
    pub offers: Vec<Offer>,
    pub arrived_at: DateTime<Utc>,
    #[schema(required)]
    pub ended_at: Option<DateTime<Utc>>,
}

/// A call that nobody took.
#[derive(ToSchema)]
pub struct MissedCall {
    #[schema(inline)]
    #[serde(flatten)]
    pub call: Call,
    #[schema(required)]
    pub called_back: Option<CalledBack>,
    /// The first call after this one from the same number that somebody took.
    #[schema(required)]
    pub got_through: Option<CallId>,
}

#[derive(ToSchema)]
pub struct CalledBack {
    /// Null: said by an API token that is nobody's.
    #[schema(required)]
    pub by: Option<UserId>,
    pub at: DateTime<Utc>,
}

#[derive(ToSchema)]
pub struct Voicemail {
    pub seconds: u32,
    /// Where it is heard.
    pub audio: String,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum OfferState {
    Open,
    Won,
    Ended,
}

#[derive(ToSchema)]
pub struct Offer {
    pub offer_id: OfferId,
    pub agent: UserId,
    pub state: OfferState,
    #[schema(required)]
    pub cause: Option<String>,
    pub at: DateTime<Utc>,
    #[schema(required)]
    pub ended_at: Option<DateTime<Utc>>,
}
