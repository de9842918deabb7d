//! Stories told through the front door: the real program on a folder of its own, the simulator as its telephone company.

mod callers;
mod conversations;
#[path = "../desk/mod.rs"]
mod desk;
mod devices;
mod dialects;
mod email;
mod erasure;
mod kill;
mod messages;
mod notified;
mod operating;
mod outage;
mod outward;
mod post_office;
mod reach;
mod sound;
mod transfer;
