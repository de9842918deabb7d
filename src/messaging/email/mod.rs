//! Mail, in and out. `reading` makes a message of a mail's bytes with the help of `head` (what stands above the first
//! empty line), `mime` (the parts), `nature` (did somebody write it?) and `cleaning` (HTML without harm); `quoting` finds
//! what only repeats an earlier mail. `writing` makes a mail of a message, and `sending` takes it to the mail server.
//! Mail comes in from a `mailbox`, or is handed over by one of the `services`; which, is in the `settings`.

pub mod cleaning;
mod growth;
mod head;
pub mod mailbox;
mod mime;
mod nature;
pub mod quoting;
pub mod reading;
pub mod sending;
pub mod services;
pub mod settings;
mod writing;

/// A mail that is larger is taken in without what is in it.
pub const MAIL_BYTES_MAX: usize = 25 << 20;
