//! What happens to a ticket. Pure, and without a word of calls.
//!
//! `channel` is what makes tickets out of messages, `modes` how each may share out and `sharing` who gets a ticket;
//! `incoming` is what reaches a channel, `arrival` what becomes of that, `sender` who wrote it, `message` what a
//! conversation is made of, `ticket` what is left to do, `waiting` those that wait for somebody, `preview` what would
//! happen, and `warnings` what will surprise.

pub mod arrival;
pub mod channel;
pub mod incoming;
pub mod message;
pub mod modes;
pub mod notifying;
pub mod preview;
pub mod sender;
pub mod sharing;
pub mod ticket;
pub mod waiting;
pub mod warnings;
