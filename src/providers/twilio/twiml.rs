//! Documents in TwiML.

use crate::{
    calls::decision::Connect,
    providers::{
        Document, Hooks, Reply, Spoken,
        addresses::{Addresses, Hook},
    },
    routing::people::Reach,
};
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};
use std::{borrow::Cow, io};

/// No connection lasts longer.
const TIME_LIMIT_SECONDS: &str = "14400";
/// Twilio speaks no more than 4,096 characters at once.
const SPOKEN_CHARACTERS_MAX: usize = 4_000;

type Xml = Writer<Vec<u8>>;

/// The document in TwiML. It stays far below the 64 KB that Twilio accepts.
pub fn write(addresses: &Addresses, document: &Document) -> Reply {
    let body = response(addresses, document).expect("writing to memory does not fail");
    let body = String::from_utf8(body).expect("only text was written");
    Reply { content_type: "text/xml; charset=utf-8".into(), body }
}

fn response(addresses: &Addresses, document: &Document) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new(Vec::with_capacity(1024));
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("Response").write_inner_content(|xml| verbs(xml, addresses, document))?;
    Ok(xml.into_inner())
}

fn verbs(xml: &mut Xml, addresses: &Addresses, document: &Document) -> io::Result<()> {
    match document {
        Document::Hold { sorry, clip, next } => {
            sorry.iter().try_for_each(|sorry| speak(xml, addresses, sorry))?;
            play(xml, addresses, clip)?;
            redirect(xml, addresses, *next)
        }
        Document::Wait { words, clip, key, next } => {
            // Without a key it goes on after the last second of listening.
            xml.create_element("Gather")
                .with_attributes([
                    ("action", addresses.of(*key).as_str()),
                    ("method", "POST"),
                    ("input", "dtmf"),
                    ("numDigits", "1"),
                    ("timeout", "1"),
                ])
                .write_inner_content(|xml| {
                    speak(xml, addresses, words)?;
                    play(xml, addresses, clip)
                })?;
            redirect(xml, addresses, *next)
        }
        Document::Connect(connect, hooks) => dial(xml, addresses, connect, hooks),
        Document::TakeMessage { greeting, done, status, empty } => {
            speak(xml, addresses, greeting)?;
            record(xml, addresses, *done, *status)?;
            // Twilio gets here only if nothing was recorded.
            redirect(xml, addresses, *empty)
        }
        Document::DialOutside { number, caller_id, over } => {
            dial_outside(xml, addresses, number, caller_id, *over)
        }
        Document::Screen { words, pressed } => {
            screen(xml, addresses, words, *pressed)?;
            xml.create_element("Hangup").write_empty().map(drop)
        }
        Document::Farewell(words) => {
            words.iter().try_for_each(|words| speak(xml, addresses, words))?;
            xml.create_element("Hangup").write_empty().map(drop)
        }
        Document::Nothing => Ok(()),
    }
}

fn speak(xml: &mut Xml, addresses: &Addresses, spoken: &Spoken) -> io::Result<()> {
    match spoken {
        Spoken::Play { sha256 } => play(xml, addresses, sha256),
        Spoken::Say { text, language } => element(xml, "Say", &[("language", language)], shortened(text)),
    }
}

fn play(xml: &mut Xml, addresses: &Addresses, sha256: &str) -> io::Result<()> {
    element(xml, "Play", &[], &addresses.media(sha256))
}

fn redirect(xml: &mut Xml, addresses: &Addresses, next: Hook) -> io::Result<()> {
    element(xml, "Redirect", &[("method", "POST")], &addresses.of(next))
}

fn record(xml: &mut Xml, addresses: &Addresses, done: Hook, status: Hook) -> io::Result<()> {
    xml.create_element("Record")
        .with_attributes([
            ("action", addresses.of(done).as_str()),
            ("method", "POST"),
            ("maxLength", "180"),
            ("timeout", "10"),
            ("finishOnKey", "#"),
            ("playBeep", "true"),
            ("trim", "do-not-trim"),
            ("recordingStatusCallback", &addresses.of(status)),
            ("recordingStatusCallbackEvent", "completed absent"),
            ("recordingStatusCallbackMethod", "POST"),
        ])
        .write_empty()
        .map(drop)
}

