//! Documents in TwiML, and in what others make of it.

use super::{Dialect, devices};
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
pub(super) const TIME_LIMIT_SECONDS: &str = "14400";
/// Twilio speaks no more than 4,096 characters at once.
const SPOKEN_CHARACTERS_MAX: usize = 4_000;

pub(super) type Xml = Writer<Vec<u8>>;

/// The document in TwiML. It stays far below the 64 KB that Twilio accepts.
pub fn write(dialect: Dialect, addresses: &Addresses, document: &Document) -> Reply {
    let body = response(dialect, addresses, document).expect("writing to memory does not fail");
    let body = String::from_utf8(body).expect("only text was written");
    Reply { content_type: "text/xml; charset=utf-8".into(), body }
}

fn response(dialect: Dialect, addresses: &Addresses, document: &Document) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new(Vec::with_capacity(1024));
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("Response").write_inner_content(|xml| verbs(xml, dialect, addresses, document))?;
    Ok(xml.into_inner())
}

fn verbs(xml: &mut Xml, dialect: Dialect, addresses: &Addresses, document: &Document) -> io::Result<()> {
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
        Document::Connect(connect, hooks) if dialect.reaches(&connect.reach) => {
            dial(xml, dialect, addresses, connect, hooks)?;
            match dialect {
                Dialect::Twilio | Dialect::SignalWire | Dialect::Somleng => Ok(()),
                // It is said not to ask for every action. If it does, it does not get here.
                Dialect::TeXml => redirect(xml, addresses, hooks.over),
            }
        }
        Document::Connect(_, hooks) => redirect(xml, addresses, hooks.over),
        Document::DialDevices { over, .. } if !dialect.rings_devices() => redirect(xml, addresses, *over),
        Document::DialDevices { devices: rung, seconds, over } => {
            devices::dial(xml, dialect, addresses, rung, *seconds, *over)
        }
        Document::TakeMessage { greeting, done, status, empty } => {
            speak(xml, addresses, greeting)?;
            let over = match *empty {
                Hook::MessageEmpty(call, times) if dialect.asks_after_silence() => {
                    Hook::MessageOver(call, times)
                }
                _ => *done,
            };
            record(xml, dialect, addresses, over, *status)?;
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
        Document::Reject => {
            let busy = [("reason", "busy")];
            xml.create_element("Reject").with_attributes(busy).write_empty().map(drop)
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

fn record(
    xml: &mut Xml,
    dialect: Dialect,
    addresses: &Addresses,
    done: Hook,
    status: Hook,
) -> io::Result<()> {
    let (done, status) = (addresses.of(done), addresses.of(status));
    let shared = [("action", done.as_str()), ("method", "POST"), ("maxLength", "180")];
    let keys = [("finishOnKey", "#"), ("playBeep", "true")];
    // Telnyx listens for silence by a transcription, which it charges for; and it makes MP3 files of its own accord.
    let silence = match dialect {
        Dialect::TeXml => ("channels", "single"),
        Dialect::Twilio | Dialect::SignalWire | Dialect::Somleng => ("timeout", "10"),
    };
    let sound = match dialect {
        Dialect::Twilio | Dialect::SignalWire => Some(("trim", "do-not-trim")),
        Dialect::TeXml => Some(("format", "wav")),
        Dialect::Somleng => None,
    };
    let events = ("recordingStatusCallbackEvent", "completed absent");
    xml.create_element("Record")
        .with_attributes(shared)
        .with_attributes([silence])
        .with_attributes(keys)
        .with_attributes(sound)
        .with_attributes([("recordingStatusCallback", status.as_str())])
        .with_attributes((dialect != Dialect::Somleng).then_some(events))
        .with_attributes([("recordingStatusCallbackMethod", "POST")])
        .write_empty()
        .map(drop)
}

fn dial(
    xml: &mut Xml,
    dialect: Dialect,
    addresses: &Addresses,
    connect: &Connect,
    hooks: &Hooks,
) -> io::Result<()> {
    let caller_id = is_number(&connect.caller_id).then_some(("callerId", connect.caller_id.as_str()));
    let seconds = dialect.ring_seconds(connect.seconds).to_string();
    let shared = [("action", addresses.of(hooks.over)), ("method", "POST".into()), ("timeout", seconds)];
    let more: &[(&str, &str)] = match dialect {
        Dialect::Twilio | Dialect::SignalWire => {
            &[("timeLimit", TIME_LIMIT_SECONDS), ("answerOnBridge", "true")]
        }
        Dialect::TeXml => &[("timeLimit", TIME_LIMIT_SECONDS)],
        Dialect::Somleng => &[],
    };
    xml.create_element("Dial")
        .with_attributes(shared.iter().map(|(name, value)| (*name, value.as_str())))
        .with_attributes(more.iter().copied())
        .with_attributes(caller_id)
        .write_inner_content(|xml| callee(xml, dialect, addresses, connect, hooks))
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

fn callee(
    xml: &mut Xml,
    dialect: Dialect,
    addresses: &Addresses,
    connect: &Connect,
    hooks: &Hooks,
) -> io::Result<()> {
    let leg = addresses.of(hooks.leg);
    let all = [
        ("statusCallback", leg.as_str()),
        ("statusCallbackEvent", "initiated ringing answered completed"),
        ("statusCallbackMethod", "POST"),
    ];
    let events: &[(&str, &str)] = match dialect {
        Dialect::Twilio | Dialect::SignalWire | Dialect::TeXml => &all,
        // It reads no attributes here, so nothing is heard of the leg but the action of its `Dial`.
        Dialect::Somleng => &[],
    };
    match &connect.reach {
        Reach::Client(identity) => xml
            .create_element("Client")
            .with_attributes(events.iter().copied())
            .write_inner_content(|xml| {
                element(xml, "Identity", &[], identity)?;
                let offer = connect.offer.to_string();
                let parameter = [("name", "offer"), ("value", offer.as_str())];
                xml.create_element("Parameter").with_attributes(parameter).write_empty().map(drop)
            })
            .map(drop),
        Reach::Sip(address) => element(xml, "Sip", events, address),
        Reach::Number(number) => {
            let screen = hooks.screen.map(|screen| addresses.of(screen));
            let screen = screen.iter().flat_map(|url| [("url", url.as_str()), ("method", "POST")]);
            let attributes: Vec<_> = screen.chain(events.iter().copied()).collect();
            element(xml, "Number", &attributes, number)
        }
    }
}

/// An element with nothing but text in it. All that comes from outside passes here.
pub(super) fn element(xml: &mut Xml, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
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
        let (public_url, provider) = ("https://calls.example.org".into(), "main".into());
        Addresses { public_url, provider, channel, epoch: None }
    }

    fn body(document: &Document) -> String {
        write(Dialect::Twilio, &addresses(), document).body
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
        let reply = write(Dialect::Twilio, &addresses(), &Document::Nothing);
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

    /// A document with its addresses cut short.
    fn told(dialect: Dialect, document: &Document) -> String {
        let body = write(dialect, &addresses(), document).body;
        let hooks = format!("https://calls.example.org/hooks/main/{}/", addresses().channel);
        let (_, response) = body.split_once("<Response>").unwrap();
        response.trim_end_matches("</Response>").replace(&hooks, "").replace(&call().to_string(), "CALL")
    }

    fn call() -> CallId {
        CallId(Ids::new(2).next(1))
    }

    fn connection(reach: Reach, seconds: u32) -> Document {
        let mut ids = Ids::new(2);
        let call = CallId(ids.next(1));
        let (agent, offer) = (UserId(ids.next(1)), OfferId(ids.next(1)));
        let connect = Connect { attempt: 3, agent, offer, reach, seconds, caller_id: "+4312345".into() };
        let (over, leg, screen) = (Hook::Over(call, 3), Hook::Leg(call, 3), Some(Hook::Screen(call, 3)));
        Document::Connect(connect, Hooks { over, leg, screen })
    }

    const OVER: &str = r#"<Redirect method="POST">c/CALL/over/3</Redirect>"#;
    const LEG: &str = r#" statusCallback="c/CALL/leg/3" statusCallbackEvent="initiated ringing answered completed" statusCallbackMethod="POST""#;

    #[test]
    fn every_company_gets_the_dial_that_it_understands() {
        let sip = |seconds| connection(Reach::Sip("sip:a@example.org".into()), seconds);
        let start = |seconds| format!(r#"<Dial action="c/CALL/over/3" method="POST" timeout="{seconds}""#);
        let end = r#" callerId="+4312345"><Sip"#;
        let address = ">sip:a@example.org</Sip></Dial>";
        let limits = r#" timeLimit="14400" answerOnBridge="true""#;
        assert_eq!(
            told(Dialect::SignalWire, &sip(3)),
            format!("{}{limits}{end}{LEG}{address}", start(5)),
            "no less than 5 s"
        );
        assert_eq!(told(Dialect::Somleng, &sip(20)), format!("{}{end}{address}", start(20)));
        let limit = r#" timeLimit="14400""#;
        assert_eq!(
            told(Dialect::TeXml, &sip(600)),
            format!("{}{limit}{end}{LEG}{address}{OVER}", start(120)),
            "no more than 120 s, and a way on where the action is forgotten"
        );
    }

    #[test]
    fn who_can_not_be_rung_by_a_company_is_not_dialled() {
        let client = connection(Reach::Client("ann".into()), 8);
        let number = connection(Reach::Number("+431".into()), 20);
        for dialect in [Dialect::SignalWire, Dialect::Somleng, Dialect::TeXml] {
            assert_eq!(told(dialect, &client), OVER, "{dialect:?}");
        }
        assert_eq!(told(Dialect::Somleng, &number), OVER);
        assert_eq!(told(Dialect::TeXml, &number), OVER);
        let screened = r#"<Number url="c/CALL/screen/3" method="POST""#;
        assert!(told(Dialect::SignalWire, &number).contains(screened));
    }

    #[test]
    fn the_beep_is_the_telephone_company_s_and_never_ours() {
        for dialect in Dialect::ALL {
            let document = told(
                dialect,
                &Document::TakeMessage {
                    greeting: Spoken::Play { sha256: "a".repeat(64) },
                    done: Hook::MessageDone(call()),
                    status: Hook::MessageStatus(call()),
                    empty: Hook::MessageEmpty(call(), 1),
                },
            );
            let counts = ["<Play>", "<Say", "playBeep=\"true\""].map(|part| document.matches(part).count());
            assert_eq!(counts, [1, 0, 1], "{dialect:?}: the greeting, and one beep: {document}");
        }
    }

    #[test]
    fn every_company_gets_the_record_that_it_understands() {
        let taking = |empty| Document::TakeMessage {
            greeting: Spoken::Say { text: "Hello".into(), language: "en-US".into() },
            done: Hook::MessageDone(call()),
            status: Hook::MessageStatus(call()),
            empty,
        };
        let document = taking(Hook::MessageEmpty(call(), 2));
        let around = |record: &str| {
            let hello = r#"<Say language="en-US">Hello</Say><Record"#;
            format!(r#"{hello} {record}/><Redirect method="POST">c/CALL/message-empty/2</Redirect>"#)
        };
        let back = r#"recordingStatusCallback="c/CALL/message-status""#;
        let events = r#"recordingStatusCallbackEvent="completed absent""#;
        let post = r#"recordingStatusCallbackMethod="POST""#;
        let over = r#"action="c/CALL/message-over/2" method="POST" maxLength="180""#;
        let keys = r##"finishOnKey="#" playBeep="true""##;
        assert_eq!(
            told(Dialect::SignalWire, &document),
            around(&format!(r#"{over} timeout="10" {keys} trim="do-not-trim" {back} {events} {post}"#))
        );
        assert_eq!(
            told(Dialect::Somleng, &document),
            around(&format!(r#"{over} timeout="10" {keys} {back} {post}"#))
        );
        assert_eq!(
            told(Dialect::TeXml, &document),
            around(&format!(r#"{over} channels="single" {keys} format="wav" {back} {events} {post}"#))
        );
        assert!(told(Dialect::Twilio, &document).contains(r#"action="c/CALL/message-done""#));
        let loose = taking(Hook::Held(1));
        assert!(told(Dialect::SignalWire, &loose).contains(r#"action="c/CALL/message-done""#));
    }
}
