//! What whoever sent a form is answered: a program JSON, a browser the page of the channel's owner or a short one of ours.
//! Any page may read it: it says nothing that not everybody may know.

use super::super::Problem;
use crate::{
    desk::settings::Fault,
    messaging::form::{Refused, Why},
    routing::sentences::Language,
};
use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::json;

/// Nothing runs, nothing is loaded, nobody puts it into a page of theirs.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTaken {
    NotFound,
    TooLarge,
    /// They may come again in so many seconds.
    TooMany(u64),
    Field(Refused),
    /// It is no form at all: the status that says how.
    NotAForm(u16),
    /// Nothing can be kept at the moment.
    Later,
}

/// To whom.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    is_browser: bool,
    language: Language,
}

impl Answer {
    pub fn to(headers: &HeaderMap, language: Language) -> Self {
        let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut kinds = accepted.flat_map(|value| value.split(','));
        Self { is_browser: kinds.any(|kind| kind.trim().starts_with("text/html")), language }
    }

    pub fn thanks(self, thanks_url: Option<&str>) -> Response {
        if !self.is_browser {
            return open_to_all(Json(json!({ "received": true })).into_response());
        }
        // Only ever where the channel's owner says, never where a form says.
        match thanks_url.and_then(|url| HeaderValue::from_str(url).ok()) {
            Some(url) => open_to_all((StatusCode::SEE_OTHER, [(header::LOCATION, url)]).into_response()),
            None => self.page(StatusCode::OK, self.words().thanks, None),
        }
    }

    pub fn refused(self, why: NotTaken) -> Response {
        let status = why.status();
        if self.is_browser {
            let words = self.words();
            let (sentence, field) = match &why {
                NotTaken::NotFound => (words.not_found, None),
                NotTaken::TooLarge => (words.too_large, None),
                NotTaken::TooMany(_) => (words.too_many, None),
                NotTaken::Field(Refused { field, why }) => (words.why(*why), Some(field.as_str())),
                NotTaken::NotAForm(_) => (words.not_a_form, None),
                NotTaken::Later => (words.later, None),
            };
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            return with_later(self.page(status, sentence, field), &why);
        }
        let words = Words::of(Language::En);
        let problem = match why {
            NotTaken::NotFound => Problem::not_found(),
            NotTaken::TooLarge => Problem::new(413, words.too_large),
            NotTaken::TooMany(seconds) => Problem::new(429, words.too_many).later(seconds),
            NotTaken::Field(Refused { field, why }) => {
                let pointer = format!("/{}", field.replace('~', "~0").replace('/', "~1"));
                Problem::new(status, words.not_a_form).with(vec![Fault::new(pointer, words.why(why))])
            }
            NotTaken::NotAForm(405) => Problem::not_allowed(),
            NotTaken::NotAForm(status) => Problem::new(status, words.not_a_form),
            NotTaken::Later => Problem::new(503, words.later),
        };
        open_to_all(problem.into_response())
    }

    fn words(self) -> &'static Words {
        Words::of(self.language)
    }

    fn page(self, status: StatusCode, sentence: &str, field: Option<&str>) -> Response {
        let field = field.filter(|field| !field.is_empty());
        let field = field.map(|field| format!("<p><b>{}</b></p>", escaped(field))).unwrap_or_default();
        let language = self.language.code();
        let page = format!(
            "<!doctype html>\n<html lang=\"{language}\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{sentence}</title>\n\
             <style>body {{ font: 1.1rem/1.5 system-ui, sans-serif; margin: 4rem auto; max-width: 36rem; \
             padding: 0 1rem; color-scheme: light dark }}</style>\n<h1>{sentence}</h1>\n{field}\n</html>\n"
        );
        open_to_all((status, Html(page)).into_response())
    }
}

/// Where a form is sent by a script, the browser first asks whether it may.
pub fn preflight() -> Response {
    const MAY: [(HeaderName, &str); 3] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type, idempotency-key"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    open_to_all((StatusCode::NO_CONTENT, MAY).into_response())
}

