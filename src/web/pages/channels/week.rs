//! The hours of a day as they are typed, `09:00-12:00, 13:00-17:30`, and as documents have them.

use serde_json::{Value, json};

/// As in documents.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// What was typed for a day, as its spans in a document. Err: the piece that can't be read.
pub fn spans(typed: &str) -> Result<Value, String> {
    let pieces = typed.split([',', ';', '\n']).map(str::trim).filter(|piece| !piece.is_empty());
    let spans: Result<Vec<Value>, String> =
        pieces.map(|piece| span(piece).ok_or_else(|| piece.chars().take(40).collect())).collect();
    spans.map(Value::Array)
}

/// The spans of a document as they are typed.
pub fn typed(spans: &Value) -> String {
    let time = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = spans.as_array().into_iter().flatten();
    let pieces: Vec<String> = all.map(|span| format!("{}-{}", time(&span[0]), time(&span[1]))).collect();
    pieces.join(", ")
}

fn span(piece: &str) -> Option<Value> {
    let (start, end) = piece.split_once(['-', '–', '—'])?;
    Some(json!([time(start)?, time(end)?]))
}

/// `9`, `9:00`, `9.00` and `0900` are all nine o'clock.
fn time(text: &str) -> Option<String> {
    let text = text.trim();
    let (hour, minute) = match text.split_once([':', '.']) {
        Some((hour, minute)) => (hour, minute),
        None if text.len() == 4 && text.is_ascii() => text.split_at(2),
        None => (text, "00"),
    };
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let good = (1..=2).contains(&hour.len()) && minute.len() == 2 && is_number(hour) && is_number(minute);
    let time = good.then(|| format!("{hour:0>2}:{minute}"))?;
    (time.as_str() <= "24:00" && &time[3..] < "60").then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_typed_as_people_write_them() {
        let table = [
            ("", json!([])),
            ("09:00-12:00, 13:00-17:30", json!([["09:00", "12:00"], ["13:00", "17:30"]])),
            ("9-12,13–17.30", json!([["09:00", "12:00"], ["13:00", "17:30"]])),
            (" 0900 - 24:00 ; ", json!([["09:00", "24:00"]])),
            ("22-3", json!([["22:00", "03:00"]])),
        ];
        for (text, expected) in table {
            assert_eq!(spans(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cant_be_read_is_named() {
        let table =
            ["nine to five", "9", "9-", "25-26", "9:60-10", "9:0-10", "+9-10", "9-12-15", "24:30-25", "٩-١٢"];
        for text in table {
            assert_eq!(spans(&format!("8-9, {text}")), Err(text.to_owned()));
        }
    }

    #[test]
    fn what_is_shown_can_be_sent_back() {
        for text in ["", "09:00-12:00, 13:00-17:30", "22:00-03:00", "00:00-24:00"] {
            assert_eq!(spans(text).map(|spans| typed(&spans)).as_deref(), Ok(text));
        }
    }
}
