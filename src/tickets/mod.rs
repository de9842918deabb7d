//! What happens to a ticket. Pure, and without a word of calls.
//!
//! `channel` is what makes tickets out of messages, `incoming` what reaches it, `arrival` what becomes of
//! that, `message` what a conversation is made
//! of, `sender` who wrote, and `ticket` what is left to do.

pub mod arrival;
pub mod channel;
pub mod incoming;
pub mod message;
pub mod sender;
pub mod ticket;
pub mod waiting;
