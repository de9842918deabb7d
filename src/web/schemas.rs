//! The shapes of answers, for the API's document. What is sent is described where it is read.

#![expect(dead_code, reason = "only their shapes count")]

use super::{openapi, webhooks::Form as WebhookForm};
use crate::{
    calls::channel::Ringing,
    desk::{
        happenings::KINDS,
        settings::{Fault, UserForm},
    },
    routing::{
        contacts::{Contact, Named},
        ids::{
            CallId, ChannelId, ContactId, DeliveryId, GreetingId, HappeningId, InboxId, InvitationId, JobId,
            MessageId, NoteId, NotificationId, OfferId, TeamId, TicketId, TokenId, UserId, ViewId, WebhookId,
        },
        people::Role,
    },
    tickets::{incoming::Identity, message::Author as Writer, notifying::About, ticket::Status},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

/// A page of a list.
#[derive(ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Goes into `after` for the next page; null: there is none.
    #[schema(required)]
    pub next: Option<String>,
}

/// Which page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// How many at the most. A page may hold fewer although there are more: then `next` is not null.
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

/// What went wrong (RFC 9457).
#[derive(ToSchema)]
pub struct Problem {
    pub r#type: String,
    pub title: String,
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    pub detail: Option<String>,
    /// What is wrong with what was sent, and where.
    pub errors: Option<Vec<Fault>>,
}

#[derive(ToSchema)]
pub struct Me {
    pub role: Role,
    #[schema(required)]
    pub user: Option<User>,
}

/// A user, as shown.
pub struct User;

impl PartialSchema for User {
    fn schema() -> RefOr<Schema> {
        openapi::shown::<UserForm>(&[])
    }
}

impl ToSchema for User {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        UserForm::schemas(schemas);
    }
}

#[derive(ToSchema)]
pub struct RecordedMessage {
    pub id: GreetingId,
    pub name: String,
    /// Where telephone companies fetch it.
    pub audio: String,
    pub seconds: f64,
    pub created_at: DateTime<Utc>,
}

#[derive(ToSchema)]
pub struct GreetingPatch {
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
}

#[derive(ToSchema)]
pub struct Token {
    pub id: TokenId,
    pub name: String,
    pub role: Role,
    #[schema(required)]
    pub user: Option<UserId>,
    pub created_at: DateTime<Utc>,
}

#[derive(ToSchema)]
pub struct NewToken {
    pub id: TokenId,
    /// The secret, shown this once.
    #[schema(pattern = "^[A-Za-z0-9_]+$")]
    pub token: String,
    pub name: String,
    pub role: Role,
    #[schema(required)]
    pub user: Option<UserId>,
    pub created_at: DateTime<Utc>,
}

/// A link by which somebody chooses their password, shown this once.
#[derive(ToSchema)]
pub struct NewInvitation {
    pub id: InvitationId,
    #[schema(required)]
    pub user: Option<UserId>,
    pub expires_at: DateTime<Utc>,
    #[schema(format = "uri")]
    pub url: String,
}

/// A webhook, as shown.
#[derive(ToSchema)]
pub struct Webhook {
    pub id: WebhookId,
    pub name: String,
    pub url: String,
    pub events: Vec<EventOrAll>,
    pub enabled: bool,
    #[schema(required)]
    pub disabled_at: Option<DateTime<Utc>>,
    /// Until then the secret before the last change signs too.
    #[schema(required)]
    pub old_secret_until: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

#[derive(ToSchema)]
pub struct WebhookWithSecret {
    pub id: WebhookId,
    /// What signs, shown this once.
    #[schema(pattern = "^whsec_[A-Za-z0-9+/=]+$")]
    pub secret: String,
    pub name: String,
    pub url: String,
    pub events: Vec<EventOrAll>,
    pub enabled: bool,
    #[schema(required)]
    pub disabled_at: Option<DateTime<Utc>>,
    #[schema(required)]
    pub old_secret_until: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// A change of a webhook.
pub struct WebhookPatch;

impl PartialSchema for WebhookPatch {
    fn schema() -> RefOr<Schema> {
        openapi::patch::<WebhookForm>()
    }
}

impl ToSchema for WebhookPatch {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        WebhookForm::schemas(schemas);
    }
}

/// A contact as it is shown.
pub struct ShownContact;

impl PartialSchema for ShownContact {
    fn schema() -> RefOr<Schema> {
        openapi::shown::<Contact>(&[])
    }
}

impl ToSchema for ShownContact {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Contact::schemas(schemas);
    }
}