fn dial(xml: &mut Xml, addresses: &Addresses, connect: &Connect, hooks: &Hooks) -> io::Result<()> {
    let caller_id = is_number(&connect.caller_id).then_some(("callerId", connect.caller_id.as_str()));
    xml.create_element("Dial")
        .with_attributes([
            ("action", addresses.of(hooks.over).as_str()),
            ("method", "POST"),
            ("timeout", &connect.seconds.clamp(1, 600).to_string()),
            ("timeLimit", TIME_LIMIT_SECONDS),
            ("answerOnBridge", "true"),
        ])
        .with_attributes(caller_id)
        .write_inner_content(|xml| callee(xml, addresses, connect, hooks))
        .map(drop)
}

fn dial_outside(
    xml: &mut Xml,
    addresses: &Addresses,
    number: &str,
    caller_id: &str,
    over: Hook,
) -> io::Result<()> {
    let caller_id = is_number(caller_id).then_some(("callerId", caller_id));
    xml.create_element("Dial")
        .with_attributes([
            ("action", addresses.of(over).as_str()),
            ("method", "POST"),
            ("timeout", "30"),
            ("timeLimit", TIME_LIMIT_SECONDS),
        ])
        .with_attributes(caller_id)
        .write_inner_content(|xml| element(xml, "Number", &[], number))
        .map(drop)
}

/// Twilio bridges after this document, unless it hangs up.
fn screen(xml: &mut Xml, addresses: &Addresses, words: &Spoken, pressed: Hook) -> io::Result<()> {
    xml.create_element("Gather")
        .with_attributes([
            ("action", addresses.of(pressed).as_str()),
            ("method", "POST"),
            ("numDigits", "1"),
            ("timeout", "8"),
        ])
        .write_inner_content(|xml| speak(xml, addresses, words))
        .map(drop)
}

fn callee(xml: &mut Xml, addresses: &Addresses, connect: &Connect, hooks: &Hooks) -> io::Result<()> {
    let leg = addresses.of(hooks.leg);
    let events = [
        ("statusCallback", leg.as_str()),
        ("statusCallbackEvent", "initiated ringing answered completed"),
        ("statusCallbackMethod", "POST"),
    ];
    match &connect.reach {
        Reach::Client(identity) => xml
            .create_element("Client")
            .with_attributes(events)
            .write_inner_content(|xml| {
                element(xml, "Identity", &[], identity)?;
                let offer = connect.offer.to_string();
                let parameter = [("name", "offer"), ("value", offer.as_str())];
                xml.create_element("Parameter").with_attributes(parameter).write_empty().map(drop)
            })
            .map(drop),
        Reach::Sip(address) => element(xml, "Sip", &events, address),
        Reach::Number(number) => {
            let screen = hooks.screen.map(|screen| addresses.of(screen));
            let screen = screen.iter().flat_map(|url| [("url", url.as_str()), ("method", "POST")]);
            let attributes: Vec<_> = screen.chain(events).collect();
            element(xml, "Number", &attributes, number)
        }
    }
}

/// An element with nothing but text in it. All that comes from outside passes here.
fn element(xml: &mut Xml, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
    let attributes = attributes.iter().map(|(name, value)| (*name, allowed(value)));
    let text = allowed(text);
    xml.create_element(name).with_attributes(attributes).write_text_content(BytesText::new(&text)).map(drop)
}

/// Without the characters that XML 1.0 can't have, not even escaped: one would make the whole document invalid.
fn allowed(text: &str) -> Cow<'_, str> {
    let forbidden =
        |c: char| matches!(c, '\0'..'\t' | '\u{b}' | '\u{c}' | '\u{e}'..' ' | '\u{fffe}' | '\u{ffff}');
    if text.contains(forbidden) { text.replace(forbidden, "").into() } else { text.into() }
}

