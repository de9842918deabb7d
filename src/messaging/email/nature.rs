//! Whether somebody wrote a mail, or a machine did: by RFC 3834, by reports of delivery (RFC 3464), and by what mailers do
//! that keep to neither.

use super::{head::Head, mime::File};
use crate::tickets::incoming::Nature;

/// Where mail servers say from whom their reports are.
const SERVERS: [&str; 3] = ["mailer-daemon", "mail-daemon", "mailerdaemon"];

/// `own`: the address of our channel. What comes from there without an address to answer to went in a circle.
pub fn nature(head: &Head, files: &[File], text: &str, own: &str) -> Nature {
    match head.content.report.as_deref().filter(|_| head.content.kind == "multipart/report") {
        Some("delivery-status") => return report(head, files, text),
        Some(_) => return Nature::AutoReply,
        None => {}
    }
    let from_server = head.from.as_ref().is_some_and(|from| {
        let name = from.address.split('@').next().unwrap_or_default();
        SERVERS.contains(&name)
    });
    if head.field("x-failed-recipients").is_some() || from_server {
        return Nature::Bounce { of: original(head, files, text) };
    }
    if is_automatic(head, own) || goes_in_a_circle(head, own) { Nature::AutoReply } else { Nature::Person }
}

/// A report may also say that a mail is late, or that it has arrived: that is no bounce.
fn report(head: &Head, files: &[File], text: &str) -> Nature {
    let status = files.iter().find(|file| file.content_type.ends_with("delivery-status"));
    let actions: Vec<String> = status.map(|file| actions(&file.bytes)).unwrap_or_default();
    if actions.is_empty() || actions.iter().any(|action| action == "failed") {
        Nature::Bounce { of: original(head, files, text) }
    } else {
        Nature::AutoReply
    }
}

fn actions(status: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(status).to_ascii_lowercase();
    let actions = text.lines().filter_map(|line| line.trim().strip_prefix("action:").map(str::trim));
    actions.map(|action| action.split([' ', ';', '(']).next().unwrap_or_default().to_owned()).collect()
}

/// The Message-ID of the mail that is reported about.
fn original(head: &Head, files: &[File], text: &str) -> Option<String> {
    let returned = files.iter().filter(|file| {
        matches!(
            file.content_type.as_str(),
            "message/rfc822" | "text/rfc822-headers" | "message/global" | "message/global-headers"
        )
    });
    let mut returned = returned.map(|file| Head::read(super::mime::split(&file.bytes).0));
    let named = || {
        let status = files.iter().find(|file| file.content_type.ends_with("delivery-status"))?;
        id_in(&String::from_utf8_lossy(&status.bytes))
    };
    returned
        .find_map(|head| head.message_id)
        .or_else(named)
        .or_else(|| id_in(text))
        .or_else(|| head.references.first().cloned())
}

/// From a line such as `Message-ID: <…>`, also of a mail that is only repeated as text.
fn id_in(text: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (name, value) = line.trim_start_matches(['>', ' ']).split_once(':')?;
        let is_id = name.to_ascii_lowercase().ends_with("message-id");
        let head = is_id.then(|| Head::read(format!("Message-ID: {}\r\n", value.trim()).as_bytes()))?;
        head.message_id
    })
}

fn is_automatic(head: &Head, own: &str) -> bool {
    let precedence = |words: &[&str]| {
        ["precedence", "x-precedence"]
            .iter()
            .filter_map(|name| head.field(name))
            .any(|value| words.iter().any(|word| value.trim().eq_ignore_ascii_case(word)))
    };
    let submitted = head.field("auto-submitted").is_some_and(|value| {
        value.split([';', ' ', '(']).next().is_some_and(|word| !word.eq_ignore_ascii_case("no"))
    });
    let answers =
        ["x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from", "x-mail-autoreply"];
    let by_list = head.field("list-id").is_some() || precedence(&["list"]);
    submitted
        || answers.iter().any(|name| head.field(name).is_some())
        || precedence(&["bulk", "junk", "auto_reply", "auto-reply"])
        || (by_list && !is_own_list(head, own))
        // What must not be answered, not even when it can't be delivered (RFC 5321, 4.5.5).
        || head.field("return-path").is_some_and(|path| path == "<>")
}

/// Our address may be a list itself, such as a group at Google, by which everybody writes to us.
fn is_own_list(head: &Head, own: &str) -> bool {
    let own = own.to_lowercase();
    let is_named = |name: &str, is_there: &str| {
        head.field(name).is_some_and(|value| value.to_lowercase().contains(is_there))
    };
    is_named("list-id", &format!("<{}>", own.replace('@', ".")))
        || is_named("list-post", &format!("mailto:{own}>"))
        || is_named("mailing-list", &format!("list {own};"))
}

fn goes_in_a_circle(head: &Head, own: &str) -> bool {
    let own = own.to_lowercase();
    let is_own = head.from.as_ref().is_some_and(|from| from.address == own);
    is_own && head.reply_to.as_ref().is_none_or(|reply| reply.address == own)
}