/// Cookies play no part here, so that any page may read what it is answered.
fn open_to_all(mut response: Response) -> Response {
    const ALWAYS: [(HeaderName, &str); 5] = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in ALWAYS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn with_later(mut response: Response, why: &NotTaken) -> Response {
    let seconds = match why {
        NotTaken::TooMany(seconds) => *seconds,
        NotTaken::Later => 5,
        _ => return response,
    };
    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    response
}

fn escaped(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped.replace('"', "&quot;").replace('\'', "&#39;")
}

/// Sentences for people who know nothing of us.
struct Words {
    thanks: &'static str,
    not_found: &'static str,
    too_large: &'static str,
    too_many: &'static str,
    not_a_form: &'static str,
    later: &'static str,
    missing: &'static str,
    not_an_address: &'static str,
    too_long: &'static str,
    too_much: &'static str,
}

impl Words {
    fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &EN,
            Language::Nl => &NL,
            Language::Nb => &NB,
            Language::De => &DE,
        }
    }

    fn why(&self, why: Why) -> &'static str {
        match why {
            Why::Missing => self.missing,
            Why::NotAnAddress => self.not_an_address,
            Why::TooLong => self.too_long,
            Why::TooMany => self.too_much,
        }
    }
}

const EN: Words = Words {
    thanks: "Thank you. Your message has arrived.",
    not_found: "This form is not in use.",
    too_large: "This is too large. At most 20 MiB can be sent.",
    too_many: "Too many forms came from your address. Please try again later.",
    not_a_form: "This form can't be read.",
    later: "Your message can't be taken at the moment. Please try again in a little while.",
    missing: "Something is missing. Please go back and fill it in.",
    not_an_address: "This is not a mail address. Please go back and correct it.",
    too_long: "This is too long. Please go back and shorten it.",
    too_much: "There are too many fields or files.",
};

const NL: Words = Words {
    thanks: "Bedankt. Uw bericht is aangekomen.",
    not_found: "Dit formulier is niet in gebruik.",
    too_large: "Dit is te groot. Er kan ten hoogste 20 MiB worden verzonden.",
    too_many: "Er kwamen te veel formulieren van uw adres. Probeer het later opnieuw.",
    not_a_form: "Dit formulier kan niet worden gelezen.",
    later: "Uw bericht kan op dit moment niet worden aangenomen. Probeer het over een poosje opnieuw.",
    missing: "Er ontbreekt iets. Ga terug en vul het in.",
    not_an_address: "Dit is geen e-mailadres. Ga terug en verbeter het.",
    too_long: "Dit is te lang. Ga terug en kort het in.",
    too_much: "Er zijn te veel velden of bestanden.",
};

const NB: Words = Words {
    thanks: "Takk. Meldingen din er mottatt.",
    not_found: "Dette skjemaet er ikke i bruk.",
    too_large: "Dette er for stort. Det kan sendes høyst 20 MiB.",
    too_many: "Det kom for mange skjemaer fra adressen din. Prøv igjen senere.",
    not_a_form: "Dette skjemaet kan ikke leses.",
    later: "Meldingen din kan ikke tas imot akkurat nå. Prøv igjen om en liten stund.",
    missing: "Noe mangler. Gå tilbake og fyll det ut.",
    not_an_address: "Dette er ingen e-postadresse. Gå tilbake og rett den.",
    too_long: "Dette er for langt. Gå tilbake og gjør det kortere.",
    too_much: "Det er for mange felt eller filer.",
};

const DE: Words = Words {
    thanks: "Danke. Ihre Nachricht ist angekommen.",
    not_found: "Dieses Formular ist nicht in Gebrauch.",
    too_large: "Das ist zu groß. Höchstens 20 MiB können gesendet werden.",
    too_many: "Von Ihrer Adresse kamen zu viele Formulare. Bitte versuchen Sie es später noch einmal.",
    not_a_form: "Dieses Formular kann nicht gelesen werden.",
    later: "Ihre Nachricht kann gerade nicht angenommen werden. Bitte versuchen Sie es in Kürze noch einmal.",
    missing: "Es fehlt etwas. Bitte gehen Sie zurück und füllen Sie es aus.",
    not_an_address: "Das ist keine Mailadresse. Bitte gehen Sie zurück und berichtigen Sie sie.",
    too_long: "Das ist zu lang. Bitte gehen Sie zurück und kürzen Sie es.",
    too_much: "Es sind zu viele Felder oder Dateien.",
};
