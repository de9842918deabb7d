//! Mail, in and out.