/// A kind of events, or `*` for all.
pub struct EventOrAll;

impl PartialSchema for EventOrAll {
    fn schema() -> RefOr<Schema> {
        let names = KINDS.into_iter().chain(["*"]);
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).into()
    }
}

impl ToSchema for EventOrAll {}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum DeliveryState {
    Waiting,
    Done,
    Failed,
}

/// One event on its way to one webhook.
#[derive(ToSchema)]
pub struct Delivery {
    pub id: DeliveryId,
    pub event: HappeningId,
    /// Of the event.
    pub kind: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    pub state: DeliveryState,
    pub tries: u32,
    /// What the receiver answered last.
    #[schema(required)]
    pub status: Option<u16>,
    #[schema(required)]
    pub error: Option<String>,
    #[schema(required)]
    pub done_at: Option<DateTime<Utc>>,
    #[schema(required)]
    pub next_try: Option<DateTime<Utc>>,
}

/// Something that is still to be done, or was given up: a command to a telephone company, a webhook or a mail. Each kind
/// has fields of its own besides.
#[derive(ToSchema)]
pub struct Job {
    /// Of the job or the delivery.
    pub id: JobId,
    /// `webhook`, `mail`, or what is to be done at the telephone company.
    pub kind: String,
    pub state: JobState,
    pub tries: u32,
    #[schema(required)]
    pub error: Option<String>,
    #[schema(required)]
    pub failed_at: Option<DateTime<Utc>>,
    #[schema(required)]
    pub next_try: Option<DateTime<Utc>>,
    /// Of commands: the call that it is about.
    pub call: Option<CallId>,
    /// Of webhooks: which one.
    pub webhook: Option<WebhookId>,
    /// Of mails: the address.
    pub recipient: Option<String>,
    /// Of webhooks and mails: the kind of the event.
    pub event: Option<String>,
    /// Of webhooks and mails: what the receiver answered last.
    pub status: Option<u16>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum JobState {
    Waiting,
    Failed,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum ExportFormat {
    Csv,
    Jsonl,
}

/// What is exported, and how.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Export {
    /// CSV for spreadsheets, if nothing is said; JSON lines leave nothing out.
    #[param(inline)]
    pub format: Option<ExportFormat>,
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
}

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
pub struct Note {
    pub id: NoteId,
    pub ticket: TicketId,
    #[schema(required)]
    pub author: Option<UserId>,
    pub at: DateTime<Utc>,
    pub text: String,
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

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum TicketType {
    Calling,
    Messages,
    EmailOther,
}

#[derive(ToSchema)]
pub struct Ticket {
    pub id: TicketId,
    pub r#type: TicketType,
    pub status: Status,
    pub open: bool,
    #[schema(required)]
    pub owner: Option<UserId>,
    #[schema(required)]
    pub team: Option<TeamId>,
    #[schema(required)]
    pub call: Option<CallId>,
    /// Every call that belongs to it, the first one first; not in lists.
    pub calls: Option<Vec<CallId>>,
    #[schema(required)]
    pub channel: Option<ChannelId>,
    pub created_at: DateTime<Utc>,
    #[schema(required)]
    pub assigned_at: Option<DateTime<Utc>>,
    #[schema(required)]
    pub closed_at: Option<DateTime<Utc>>,
    /// The day of closing in the account's time zone.
    #[schema(required)]
    pub closed_on: Option<NaiveDate>,
    /// The workspace that it belongs to; null: the help desk.
    #[schema(required)]
    pub inbox: Option<InboxId>,
    #[schema(required)]
    pub subject: Option<String>,
    #[schema(required)]
    pub contact: Option<ContactId>,
    /// Who the customer is on its channel.
    #[schema(required)]
    pub customer: Option<Identity>,
    /// What it says of itself.
    pub properties: BTreeMap<String, String>,
}

/// A message of a conversation.
#[derive(ToSchema)]
pub struct Message {
    pub id: MessageId,
    /// Null: it belongs to none.
    #[schema(required)]
    pub ticket: Option<TicketId>,
    pub channel: ChannelId,
    pub at: DateTime<Utc>,
    /// `in`: the customer says it; `out`: the desk.
    pub side: String,
    #[schema(required)]
    pub from: Option<Identity>,
    /// What the sender calls themselves.
    #[schema(required)]
    pub name: Option<String>,
    /// A machine wrote it.
    pub automatic: bool,
    /// Who of the desk says it.
    #[schema(required)]
    pub by: Option<Writer>,
    #[schema(required)]
    pub to: Option<Identity>,
    /// Of what goes out: `queued`, `sent`, `delivered`, `read` or `failed`.
    #[schema(required)]
    pub state: Option<String>,
    #[schema(required)]
    pub state_at: Option<DateTime<Utc>>,
    /// What went wrong the last time that it was sent.
    #[schema(required)]
    pub error: Option<String>,
    #[schema(required)]
    pub next_try_at: Option<DateTime<Utc>>,
    #[schema(required)]
    pub subject: Option<String>,
    pub text: String,
    /// Cleaned: without scripts, and nothing in it is fetched by itself.
    #[schema(required)]
    pub html: Option<String>,
    pub attachments: Vec<Attachment>,
    /// What it is called where it came from, or went to.
    #[schema(required)]
    pub outside_id: Option<String>,
}

#[derive(ToSchema)]
pub struct Attachment {
    pub name: String,
    pub content_type: String,
    pub bytes: u64,
    /// What the HTML calls a picture that stands in it.
    #[schema(required)]
    pub content_id: Option<String>,
    /// Where it is, once the message belongs to a ticket.
    #[schema(required)]
    pub url: Option<String>,
}

#[derive(ToSchema)]
pub struct Draft {
    /// Null: there is none.
    #[schema(required)]
    pub at: Option<DateTime<Utc>>,
    #[schema(required)]
    pub subject: Option<String>,
    pub text: String,
}

/// What one was told of a ticket.
#[derive(ToSchema)]
pub struct Notification {
    pub id: NotificationId,
    pub at: DateTime<Utc>,
    pub about: About,
    pub ticket: TicketId,
    #[schema(required)]
    pub read_at: Option<DateTime<Utc>>,
}

/// How many notifications are left to read, counted as far as 100.
#[derive(ToSchema)]
pub struct Unread {
    pub unread: u32,
}

/// A ticket that is routed again until somebody has it.
#[derive(ToSchema)]
pub struct WaitingTicket {
    pub ticket: TicketId,
    pub channel: ChannelId,
    pub since: DateTime<Utc>,
    /// Why nobody got it the last time; the first decided.
    pub reasons: Vec<Reason>,
}

/// A list of tickets that somebody keeps under a name.
#[derive(ToSchema)]
pub struct View {
    pub id: ViewId,
    pub owner: UserId,
    pub name: String,
    pub shared: bool,
    #[schema(inline)]
    pub tickets: super::tickets::Wanted,
}

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

/// What was found when something was looked over.
#[derive(ToSchema)]
pub struct Findings {
    pub findings: Vec<crate::desk::numbers::Finding>,
}

#[derive(ToSchema)]
pub struct Holidays {
    pub year: i32,
    /// Of the region that was asked for, in order.
    pub days: Vec<Holiday>,
    /// All that are known.
    pub regions: Vec<HolidayRegion>,
}

#[derive(ToSchema)]
pub struct Holiday {
    pub date: chrono::NaiveDate,
    /// In the words of where it is held.
    pub name: String,
}

#[derive(ToSchema)]
pub struct HolidayRegion {
    /// ISO 3166.
    pub code: String,
    pub name: String,
}

#[derive(ToSchema)]
pub struct Audited {
    pub id: String,
    pub at: DateTime<Utc>,
    pub author: Author,
    pub action: Action,
    /// What it was done to: `user`, `channel`, `call`.
    pub kind: String,
    /// The id of what it was done to.
    pub subject: String,
    #[schema(required, value_type = Option<Object>)]
    pub before: Option<Value>,
    #[schema(required, value_type = Option<Object>)]
    pub after: Option<Value>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Action {
    Created,
    Changed,
    Deleted,
    Listened,
    Retried,
    Erased,
    Downloaded,
}

#[derive(ToSchema)]
pub struct Author {
    pub kind: AuthorKind,
    #[schema(required)]
    pub token: Option<TokenId>,
    #[schema(required)]
    pub user: Option<UserId>,
    /// From where, as far as the proxies in front can be believed.
    #[schema(required)]
    pub address: Option<String>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum AuthorKind {
    CommandLine,
    Daemon,
    Token,
}
