//! What comes from outside, made up: no input may bring anything down, and what is accepted must mean what a second
//! opinion says. One file for each thing that is fuzzed; `draw` makes inputs out of random bytes.
//!
//! bolero makes the bytes on stable Rust, shrinks what fails, and prints the seed of it for `BOLERO_RANDOM_SEED`. In
//! `cargo test` each target sees a fixed number of inputs, all of them together for well under a minute. Longer by hand:
//! `STROWGER_FUZZ_SECONDS=600 cargo test --locked --test fuzz -- --nocapture` gives every target ten minutes, and says how
//! many inputs it saw. What is found becomes a test beside the code.

#![allow(clippy::unwrap_used, reason = "what a test can't do it fails for")]

#[path = "../desk/mod.rs"]
mod desk;

#[macro_use]
mod draw;

mod audio;
mod configuration;
mod documents;
mod hours;
mod messages;
mod requests;
mod settings;
mod signatures;
mod softphones;
mod webhooks;
