//! What hours look like when they are sent, for the API's document. They are read in `routing::hours`, which says where
//! they are wrong.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use utoipa::ToSchema;

/// A start and an end such as `["09:00", "17:30"]`. An end before its start runs past midnight; `24:00` is an end.
#[derive(Deserialize, ToSchema)]
#[schema(value_type = Vec<String>, min_items = 2, max_items = 2)]
pub struct SpanForm(pub Vec<String>);

/// The spans of each weekday. Weekdays that are not there are closed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Weekdays {
    pub mon: Option<Vec<SpanForm>>,
    pub tue: Option<Vec<SpanForm>>,
    pub wed: Option<Vec<SpanForm>>,
    pub thu: Option<Vec<SpanForm>>,
    pub fri: Option<Vec<SpanForm>>,
    pub sat: Option<Vec<SpanForm>>,
    pub sun: Option<Vec<SpanForm>>,
}

/// A date whose spans replace those that start on it. No spans: closed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionForm {
    pub date: NaiveDate,
    pub spans: Vec<SpanForm>,
    pub name: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoursMode {
    Always,
    Schedule,
}

/// When a channel is open.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursForm {
    pub mode: HoursMode,
    /// Needed with `schedule`.
    pub weekly: Option<Weekdays>,
    pub exceptions: Option<Vec<ExceptionForm>>,
    /// Closed before this instant, whatever else is said.
    pub closed_until: Option<DateTime<Utc>>,
}
