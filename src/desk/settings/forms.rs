//! What is sent: the documents of users, teams and channels as they come in.

use super::{Fault, TicketChannelForm};
use crate::{
    calls::channel::{Greetings, Notify, OwnTimes, Ringing, Withheld},
    desk::hours_form::{HoursForm, Weekdays},
    routing::{
        distribution::{Strategy, TieBreak},
        ids::{InboxId, TeamId, UserId},
        inboxes::Access,
        people::{OutOfOffice, Reach, Role, Seat},
        skills::{Known, SkillKind},
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserForm {
    #[schema(min_length = 1, max_length = 200)]
    pub(super) name: String,
    #[schema(max_length = 254, pattern = "@")]
    pub(super) email: String,
    #[serde(default = "agent")]
    pub(super) role: Role,
    #[serde(default)]
    pub(super) seats: Vec<Seat>,
    #[serde(default = "yes")]
    pub(super) ticket_access: bool,
    pub(super) time_zone: Option<String>,
    #[schema(value_type = Option<Weekdays>)]
    pub(super) working_hours: Option<Value>,
    #[serde(default)]
    pub(super) out_of_office: Vec<OutOfOffice>,
    pub(super) capacity: Option<u32>,
    #[serde(default)]
    #[schema(max_items = 100)]
    pub(super) skills: Vec<Known>,
    pub(super) reach: Option<Reach>,
}

fn agent() -> Role {
    Role::Agent
}

fn yes() -> bool {
    true
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamForm {
    #[schema(min_length = 1, max_length = 200)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) main: Vec<UserId>,
    #[serde(default)]
    pub(super) extra: Vec<UserId>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InboxForm {
    #[schema(min_length = 1, max_length = 200)]
    pub(super) name: String,
    /// Who works in it; null: everybody.
    pub(super) only: Option<Access>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkillForm {
    #[schema(min_length = 1, max_length = 200)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) kind: SkillKind,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelForm {
    #[schema(pattern = "^calling$")]
    pub(super) kind: String,
    #[schema(min_length = 1, max_length = 200)]
    pub(super) name: String,
    /// Null: the help desk.
    pub(super) inbox: Option<InboxId>,
    pub(super) provider: String,
    pub(super) number: Option<String>,
    #[serde(default)]
    pub(super) numbers: Vec<String>,
    pub(super) time_zone: Option<String>,
    #[schema(value_type = Option<HoursForm>)]
    pub(super) hours: Option<Value>,
    pub(super) routing: Option<RoutingForm>,
    #[serde(default)]
    pub(super) greetings: Greetings,
    #[serde(default)]
    pub(super) withheld: Withheld,
    #[serde(default)]
    pub(super) notify: Notify,
}

/// A channel of any kind, for the API's document: it has the fields of its own kind.
pub struct AnyChannelForm;

impl PartialSchema for AnyChannelForm {
    fn schema() -> RefOr<Schema> {
        let mut both = ChannelForm::schema();
        let (RefOr::T(Schema::Object(calling)), RefOr::T(Schema::Object(ticket))) =
            (&mut both, TicketChannelForm::schema())
        else {
            return both;
        };
        calling.properties.extend(ticket.properties);
        let kind = ObjectBuilder::new().schema_type(Type::String);
        let kind = kind.pattern(Some("^(calling|email|form|chat|whatsapp|api)$"));
        calling.properties.insert("kind".into(), kind.into());
        calling.required = vec!["kind".into(), "name".into()];
        both
    }
}

impl ToSchema for AnyChannelForm {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ChannelForm::schemas(schemas);
        TicketChannelForm::schemas(schemas);
    }
}

#[derive(Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RoutingForm {
    pub(super) users: Vec<UserId>,
    pub(super) teams: Vec<TeamId>,
    pub(super) strategy: Strategy,
    pub(super) tie_break: TieBreak,
    /// Whether agents are offered calls in their softphones, or their telephones ring by themselves.
    pub(super) ringing: Ringing,
    #[schema(minimum = 1, maximum = 600)]
    pub(super) ring_seconds: Option<u32>,
    #[schema(minimum = 1, maximum = 600)]
    pub(super) agent_ring_seconds: Option<u32>,
    #[schema(minimum = 0, maximum = 7200)]
    pub(super) wait_seconds: Option<u32>,
    #[schema(minimum = 0, maximum = 3600)]
    pub(super) wrap_up_seconds: Option<u32>,
    pub(super) short_abandon_seconds: Option<u32>,
    pub(super) attach_minutes: Option<u32>,
}

impl RoutingForm {
    pub(super) fn own_times(&self) -> OwnTimes {
        OwnTimes {
            ring_seconds: self.ring_seconds,
            agent_ring_seconds: self.agent_ring_seconds,
            wait_seconds: self.wait_seconds,
            wrap_up_seconds: self.wrap_up_seconds,
            short_abandon_seconds: self.short_abandon_seconds,
            attach_minutes: self.attach_minutes,
        }
    }
}

/// Reads a document into its form; what does not fit is named by its JSON pointer.
pub fn read_form<T: DeserializeOwned>(document: Value) -> Result<T, Fault> {
    serde_path_to_error::deserialize(document).map_err(|error| {
        let pointer = pointer(error.path());
        Fault::new(pointer, error.into_inner().to_string())
    })
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let steps = path.iter().map(|segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::new(),
    });
    steps.collect()
}
