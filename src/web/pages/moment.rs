//! An instant on a page: exact for the script that shows it as the viewer is used to, and in words for whoever has none.

use crate::routing::zone::Zone;
use chrono::{DateTime, SecondsFormat, Utc};

#[derive(Debug, Clone)]
pub struct Moment {
    /// RFC 3339, for `datetime`.
    pub exact: String,
    /// Date and time in the zone that it was made with.
    pub text: String,
    /// The name of that zone.
    pub zone: String,
}

impl Moment {
    pub fn new(at: DateTime<Utc>, zone: &Zone) -> Self {
        Self {
            exact: at.to_rfc3339_opts(SecondsFormat::Secs, true),
            text: zone.local(at).format("%Y-%m-%d %H:%M:%S").to_string(),
            zone: zone.name().to_owned(),
        }
    }
}