/// Cut between words where it is longer than Twilio speaks.
fn shortened(text: &str) -> &str {
    let Some((end, _)) = text.char_indices().nth(SPOKEN_CHARACTERS_MAX) else { return text };
    let cut = &text[..end];
    cut.rfind(char::is_whitespace).map_or(cut, |at| &cut[..at])
}

/// Twilio takes nothing but E.164 numbers as caller ids.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (2..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::ids::{CallId, ChannelId, Ids, OfferId, UserId};

    fn addresses() -> Addresses {
        let channel = ChannelId(Ids::new(1).next(1));
        Addresses { public_url: "https://calls.example.org".into(), provider: "main".into(), channel }
    }

    fn body(document: &Document) -> String {
        write(&addresses(), document).body
    }

    fn say(text: &str) -> Document {
        Document::Farewell(Some(Spoken::Say { text: text.into(), language: "en-US".into() }))
    }

    fn connect(reach: Reach, caller_id: &str) -> String {
        let mut ids = Ids::new(2);
        let call = CallId(ids.next(1));
        let (agent, offer) = (UserId(ids.next(1)), OfferId(ids.next(1)));
        let connect = Connect { attempt: 3, agent, offer, reach, seconds: 8, caller_id: caller_id.into() };
        let (over, leg, screen) = (Hook::Over(call, 3), Hook::Leg(call, 3), Some(Hook::Screen(call, 3)));
        body(&Document::Connect(connect, Hooks { over, leg, screen }))
    }

    #[test]
    fn a_document_is_xml_in_utf_8() {
        let reply = write(&addresses(), &Document::Nothing);
        assert_eq!(reply.content_type, "text/xml; charset=utf-8");
        assert_eq!(reply.body, r#"<?xml version="1.0" encoding="UTF-8"?><Response></Response>"#);
    }

    #[test]
    fn markup_is_escaped_and_what_xml_can_not_have_is_left_out() {
        let said = body(&say("a\u{0}\u{b}\u{1f}\u{fffe} <Hangup/> & \"ö\u{1f600}\""));
        assert!(said.contains(">a &lt;Hangup/&gt; &amp; &quot;ö\u{1f600}&quot;</Say><Hangup/>"), "{said}");
    }

    #[test]
    fn a_long_text_is_cut_between_words_and_the_document_stays_small() {
        let long = body(&say(&"\"é\" ".repeat(30_000)));
        assert!(long.len() < 64 * 1024, "{}", long.len());
        assert!(long.contains("&quot;</Say>"));
        let (nearly, exactly) = ("x".repeat(4_001), "y".repeat(4_000));
        assert_eq!(shortened(&nearly).len(), 4_000);
        assert_eq!(shortened(&exactly), exactly);
        assert_eq!(shortened(&format!("{} {}", "z".repeat(3_990), "w".repeat(50))), "z".repeat(3_990));
    }

    #[test]
    fn only_a_number_is_shown_as_caller_id() {
        let client = || Reach::Client("alice".into());
        assert!(connect(client(), "+4312345").contains(r#" callerId="+4312345">"#));
        for other in ["", "+", "sip:desk@example.org", "+43 1", "+1234567890123456", "\" x=\""] {
            assert!(!connect(client(), other).contains("callerId"), "{other:?}");
        }
    }

    #[test]
    fn an_agent_is_rung_where_they_are() {
        assert!(
            connect(Reach::Client("a&b".into()), "")
                .contains("<Identity>a&amp;b</Identity><Parameter name=\"offer\"")
        );
        assert!(
            connect(Reach::Sip("sip:a@example.org".into()), "").contains(">sip:a@example.org</Sip></Dial>")
        );
        assert!(connect(Reach::Number("+431".into()), "").contains(">+431</Number></Dial>"));
    }
}
