//! The shapes of answers, for the API's document. What is sent is described where it is read.

#![expect(dead_code, reason = "only their shapes count")]

mod calls;
mod decisions;
mod operating;
mod settings;
mod tickets;

use crate::desk::settings::Fault;
pub use calls::*;
pub use decisions::*;
pub use operating::*;
pub use settings::*;
pub use tickets::*;
use utoipa::{IntoParams, ToSchema};

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
