//! What happens to a ticket. Pure, and without a word of calls.

pub mod ticket;
