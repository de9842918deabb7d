//! Who gets it. Pure: no clock, no I/O, no logging; the same question always has the same answer.

pub mod assignment;
pub mod availability;
pub mod candidates;
pub mod contacts;
pub mod distribution;
pub mod eligibility;
pub mod holidays;
pub mod hours;
pub mod ids;
pub mod inboxes;
pub mod joinable;
pub mod load;
pub mod people;
pub mod reasons;
pub mod replay;
pub mod roster;
pub mod rows;
pub mod sentences;
pub mod skills;
pub mod zone;
