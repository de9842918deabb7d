//! Who is there, and what is set up.

use super::{super::openapi, super::webhooks::Form as WebhookForm, EventOrAll};
use crate::{
    desk::settings::UserForm,
    routing::{
        contacts::Contact,
        ids::{GreetingId, InvitationId, TokenId, UserId, WebhookId},
        people::Role,
    },
};
use chrono::{DateTime, Utc};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, schema::Schema},
};

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
