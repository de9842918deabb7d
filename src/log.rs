//! The log: one line each, plain or JSON. What comes from outside can't forge a line, turn the terminal's writing round,
//! or fill the disk: controls and marks of direction are escaped, and each value is cut.

use crate::clock::Clock;
use anyhow::Context;
use serde_json::{Map, Value};
use std::fmt;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// So many characters are kept of a value.
const VALUE_MAX: usize = 128;
/// And of the sentence itself and of an error with its causes, which are mostly our own words.
const SENTENCE_MAX: usize = 512;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    #[default]
    Plain,
    Json,
}

/// Logs to standard error from now on. `filter` is a level, or directives such as `info,strowger=debug`.
pub fn start(format: Format, filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).context("the log's level can't be understood")?;
    // Its `trace` is whole frames, and with them secrets.
    let filter = filter.add_directive("tungstenite=warn".parse()?);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // That a line can't be written, as on a full disk, is no reason to panic.
    let lines = lines.log_internal_errors(false);
    lines.with_ansi(false).event_format(Lines { format, clock: Clock::start() }).init();
    Ok(())
}

struct Lines {
    format: Format,
    clock: Clock,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>, N: for<'a> FormatFields<'a> + 'static> FormatEvent<S, N>
    for Lines
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut values = Values::default();
        event.record(&mut values);
        let at = self.clock.now().at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let line =
            line(self.format, &at, event.metadata().level().as_str(), event.metadata().target(), &values);
        writeln!(out, "{line}")
    }
}

fn line(format: Format, at: &str, level: &str, target: &str, values: &Values) -> String {
    match format {
        Format::Plain => {
            let start = format!("{at} {level:>5} {target}: {}", values.sentence);
            values.fields.iter().fold(start, |line, (name, value)| match value {
                Value::String(text) if !is_plain(text) => format!("{line} {name}={text:?}"),
                Value::String(text) => format!("{line} {name}={text}"),
                value => format!("{line} {name}={value}"),
            })
        }
        Format::Json => {
            let mut object = Map::new();
            for (name, value) in
                [("at", at), ("level", level), ("target", target), ("message", &values.sentence)]
            {
                object.insert(name.to_owned(), value.into());
            }
            // A field can't pass for one of these.
            object.insert("fields".to_owned(), values.fields.iter().cloned().collect::<Map<_, _>>().into());
            Value::Object(object).to_string()
        }
    }
}

/// Needs no quotation marks.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'='))
}

#[derive(Default)]
struct Values {
    sentence: String,
    fields: Vec<(String, Value)>,
}

impl Values {
    fn take(&mut self, field: &Field, text: &str) {
        match field.name() {
            "message" => self.sentence = tame(text, SENTENCE_MAX),
            "error" => self.fields.push(("error".to_owned(), tame(text, SENTENCE_MAX).into())),
            name => self.fields.push((name.to_owned(), tame(text, VALUE_MAX).into())),
        }
    }

    fn number(&mut self, field: &Field, value: Value) {
        self.fields.push((field.name().to_owned(), value));
    }
}

impl Visit for Values {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, value.into());
    }
}

/// Escaped where it would do something, and cut.
fn tame(text: &str, characters_max: usize) -> String {
    let mut tamed = String::with_capacity(text.len().min(characters_max));
    for (index, character) in text.chars().enumerate() {
        if index == characters_max {
            tamed.push('…');
            break;
        }
        if is_wild(character) { tamed.extend(character.escape_unicode()) } else { tamed.push(character) }
    }
    tamed
}

/// Controls, line separators, and what changes the direction of writing or can't be seen.
fn is_wild(character: char) -> bool {
    let invisible = '\u{200b}'..='\u{200f}';
    let lines_and_directions = '\u{2028}'..='\u{202e}';
    let isolates = '\u{2060}'..='\u{206f}';
    character.is_control()
        || invisible.contains(&character)
        || lines_and_directions.contains(&character)
        || isolates.contains(&character)
        || matches!(character, '\u{061c}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(sentence: &str, fields: &[(&str, &str)]) -> Values {
        let fields = fields.iter().map(|(name, text)| (name.to_string(), tame(text, VALUE_MAX).into()));
        Values { sentence: tame(sentence, SENTENCE_MAX), fields: fields.collect() }
    }

    #[test]
    fn a_line_stays_one_line_whatever_is_in_it() {
        let evil = values("said", &[("who", "x\n2026 ERROR all is lost\u{1b}[31m\u{202e}\"=")]);
        for format in [Format::Plain, Format::Json] {
            let line = line(format, "now", "INFO", "here", &evil);
            assert!(!line.chars().any(is_wild), "{line}");
        }
        let plain = line(
            Format::Plain,
            "now",
            "INFO",
            "here",
            &values("said", &[("a", "b"), ("c", "d e"), ("f", "")]),
        );
        assert_eq!(plain, "now  INFO here: said a=b c=\"d e\" f=\"\"");
    }

    #[test]
    fn json_is_one_object_and_no_field_passes_for_ours() {
        let line = line(Format::Json, "now", "WARN", "here", &values("a \"b\"", &[("level", "ERROR")]));
        let read: Value = serde_json::from_str(&line).unwrap();
        let expected = serde_json::json!({
            "at": "now", "level": "WARN", "target": "here", "message": "a \"b\"", "fields": { "level": "ERROR" },
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn long_values_are_cut() {
        assert_eq!(tame(&"ä".repeat(128), VALUE_MAX), "ä".repeat(128));
        assert_eq!(tame(&"ä".repeat(129), VALUE_MAX), "ä".repeat(128) + "…");
    }
}
