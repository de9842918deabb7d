//! map: to be written
pub mod audio;
pub mod calls;
pub mod clock;
pub mod config;
pub mod desk;
pub mod providers;
pub mod routing;
pub mod store;
pub mod tickets;
pub mod zones;
pub mod web;
