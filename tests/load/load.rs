//! How fast and how large the daemon is, measured from outside on this machine: the real binary on a real disk, webhooks
//! signed as Twilio signs them, softphones on real sockets. `tests/load/run --short` ends within five minutes on two quiet
//! cores. Calls are sent at their times whether earlier ones were answered or not, and times count from when a call was
//! to be sent. The program fails when calls are lost or answers are wrong, never for a time.

#![expect(clippy::disallowed_methods, reason = "to measure is to look at the clock")]

mod bare;
mod company;
mod daemon;
mod desk;
mod floor;
mod http;
mod offers;
mod phones;
mod real_desk;
mod restart;
mod saturation;
mod seen;
mod sizes;
mod soak;
mod sockets;
mod table;
mod throughput;

use std::{path::Path, process::ExitCode};
use table::Table;

/// What is measured, in this order.
const MEASUREMENTS: [&str; 8] =
    ["offers", "saturation", "real_desk", "throughput", "sockets", "sizes", "restart", "soak"];

/// How long to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Short,
    Long,
}

impl Form {
    pub fn seconds(self, short: u64, long: u64) -> std::time::Duration {
        std::time::Duration::from_secs(match self {
            Self::Short => short,
            Self::Long => long,
        })
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "--serve") {
        bare::serve(&arguments[1..]).await;
        return ExitCode::SUCCESS;
    }
    let form = if arguments.iter().any(|argument| argument == "--long") { Form::Long } else { Form::Short };
    let only = arguments.iter().skip_while(|argument| *argument != "--only").nth(1).map(String::as_str);
    if let Some(name) = only.filter(|name| !MEASUREMENTS.contains(name)) {
        eprintln!("there is no measurement {name}, only {}", MEASUREMENTS.join(", "));
        return ExitCode::from(2);
    }
    let machine = table::machine();
    println!("{machine}");
    let mut table = Table::default();
    for name in MEASUREMENTS.into_iter().filter(|name| only.is_none_or(|only| only == *name)) {
        match name {
            "offers" => offers::measure(form, &mut table).await,
            "saturation" => saturation::measure(form, &mut table).await,
            "real_desk" => real_desk::measure(form, &mut table),
            "throughput" => throughput::measure(form, &mut table).await,
            "sockets" => sockets::measure(&mut table).await,
            "sizes" => sizes::measure(&mut table).await,
            "restart" => restart::measure(&mut table).await,
            _ => soak::measure(form, &mut table).await,
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/load.json");
    table.save(&path, &machine);
    println!("\nwritten to {}", path.display());
    match table.is_right() {
        true => ExitCode::SUCCESS,
        false => {
            println!("Calls were lost or answers were wrong: see WRONG above.");
            ExitCode::FAILURE
        }
    }
}
