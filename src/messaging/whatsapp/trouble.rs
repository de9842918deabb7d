//! What the Cloud API says when it does not do what it was asked for, and whether asking again helps.

use crate::tickets::message::NotSent;
use serde_json::Value;

/// More than 24 hours have passed since the customer last wrote.
const OUT_OF_WINDOW: u64 = 131_047;
/// Too much at once, an outage, or maintenance: later it goes.
const PASSING: [u64; 13] =
    [1, 2, 4, 613, 80_007, 130_429, 131_000, 131_016, 131_048, 131_056, 131_057, 133_004, 135_000];
/// The token, its rights, or the account: it goes when somebody has seen to it.
const NOT_LET_IN: [u64; 7] = [0, 3, 10, 190, 131_005, 131_031, 131_042];
const CHARS_MAX: usize = 300;

/// An error as the interface and the webhooks write it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trouble {
    code: Option<u64>,
    title: String,
    details: String,
}

impl Trouble {
    pub fn read(error: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let title = [&error["title"], &error["message"]].into_iter().map(text).find(|text| !text.is_empty());
        Self {
            code: error["code"].as_u64(),
            title: title.unwrap_or_default(),
            details: text(&error["error_data"]["details"]),
        }
    }

    /// In words that can be shown.
    pub fn told(&self) -> String {
        if self.code == Some(OUT_OF_WINDOW) {
            return "more than 24 hours have passed since the customer last wrote; WhatsApp lets nothing through but \
                    templates until they write again"
                .to_owned();
        }
        let title = if self.title.is_empty() {
            "WhatsApp does not say why"
        } else {
            self.title.trim_end_matches('.')
        };
        let code = self.code.map(|code| format!("{code}: ")).unwrap_or_default();
        let details = if self.details.is_empty() { String::new() } else { format!(". {}", self.details) };
        format!("{code}{title}{details}").escape_debug().take(CHARS_MAX).collect()
    }

    /// `status`: of the answer in which it was.
    pub fn not_sent(&self, status: u16) -> NotSent {
        let rights = |code: u64| (200..300).contains(&code);
        let by_code = |code: u64| PASSING.contains(&code) || NOT_LET_IN.contains(&code) || rights(code);
        let later =
            status >= 500 || matches!(status, 401 | 403 | 408 | 429) || self.code.is_some_and(by_code);
        let told = if self.code.is_none() { format!("WhatsApp answers {status}") } else { self.told() };
        if later { NotSent::Later(told) } else { NotSent::Never(told) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_passes_is_tried_again_and_what_does_not_is_given_up() {
        let not_sent = |code: u64| Trouble::read(&json!({ "code": code, "message": "x" })).not_sent(400);
        for code in [1, 2, 4, 190, 200, 299, 80_007, 130_429, 131_000, 131_016, 131_056, 131_057] {
            assert!(matches!(not_sent(code), NotSent::Later(_)), "{code}");
        }
        for code in [33, 100, 130_472, 131_009, 131_021, 131_026, 131_047, 131_051, 131_053, 132_000] {
            assert!(matches!(not_sent(code), NotSent::Never(_)), "{code}");
        }
        assert!(matches!(Trouble { code: Some(100), ..Trouble::default() }.not_sent(503), NotSent::Later(_)));
        let silent = |status| Trouble::read(&json!("<html>")).not_sent(status);
        assert_eq!(silent(502), NotSent::Later("WhatsApp answers 502".into()));
        assert_eq!(silent(429), NotSent::Later("WhatsApp answers 429".into()));
        assert_eq!(silent(404), NotSent::Never("WhatsApp answers 404".into()));
    }

    #[test]
    fn the_24_hours_are_told_so_that_everybody_understands() {
        let told = Trouble::read(&json!({ "code": 131047, "title": "Re-engagement message" })).told();
        assert!(told.starts_with("more than 24 hours have passed since the customer last wrote"), "{told}");
    }

    #[test]
    fn an_error_is_cut_and_made_harmless() {
        let told =
            Trouble::read(&json!({ "code": 1, "title": format!("a\n\u{202e}{}", "x".repeat(500)) })).told();
        assert!(told.starts_with("1: a\\n\\u{202e}xxx") && told.chars().count() == 300, "{told}");
        assert_eq!(Trouble::read(&json!(null)).told(), "WhatsApp does not say why");
    }
}
