//! The telephone companies, which are configured and not set; while there is none, what is to be written.

use super::{
    super::layout::{Layout, Signed},
    Refusal, Steps, Web, show,
};
use askama::Template;
use axum::{extract::State, response::Response};

/// The example configuration.
const EXAMPLE: &str = include_str!("../../../config.toml");

#[derive(Template)]
#[template(path = "start_company.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    steps: Steps,
    companies: Vec<Company>,
    examples: Vec<Example>,
}

struct Company {
    /// As the operator calls it.
    name: String,
    company: &'static str,
    has_secret: bool,
}

/// What is written for one company.
struct Example {
    company: &'static str,
    text: String,
}

pub async fn show_page(State(web): State<Web>, signed: Signed) -> Result<Response, Refusal> {
    let companies = web.providers.iter().map(|(name, provider)| Company {
        name: name.clone(),
        company: web.ground.providers.get(name).map_or("", |dialect| dialect.company()),
        has_secret: provider.has_secret(),
    });
    Ok(show(&Page {
        layout: signed.layout.clone(),
        steps: Steps::of(&signed, &web)?,
        companies: companies.collect(),
        examples: examples(),
    }))
}

/// As the example configuration has them.
fn examples() -> Vec<Example> {
    let (mut texts, mut is_inside) = (Vec::<String>::new(), false);
    for line in EXAMPLE.lines() {
        let Some(line) = line.strip_prefix("# ").filter(|line| is_inside || line.starts_with("[providers."))
        else {
            is_inside = false;
            continue;
        };
        if !is_inside {
            texts.push(String::new());
        }
        is_inside = true;
        if let Some(text) = texts.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    let company = |text: &str| match text {
        text if text.contains("\"twilio\"") => "Twilio",
        text if text.contains("\"signalwire\"") => "SignalWire",
        text if text.contains("\"somleng\"") => "Somleng",
        _ => "Telnyx",
    };
    texts.into_iter().map(|text| Example { company: company(&text), text }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_each_company_there_is_what_is_to_be_written() {
        let examples = examples();
        let companies: Vec<_> = examples.iter().map(|example| example.company).collect();
        assert_eq!(companies, ["Twilio", "SignalWire", "Somleng", "Telnyx"]);
        for example in examples {
            let table: toml::Table = example.text.parse().expect("it is TOML");
            assert!(table["providers"].is_table(), "{}", example.text);
        }
    }
}
