//! What happens to a call. Pure: an event and the facts go in, a decision comes out.
//!
//! Read `switchboard` first: its `handle` names every event, one short arm each. The arms live where the call is
//! at that moment: in `line` while it rings or waits, in `connecting` once somebody took it, in `talking`, in
//! `voicemail`; `devices` is for channels that ring telephones by themselves; `agents` is about people and their telephones.

pub mod agents;
pub mod call;
mod callers;
pub mod channel;
mod connecting;
pub mod decision;
mod devices;
pub mod event;
mod line;
pub mod preview;
pub mod switchboard;
mod talking;
pub mod time;
mod timers;
pub mod transfer;
mod voicemail;
pub mod warnings;

#[cfg(test)]
mod tests;
