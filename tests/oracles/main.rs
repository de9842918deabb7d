//! What others have written judges us: schemathesis the API, Python's zoneinfo the working hours, the companies' own SDKs
//! our signatures and documents.

mod api;
#[path = "../desk/mod.rs"]
mod desk;
mod hours;
mod twilio;
