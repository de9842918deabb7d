//! Inputs out of random bytes: what is drawn depends on nothing else, so that a shrunk input is a smaller case. When the
//! bytes are used up every draw is the first of its kind.

use serde_json::{Map, Value};
use std::time::Duration;

/// How long each target runs when it is run by hand.
pub fn by_hand() -> Option<Duration> {
    let seconds = std::env::var("STROWGER_FUZZ_SECONDS").ok()?;
    Some(Duration::from_secs(seconds.parse().expect("STROWGER_FUZZ_SECONDS is a number")))
}

/// Runs `$test` on `$inputs` inputs made of at most `$length` bytes.
macro_rules! fuzz {
    ($inputs:expr, $length:expr, $test:expr) => {{
        let bytes = bolero::generator::produce::<Vec<u8>>().with().len(0..=$length);
        let target = bolero::check!().with_generator(bytes);
        let target = match crate::draw::by_hand() {
            Some(time) => target.with_test_time(time),
            None => target.with_iterations($inputs),
        };
        let test = std::panic::AssertUnwindSafe($test);
        target.for_each(|bytes: &Vec<u8>| (*test)(&mut crate::draw::Draw::new(bytes)));
    }};
}

/// Pieces that have made trouble somewhere.
const PIECES: [&str; 26] = [
    "a",
    "",
    " ",
    "0",
    "9",
    "é",
    "<b>&amp;</b>",
    "]]>",
    "\"'",
    "\0",
    "\r\n",
    "\u{1b}[2J",
    "\u{7f}\u{85}",
    "\u{202e}abc\u{202c}",
    "مرحبا",
    "👩‍👩‍👧",
    "\u{feff}",
    "\u{fffe}\u{ffff}",
    "\u{d7ff}\u{e000}\u{10ffff}",
    "%00%zz",
    "../",
    "\u{2028}",
    "1e999",
    "-1",
    "null",
    "ＡＢ",
];

#[derive(Debug)]
pub struct Draw<'a> {
    bytes: &'a [u8],
}

impl<'a> Draw<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *first
    }

    pub fn number(&mut self) -> u32 {
        u32::from_be_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    /// Less than `end`, which is at most 65,536.
    pub fn below(&mut self, end: usize) -> usize {
        let high = if end > 256 { self.byte() } else { 0 };
        usize::from(u16::from_be_bytes([high, self.byte()])) % end
    }

    /// Once in `times`.
    pub fn chance(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    pub fn pick<'b, T: ?Sized>(&mut self, all: &[&'b T]) -> &'b T {
        all[self.below(all.len())]
    }

    /// Up to `pieces` pieces, some of them any character.
    pub fn text(&mut self, pieces: usize) -> String {
        let pieces = self.below(pieces + 1);
        (0..pieces).fold(String::new(), |mut text, _| {
            match self.byte() {
                byte @ 0..128 => text.push(char::from(byte)),
                byte @ 128..192 => text.extend(char::from_u32(u32::from(byte) << 8 | u32::from(self.byte()))),
                byte => text.push_str(PIECES[usize::from(byte - 192) % PIECES.len()]),
            }
            text
        })
    }

    /// What is left, but at most so much.
    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = self.below(most + 1).min(self.bytes.len());
        let (taken, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        taken.to_vec()
    }

    /// `seed` with up to `changes` changes: bytes exchanged, put in, repeated, left out, the end cut off.
    pub fn mutated(&mut self, seed: &[u8], changes: usize) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..self.below(changes + 1) {
            let at = self.number() as usize % (bytes.len() + 1);
            let length = (1 + self.below(16)).min(bytes.len() - at);
            match self.byte() % 8 {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.byte()),
                2 => drop(bytes.drain(at..at + length)),
                3 => {
                    let again = bytes[at..at + length].to_vec();
                    bytes.splice(at..at, again);
                }
                4 => {
                    let edge = *self.pick(&[&0, &0xff, &0x7f, &0x80]);
                    bytes[at..at + length].fill(edge);
                }
                5 => bytes.splice(at..at, self.text(4).into_bytes()).for_each(drop),
                _ => bytes[at..].iter_mut().take(1).for_each(|byte| *byte ^= 1 << (self.byte() % 8)),
            }
        }
        bytes
    }

    pub fn mutated_text(&mut self, seed: &str, changes: usize) -> String {
        String::from_utf8_lossy(&self.mutated(seed.as_bytes(), changes)).into_owned()
    }

    /// Any JSON, not deep.
    pub fn json(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 6 } else { 8 }) {
            0 => Value::Null,
            1 => self.chance(2).into(),
            2 => self.below(100).into(),
            3 => (*self.pick(&[&-1.5, &1e300, &-0.0, &f64::from(u32::MAX), &0.1, &-1.0])).into(),
            4 => (*self.pick(&[&i64::MIN, &i64::MAX, &-1, &(1 << 31), &(1 << 32), &(1 << 53)])).into(),
            5 => self.text(6).into(),
            6 => (0..self.below(4)).map(|_| self.json(depth - 1)).collect(),
            _ => {
                (0..self.below(4)).map(|_| (self.text(3), self.json(depth - 1))).collect::<Map<_, _>>().into()
            }
        }
    }

    /// `value` with something in it exchanged, left out or put in.
    pub fn mutated_json(&mut self, value: &Value) -> Value {
        match value {
            _ if self.chance(6) => self.json(2),
            Value::Object(fields) if !fields.is_empty() => {
                let mut fields = fields.clone();
                let keys: Vec<String> = fields.keys().cloned().collect();
                let key = &keys[self.below(keys.len())];
                match self.below(6) {
                    0 => drop(fields.remove(key)),
                    1 => drop(fields.insert(self.text(4), self.json(2))),
                    _ => {
                        let other = self.mutated_json(&fields[key]);
                        fields.insert(key.clone(), other);
                    }
                }
                fields.into()
            }
            Value::Array(items) if !items.is_empty() => {
                let mut items = items.clone();
                let at = self.below(items.len());
                match self.below(5) {
                    0 => drop(items.remove(at)),
                    1 => items.push(items[at].clone()),
                    2 => items.insert(at, self.json(2)),
                    _ => items[at] = self.mutated_json(&items[at]),
                }
                items.into()
            }
            Value::String(text) => self.mutated_text(text, 3).into(),
            Value::Bool(is) => (!is).into(),
            _ => self.json(1),
        }
    }
}
