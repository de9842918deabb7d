//! What was measured, as a table to read and as JSON to compare.

use crate::seen::Seen;
use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};
use std::{
    fs::File,
    io::Write,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// Times in microseconds, to three digits.
pub fn histogram(times: impl IntoIterator<Item = Duration>) -> Histogram<u64> {
    let mut histogram = Histogram::new(3).expect("three digits");
    for time in times {
        histogram.record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX)).expect("it resizes itself");
    }
    histogram
}

/// One line of the table.
pub struct Row {
    measurement: &'static str,
    case: String,
    figures: Vec<(String, f64, &'static str)>,
}

impl Row {
    pub fn new(measurement: &'static str, case: impl Into<String>) -> Self {
        Self { measurement, case: case.into(), figures: Vec::new() }
    }

    pub fn figure(mut self, name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        self.figures.push((name.into(), value, unit));
        self
    }

    pub fn ms(self, name: impl Into<String>, time: Duration) -> Self {
        self.figure(name, time.as_secs_f64() * 1000.0, "ms")
    }

    pub fn count(self, name: impl Into<String>, count: usize) -> Self {
        self.figure(name, count as f64, "")
    }

    /// How these times are distributed.
    pub fn times(mut self, name: &str, times: &Histogram<u64>) -> Self {
        if times.is_empty() {
            return self.count(format!("{name} n"), 0);
        }
        for (share, quantile) in [("p50", 0.5), ("p99", 0.99), ("max", 1.0)] {
            let ms = times.value_at_quantile(quantile) as f64 / 1000.0;
            self = self.figure(format!("{name} {share}").trim_start(), ms, "ms");
        }
        self
    }
}

#[derive(Default)]
pub struct Table {
    rows: Vec<Value>,
    wrong: Vec<Value>,
    remarks: Vec<Value>,
    group: &'static str,
}

impl Table {
    pub fn add(&mut self, row: Row) {
        let load = load_average();
        if self.group != row.measurement {
            self.group = row.measurement;
            println!("\n{}", row.measurement);
        }
        let figures: Vec<String> =
            row.figures.iter().map(|(name, value, unit)| format!("{name} {}", shown(*value, unit))).collect();
        println!("  {:<46} {}  [load {load}]", row.case, figures.join("  "));
        let figures: Map<String, Value> =
            row.figures.iter().map(|(name, value, unit)| (key(name, unit), json!(value))).collect();
        self.rows.push(json!({
            "measurement": row.measurement, "case": row.case, "figures": figures, "load_average": load,
        }));
    }

    /// What was seen besides the figures.
    pub fn note(&mut self, case: &str, seen: &Seen) {
        for (what, count) in seen.remarks() {
            println!("    {what}: {count}");
            self.remarks.push(json!({"case": case, "what": what, "count": count}));
        }
        self.note_wrong(case, seen.all_wrong());
    }

    /// Answers and frames that should not have been, or calls that were lost.
    pub fn note_wrong(&mut self, case: &str, wrong: Vec<(String, u64)>) {
        for (what, count) in wrong {
            println!("  WRONG: {case}: {what}: {count}");
            self.wrong.push(json!({"case": case, "what": what, "count": count}));
        }
    }

    pub fn is_right(&self) -> bool {
        self.wrong.is_empty()
    }

    pub fn save(&self, path: &Path, machine: &Value) {
        let whole =
            json!({"machine": machine, "rows": self.rows, "remarks": self.remarks, "wrong": self.wrong});
        let text = serde_json::to_string_pretty(&whole).expect("JSON");
        std::fs::write(path, text).expect("the file of results");
    }
}

fn shown(value: f64, unit: &str) -> String {
    let digits = if value.abs() >= 1000.0 || value.fract() == 0.0 {
        0
    } else if value.abs() >= 1.0 {
        2
    } else {
        3
    };
    match unit {
        "" | "x" | "%" => format!("{value:.digits$}{unit}"),
        _ => format!("{value:.digits$} {unit}"),
    }
}

fn key(name: &str, unit: &str) -> String {
    let unit = match unit {
        "%" => "percent",
        "x" => "ratio",
        unit => unit,
    };
    format!("{name} {unit}").trim().replace([' ', '/'], "_")
}

/// How many processes wanted a processor, over the last minute.
fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

pub fn machine() -> Value {
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let flushes = histogram(flushes(300));
    json!({
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "memory_mib": kib / 1024,
        "kernel": kernel.trim(),
        "fsync_p50_ms": flushes.value_at_quantile(0.5) as f64 / 1000.0,
        "fsync_p99_ms": flushes.value_at_quantile(0.99) as f64 / 1000.0,
        "commit": commit(),
    })
}

fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    let changed =
        if git(&["status", "--porcelain", "--untracked-files=no"]).is_empty() { "" } else { " and changes" };
    git(&["rev-parse", "--short", "HEAD"]) + changed
}

/// What one flush of the disk takes: 4 KiB more, then fsync.
pub fn flushes(times: usize) -> Vec<Duration> {
    let folder = crate::daemon::folder();
    let mut file = File::create(folder.path().join("flush")).expect("a file");
    let once = |_| {
        let began = Instant::now();
        file.write_all(&[7; 4096]).expect("a write");
        file.sync_all().expect("a flush");
        began.elapsed()
    };
    (0..times).map(once).collect()
}
