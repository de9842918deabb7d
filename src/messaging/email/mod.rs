//! Mail, in and out. `reading` makes a message of a mail's bytes with the help of `head` (what stands above the first
//! empty line), `mime` (the parts), `nature` (did somebody write it?) and `cleaning` (HTML without harm); `quoting` finds
//! what only repeats an earlier mail.

pub mod cleaning;
mod head;
mod mime;
mod nature;
pub mod quoting;
pub mod reading;

/// A mail that is larger is taken in without what is in it.
pub const MAIL_BYTES_MAX: usize = 25 << 20;
