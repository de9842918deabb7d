//! What runs beside the desk: deliveries, jobs, exports, and the audit log.

use crate::{
    desk::happenings::KINDS,
    routing::ids::{CallId, DeliveryId, HappeningId, JobId, TokenId, UserId, WebhookId},
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

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

/// What was found when something was looked over.
#[derive(ToSchema)]
pub struct Findings {
    pub findings: Vec<crate::desk::numbers::Finding>,
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
