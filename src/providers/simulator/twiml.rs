//! Documents as trees, and what is odd about them.

use super::Dialect;
use axum::http::Method;
use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event},
};

/// Longer documents are refused.
pub const BYTES_MAX: usize = 64 * 1024;
const DEPTH_MAX: usize = 8;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn number(&self, name: &str, default: f64) -> f64 {
        self.attribute(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    }

    pub fn is_set(&self, name: &str) -> bool {
        self.attribute(name) == Some("true")
    }

    /// How to request an address; the name is that of the attribute that says so.
    pub fn method(&self, name: &str) -> Method {
        match self.attribute(name) {
            Some(method) if method.eq_ignore_ascii_case("GET") => Method::GET,
            _ => Method::POST,
        }
    }

    fn walk(&self, visit: &mut impl FnMut(&Element)) {
        visit(self);
        self.children.iter().for_each(|child| child.walk(visit));
    }
}

/// The `Response` of a document.
pub fn parse(xml: &str) -> Result<Element, String> {
    if xml.len() > BYTES_MAX {
        return Err(format!("the document has {} bytes, more than 64 KB", xml.len()));
    }
    let root = tree(xml)?;
    if root.name != "Response" {
        return Err(format!("the document begins with {}, not with Response", root.name));
    }
    Ok(root)
}

fn tree(xml: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(xml);
    let mut open = vec![Element::default()];
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        let depth = open.len();
        let top = open.last_mut().ok_or("an element is closed that was not opened")?;
        match event {
            Event::Start(_) if depth > DEPTH_MAX => return Err("the document is too deep".to_owned()),
            Event::Start(start) => open.push(element(&start)?),
            Event::Empty(start) => top.children.push(element(&start)?),
            Event::Text(text) => top.text.push_str(&text.xml10_content()),
            Event::CData(text) => top.text.push_str(&text),
            Event::GeneralRef(reference) => top.text.push_str(&resolve(&reference)?),
            Event::End(_) => close(&mut open),
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
        }
    }
    let [root] = open.as_mut_slice() else { return Err("an element is not closed".to_owned()) };
    match (root.children.pop(), root.children.is_empty(), root.text.trim()) {
        (Some(only), true, "") => Ok(only),
        _ => Err("the document is not one element".to_owned()),
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut element = Element { name: start.name().as_ref().to_owned(), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
        element.attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(element)
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(character.to_string());
    }
    resolve_predefined_entity(reference).map(str::to_owned).ok_or_else(|| "an unknown entity".to_owned())
}

/// The reader has checked that the names match, so there is something to close.
fn close(open: &mut Vec<Element>) {
    let Some(mut element) = open.pop() else { return };
    element.text = element.text.trim().to_owned();
    if let Some(parent) = open.last_mut() {
        parent.children.push(element);
    }
}

const LEG: &[&str] = &["statusCallback", "statusCallbackEvent", "statusCallbackMethod"];
const RECORDING: &[&str] =
    &["recordingStatusCallback", "recordingStatusCallbackEvent", "recordingStatusCallbackMethod"];

/// The attributes that are known here, of every element that is.
fn attributes(name: &str) -> Option<[&'static [&'static str]; 2]> {
    Some(match name {
        "Response" | "Hangup" | "Identity" => [&[], &[]],
        "Play" => [&["loop"], &[]],
        "Say" => [&["voice", "language", "loop"], &[]],
        "Pause" => [&["length"], &[]],
        "Redirect" => [&["method"], &[]],
        "Reject" => [&["reason"], &[]],
        "Dial" => {
            let dial =
                &["action", "method", "timeout", "timeLimit", "answerOnBridge", "callerId", "ringTone"];
            [dial, &["hangupOnStar", "callReason"]]
        }
        "Client" => [LEG, &["url", "method"]],
        "Number" => [LEG, &["url", "method"]],
        "Sip" => [LEG, &["username", "password", "url", "method"]],
        "Gather" => [&["action", "method", "input", "numDigits", "timeout"], &[]],
        "Parameter" => [&["name", "value"], &[]],
        "Record" => [
            &[
                "format",
                "channels",
                "action",
                "method",
                "timeout",
                "finishOnKey",
                "maxLength",
                "playBeep",
                "trim",
            ],
            RECORDING,
        ],
        _ => return None,
    })
}

/// What Twilio would ignore or warn about, and what is not simulated.
pub fn oddities(document: &Element, dialect: Dialect) -> Vec<String> {
    let mut odd = Vec::new();
    document.walk(&mut |element| {
        let Some(known) = attributes(&element.name).filter(|_| !dialect.does_not_know(&element.name, None))
        else {
            return odd.push(format!("{} is unknown or not simulated", element.name));
        };
        let known = known.concat();
        let odd_one = |name: &str| !known.contains(&name) || dialect.does_not_know(&element.name, Some(name));
        for (name, _) in element.attributes.iter().filter(|(name, _)| odd_one(name)) {
            odd.push(format!("{name} of {} is unknown or not simulated", element.name));
        }
    });
    odd
}
