//! map: to be written
pub mod calls;
pub mod routing;
