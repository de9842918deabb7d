//! Why, what would be, and what would have been.

use crate::{
    calls::channel::Ringing,
    routing::ids::{ChannelId, TeamId, TicketId, UserId},
};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Every decision that was made, in order.
#[derive(ToSchema)]
pub struct Why {
    pub decisions: Vec<Decision>,
}

#[derive(ToSchema)]
pub struct Decision {
    pub at: DateTime<Utc>,
    /// The kind of event on which it was made.
    pub event: String,
    pub action: String,
    #[schema(required)]
    pub hours: Option<Verdict>,
    pub candidates: Vec<Candidate>,
    /// The first decided.
    pub reasons: Vec<Reason>,
}

#[derive(ToSchema)]
pub struct Verdict {
    pub open: bool,
    pub rule: String,
}

#[derive(ToSchema)]
pub struct Candidate {
    pub user: UserId,
    pub eligible: bool,
    /// The code of what spoke against them.
    #[schema(required)]
    pub objection: Option<String>,
    #[schema(required)]
    pub sentence: Option<String>,
    pub load: u32,
}

#[derive(ToSchema)]
pub struct Reason {
    pub code: String,
    #[schema(value_type = Object)]
    pub arguments: Map<String, Value>,
    pub sentence: String,
}

/// What will surprise about a channel.
#[derive(ToSchema)]
pub struct Warning {
    pub code: String,
    #[schema(value_type = Object)]
    pub arguments: Map<String, Value>,
    pub channel: ChannelId,
    /// The place in the channel's document to look at.
    pub pointer: String,
    pub sentence: String,
}

#[derive(ToSchema)]
pub struct Warnings {
    pub warnings: Vec<Warning>,
}

#[derive(ToSchema)]
pub struct PreviewedHours {
    pub open: bool,
    pub rule: String,
    /// When it opens or closes next.
    #[schema(required)]
    pub next_change: Option<DateTime<Utc>>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum PreviewedAction {
    Ring,
    Wait,
    Unanswered,
    AfterHours,
    Reject,
    Message,
    /// A ticket gets an owner.
    Assign,
    /// A ticket is a team's, without an owner.
    Team,
    /// The outside service is asked first.
    CustomerAgent,
    Unassigned,
}

/// What a call or a ticket would meet.
#[derive(ToSchema)]
pub struct Preview {
    pub at: DateTime<Utc>,
    pub channel: ChannelId,
    /// Whether those who ring do so in their softphones, or on devices that ring by themselves.
    /// Of calls.
    pub ringing: Option<Ringing>,
    pub hours: PreviewedHours,
    pub action: PreviewedAction,
    /// Of tickets: who would own it.
    pub owner: Option<UserId>,
    /// Of tickets: whose it would be without an owner.
    pub team: Option<TeamId>,
    /// Of tickets: the contact's owner, who is absent and would get a mail.
    pub mail_owner: Option<UserId>,
    pub ring: Vec<UserId>,
    pub candidates: Vec<Candidate>,
    /// The first decides.
    pub reasons: Vec<Reason>,
}

/// A stretch of time through which every call would meet the same.
#[derive(ToSchema)]
pub struct CoverageSpan {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// It is open, and nobody would ring.
    pub hole: bool,
    pub hours: PreviewedHours,
    pub action: PreviewedAction,
    pub ring: Vec<UserId>,
    pub candidates: Vec<Candidate>,
    pub reasons: Vec<Reason>,
}

#[derive(ToSchema)]
pub struct Coverage {
    pub channel: ChannelId,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub step_seconds: u32,
    pub spans: Vec<CoverageSpan>,
}

/// What happened, and what would have.
#[derive(ToSchema)]
pub struct InsteadCounts {
    pub happened: u32,
    pub instead: u32,
}

#[derive(ToSchema)]
pub struct ReplayedShare {
    pub user: UserId,
    /// How many tickets they got.
    pub happened: u32,
    /// How many they would have got.
    pub instead: u32,
}

#[derive(ToSchema)]
pub struct WhoGotIt {
    #[schema(required)]
    pub owner: Option<UserId>,
    #[schema(required)]
    pub team: Option<TeamId>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum InsteadKind {
    User,
    /// They would have been rung together.
    AnyOf,
    Team,
    CustomerAgent,
    Nobody,
}

#[derive(ToSchema)]
pub struct WhoWouldHave {
    pub kind: InsteadKind,
    pub users: Vec<UserId>,
    #[schema(required)]
    pub team: Option<TeamId>,
}

#[derive(ToSchema)]
pub struct ReplayedTicket {
    pub ticket: TicketId,
    pub at: DateTime<Utc>,
    pub happened: WhoGotIt,
    pub instead: WhoWouldHave,
    /// The first decides.
    pub reasons: Vec<Reason>,
}

/// A stretch of time under another rule.
#[derive(ToSchema)]
pub struct Replay {
    pub channel: ChannelId,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// How many were played again.
    pub tickets: u32,
    /// How many would have gone elsewhere.
    pub different: u32,
    /// How many nobody got.
    pub nobody: InsteadCounts,
    pub users: Vec<ReplayedShare>,
    /// Of those that would have gone elsewhere, the first 200.
    pub first_different: Vec<ReplayedTicket>,
}
