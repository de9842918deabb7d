//! Tells the world: webhooks, signed and posted to addresses that admins define, and mail. What is told to whom, when and
//! how often is decided elsewhere.

pub mod address;
pub mod client;
pub mod mail;
pub mod signing;
