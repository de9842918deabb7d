//! The documents that we write, read again by another parser (roxmltree): whatever stands in settings and names comes out
//! as it went in, but for the characters that XML can't have.

use crate::{
    draw::Draw,
    webhooks::{call, channel},
};
use roxmltree::{Document as Xml, Node};
use strowger::{
    calls::decision::Connect,
    providers::{
        Document, Hooks, Spoken,
        addresses::{Addresses, Hook},
        twilio::{Dialect, write},
    },
    routing::{
        ids::{Ids, OfferId, UserId},
        people::Reach,
    },
};

/// XML 1.0 has no way to say any other (section 2.2).
fn sayable(text: &str) -> String {
    let fits = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().filter(fits).collect()
}

fn spoken(draw: &mut Draw<'_>) -> Spoken {
    if draw.chance(5) {
        return Spoken::Play { sha256: "0123456789abcdef".repeat(4) };
    }
    let times = if draw.chance(30) { 400 } else { 1 };
    Spoken::Say { text: draw.text(20).repeat(times), language: draw.text(4) }
}

fn reach(draw: &mut Draw<'_>) -> Reach {
    let text = draw.text(10);
    match draw.below(3) {
        0 => Reach::Client(text),
        1 => Reach::Sip(text),
        _ => Reach::Number(text),
    }
}

fn caller_id(draw: &mut Draw<'_>) -> String {
    if draw.chance(2) { format!("+{}", draw.number()) } else { draw.text(6) }
}

fn find<'a>(xml: &'a Xml<'a>, name: &str) -> Option<Node<'a, 'a>> {
    xml.descendants().find(|node| node.has_tag_name(name))
}

fn text_of<'a>(node: Node<'a, 'a>) -> String {
    node.children().filter_map(|child| child.text()).collect()
}

fn check_spoken(xml: &Xml<'_>, spoken: &Spoken) {
    match spoken {
        Spoken::Play { sha256 } => {
            let all = xml.descendants().filter(|node| node.has_tag_name("Play"));
            let plays: Vec<String> = all.map(text_of).collect();
            assert!(plays.contains(&format!("https://x.example/media/{sha256}.wav")), "{plays:?}");
        }
        Spoken::Say { text, language } => {
            let said = find(xml, "Say").expect("it is said");
            assert_eq!(said.attribute("language"), Some(sayable(language).as_str()));
            let (said, whole) = (text_of(said), sayable(text));
            if text.chars().count() <= 4_000 {
                assert_eq!(said, whole);
            } else {
                assert!(whole.starts_with(&said) && said.chars().count() <= 4_000, "{said:?} of {whole:?}");
            }
        }
    }
}

#[test]
fn what_is_said_and_dialled_is_read_again_as_it_was_written() {
    let addresses = Addresses {
        public_url: "https://x.example".into(),
        provider: "main".into(),
        channel: channel(),
        epoch: None,
    };
    fuzz!(10_000, 256, |draw: &mut Draw<'_>| {
        let dialect = Dialect::ALL[draw.below(4)];
        let hook = Hook::Wait(call(), draw.number());
        let (words, clip) = (spoken(draw), "abc".to_owned());
        let documents = [
            Document::Hold { sorry: Some(words.clone()), clip: clip.clone(), next: hook },
            Document::Wait { words: words.clone(), clip, key: hook, next: hook },
            Document::Screen { words: words.clone(), pressed: hook },
            Document::TakeMessage { greeting: words.clone(), done: hook, status: hook, empty: hook },
            Document::Farewell(Some(words.clone())),
        ];
        let reply = write(dialect, &addresses, &documents[draw.below(documents.len())]);
        let xml = Xml::parse(&reply.body).unwrap_or_else(|error| panic!("{error}: {}", reply.body));
        check_spoken(&xml, &words);

        let (number, caller_id) = (draw.text(10), caller_id(draw));
        let document =
            Document::DialOutside { number: number.clone(), caller_id: caller_id.clone(), over: hook };
        check_dialled(&write(dialect, &addresses, &document).body, "Number", &number, &caller_id);

        let mut ids = Ids::new(3);
        let reach = reach(draw);
        let connect = Connect {
            attempt: draw.number(),
            agent: UserId(ids.next(1)),
            offer: OfferId(ids.next(1)),
            reach: reach.clone(),
            seconds: draw.number(),
            caller_id: caller_id.clone(),
        };
        let body = write(
            dialect,
            &addresses,
            &Document::Connect(connect, Hooks { over: hook, leg: hook, screen: Some(hook) }),
        )
        .body;
        if dialect.reaches(&reach) {
            let (name, text) = match &reach {
                Reach::Client(text) => ("Identity", text),
                Reach::Sip(text) => ("Sip", text),
                Reach::Number(text) => ("Number", text),
            };
            check_dialled(&body, name, text, &caller_id);
        } else {
            let xml = Xml::parse(&body).expect("XML");
            assert!(find(&xml, "Dial").is_none(), "{body}");
        }
    });
}

fn check_dialled(body: &str, name: &str, text: &str, caller_id: &str) {
    let xml = Xml::parse(body).unwrap_or_else(|error| panic!("{error}: {body}"));
    assert_eq!(text_of(find(&xml, name).expect("somebody is dialled")), sayable(text), "{body}");
    let shown = find(&xml, "Dial").expect("a dial").attribute("callerId");
    let digits = caller_id.strip_prefix('+').unwrap_or_default();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    assert!(shown.is_none_or(|shown| is_number && shown == caller_id), "{shown:?} for {caller_id:?}");
}
