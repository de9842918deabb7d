//! The arrows between the folders of src/: who may know whom. Read from the paths in the source, so that an arrow that
//! should not be there fails by name. The pure folders, besides, name nothing that acts or that asks for the time.
//! What stands in a `#[cfg(test)] mod` may know what it needs.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// They put everything together and may know all of it.
const ROOTS: [&str; 5] = ["main", "lib", "demo", "check", "preview"];

/// What each folder, or file beside them, may name. A dialect of a telephone company is a folder of its own.
const ARROWS: [(&str, &[&str]); 19] = [
    ("routing", &[]),
    ("calls", &["routing"]),
    ("tickets", &["routing"]),
    ("attachments", &["audio"]),
    ("audio", &["clock"]),
    ("clock", &["calls"]),
    ("zones", &["routing"]),
    ("providers", &["calls", "routing", "providers/twilio"]),
    ("providers/twilio", &["providers", "calls", "routing"]),
    // It stands for the world outside, and knows nothing of us but the wire.
    ("providers/simulator", &[]),
    ("notify", &[]),
    ("messaging", &["tickets", "routing", "notify"]),
    ("log", &["clock"]),
    ("config", &["providers/twilio", "messaging", "notify", "web", "calls", "routing", "log"]),
    ("store", &["providers", "clock", "calls", "tickets", "routing"]),
    ("backup", &["store", "audio"]),
    ("service", &["desk"]),
    (
        "desk",
        &[
            "store",
            "providers",
            "messaging",
            "notify",
            "attachments",
            "audio",
            "clock",
            "zones",
            "calls",
            "tickets",
            "routing",
        ],
    ),
    (
        "web",
        &[
            "desk",
            "store",
            "backup",
            "providers",
            "messaging",
            "notify",
            "attachments",
            "audio",
            "clock",
            "calls",
            "tickets",
            "routing",
        ],
    ),
];

const PURE: [&str; 3] = ["routing", "calls", "tickets"];

/// What a pure folder never names: a runtime, a database, a network, a clock, chance, a logger.
const IMPURE: [&str; 15] = [
    "tokio",
    "sqlx",
    "axum",
    "reqwest",
    "tracing",
    "log",
    "rand",
    "rustix",
    "std::time",
    "std::fs",
    "std::net",
    "std::io",
    "std::env",
    "std::process",
    "std::thread",
];

/// Names that are impure wherever they come from.
const IMPURE_NAMES: [&str; 8] =
    ["SystemTime", "Instant", "now", "now_v7", "print", "println", "eprint", "eprintln"];

/// Writing is the engine's; the pages only read.
const ONLY_THE_ENGINE: [&str; 4] = ["store::open", "store::Writer", "store::batch", "store::Folder"];

#[test]
fn every_folder_knows_only_those_below_it() {
    let mut folders = BTreeSet::new();
    let mut wrong = Vec::new();
    for (file, text) in sources("") {
        wrong.extend(judge(&file, &text).into_iter().map(|what| format!("{}: {what}", file.display())));
        folders.insert(folder(&module(&file)));
    }
    assert_eq!(wrong, Vec::<String>::new());
    let listed: BTreeSet<String> =
        ARROWS.iter().map(|(name, _)| *name).chain(ROOTS).map(str::to_owned).collect();
    assert_eq!(folders, listed, "the table lists just what there is");
}

#[test]
fn the_pages_never_write_to_the_store_by_themselves() {
    for (file, text) in sources("web") {
        for path in paths(&module(&file), &text) {
            let writes =
                ONLY_THE_ENGINE.iter().any(|start| begins(path.trim_start_matches("crate::"), start));
            assert!(!writes, "{}: {path}", file.display());
        }
    }
}

#[test]
fn a_wrong_arrow_is_found() {
    let table = [
        ("routing/hours.rs", "use crate::calls::call::Call;", "routing knows calls"),
        ("routing/mod.rs", "fn f() { crate::web::BODY_MAX; }", "routing knows web"),
        (
            "calls/call.rs",
            "use crate::{\n  routing::{ids::{CallId}, zone},\n  tickets::ticket,\n};",
            "calls knows tickets",
        ),
        ("tickets/ticket.rs", "use crate::{routing, calls::{self, call}};", "tickets knows calls"),
        ("calls/line.rs", "use super::super::tickets::ticket::Ticket;", "calls knows tickets"),
        ("calls/line.rs", "mod inner { use super::super::super::desk; }", "calls knows desk"),
        ("providers/mod.rs", "use crate::store;", "providers knows store"),
        (
            "providers/twilio/rest.rs",
            "use crate::providers::simulator::Simulator;",
            "providers/twilio knows providers/simulator",
        ),
        (
            "providers/twilio/rest.rs",
            "use super::super::simulator::Simulator;",
            "providers/twilio knows providers/simulator",
        ),
        ("providers/twilio/mod.rs", "use crate::desk::Desk;", "providers/twilio knows desk"),
        ("providers/simulator/mod.rs", "use crate::calls::call;", "providers/simulator knows calls"),
        ("store/mod.rs", "use crate::desk::settings::Settings;", "store knows desk"),
        ("desk/mod.rs", "use crate::web::Web;", "desk knows web"),
        ("web/hooks.rs", "use crate::config::Config;", "web knows config"),
        ("web/hooks.rs", "use crate::Daemon;", "web knows lib"),
        ("desk/jobs.rs", "use crate as us;", "desk knows lib"),
        ("web/hooks.rs", "use crate::nowhere::X;", "web knows lib"),
        ("newcomer/mod.rs", "", "newcomer is not in the table"),
        ("calls/time.rs", "use std::{fmt, time::{self, Duration}};", "calls names std::time"),
        ("calls/time.rs", "fn f(d: ::std::time::Duration) {}", "calls names std::time"),
        ("calls/time.rs", "use tokio::sync::mpsc;", "calls names tokio"),
        ("routing/zone.rs", "fn f() { tracing::info!(\"x\"); }", "routing names tracing"),
        ("routing/zone.rs", "let at = Utc::now();", "routing names now"),
        ("routing/zone.rs", "let at = jiff::Zoned::now;", "routing names now"),
        ("tickets/ticket.rs", "println!(\"x\");", "tickets names println"),
        ("tickets/ticket.rs", "use std::fs;", "tickets names std::fs"),
        ("tickets/ticket.rs", "use rand::{Rng, rng as chance};", "tickets names rand"),
    ];
    for (file, text, expected) in table {
        let found = judge(Path::new(file), text);
        assert!(found.iter().any(|what| what == expected), "{file}: {text}: {found:?}");
    }
}

#[test]
fn what_is_right_passes() {
    let table = [
        (
            "routing/hours.rs",
            "use super::{ids::X, zone::Zone}; use self::y::Z; mod inner { use super::*; } use super::a;",
        ),
        (
            "routing/hours.rs",
            "// use crate::web::Web;\n/* crate::desk /* nested */ crate::store */ /// [`crate::calls`]\n",
        ),
        (
            "routing/hours.rs",
            "const A: &str = \"crate::web \\\" crate::desk\"; const B: &str = r#\"crate::web\"#; const C: char = '\"';",
        ),
        ("routing/hours.rs", "fn at(now: i64) -> i64 { let x: &'a str = y; facts.now + self.now() }"),
        ("calls/line.rs", "use crate::{calls::call, routing::{self, ids::*}}; use super::call::Cause;"),
        (
            "providers/twilio/rest.rs",
            "use super::super::Trouble; use crate::providers::{Reply, addresses::Hook};",
        ),
        ("store/mod.rs", "use crate::{providers::Reply, tickets::ticket::Ticket};"),
        ("web/hooks.rs", "fn f() -> crate::desk::Desk { <crate::routing::ids::Ids as Default>::default() }"),
        ("demo.rs", "use crate::{Daemon, config::Config, providers::simulator::Simulator};"),
        ("lib.rs", "use web::Web; use crate::store::Folder;"),
    ];
    for (file, text) in table {
        assert_eq!(judge(Path::new(file), text), BTreeSet::new(), "{file}: {text}");
    }
}

/// The files below a folder of src/, and what is in them.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut found) = (vec![source.join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                found.push((path.strip_prefix(&source).expect("it is below src").to_owned(), text));
            }
        }
    }
    assert!(!found.is_empty());
    found.sort();
    found
}

/// What is wrong with one file, which is named from src/ on.
fn judge(file: &Path, text: &str) -> BTreeSet<String> {
    let module = module(file);
    let folder = folder(&module);
    let is_root = ROOTS.contains(&folder.as_str());
    let arrows = ARROWS.iter().find(|(name, _)| *name == folder).map(|(_, arrows)| *arrows);
    let mut wrong = BTreeSet::new();
    if arrows.is_none() && !is_root {
        wrong.insert(format!("{folder} is not in the table"));
    }
    for path in paths(&module, text) {
        match path.strip_prefix("crate") {
            Some(rest) => {
                let other = named(rest);
                let is_known =
                    is_root || other == folder || arrows.unwrap_or_default().contains(&other.as_str());
                if !is_known {
                    wrong.insert(format!("{folder} knows {other}"));
                }
            }
            None if PURE.contains(&folder.as_str()) => {
                wrong.extend(impure(&path).map(|what| format!("{folder} names {what}")));
            }
            None => {}
        }
    }
    wrong
}

/// `calls/line.rs` is `calls::line`, `calls/mod.rs` is `calls`.
fn module(file: &Path) -> Vec<String> {
    let file = file.with_extension("");
    let names = file.iter().map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name != "mod").collect()
}

/// The folder that a module is in.
fn folder(module: &[String]) -> String {
    match module {
        [first, second, ..]
            if first == "providers" && !["addresses", "numbers"].contains(&second.as_str()) =>
        {
            format!("{first}/{second}")
        }
        [first, ..] => first.clone(),
        [] => "lib".to_owned(),
    }
}

/// The folder that a path names, of which only what follows `crate` is given. The crate's own items are lib's.
fn named(rest: &str) -> String {
    let steps: Vec<String> = rest.split("::").filter(|step| !step.is_empty()).map(str::to_owned).collect();
    let is_listed = |name: &String| {
        ARROWS.iter().any(|(listed, _)| listed == name)
            || ["demo", "check", "preview"].contains(&name.as_str())
    };
    let deeper = folder(&steps);
    if is_listed(&deeper) {
        return deeper;
    }
    steps.into_iter().next().filter(is_listed).unwrap_or("lib".to_owned())
}

/// What in a path has no place in a pure folder.
fn impure(path: &str) -> Option<&'static str> {
    let by_start = IMPURE.iter().find(|start| begins(path, start));
    let last = path.rsplit("::").next().unwrap_or(path);
    let by_name = || IMPURE_NAMES.iter().find(|name| last == **name);
    by_start.or_else(by_name).copied()
}

fn begins(path: &str, start: &str) -> bool {
    path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Every path of two steps or more in the source, and every import and macro, with groups written out and `super`
/// resolved. Those inside this crate begin with `crate`.
fn paths(module: &[String], text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let mut here = module.to_vec();
    let mut inline: Vec<usize> = Vec::new();
    let (mut depth, mut at) = (0, 0);
    let mut found = Vec::new();
    while at < tokens.len() {
        let rest: Vec<&str> = tokens[at..].iter().take(9).map(String::as_str).collect();
        match rest.as_slice() {
            ["#", "[", "cfg", "(", "test", ")", "]", "mod", _]
                if tokens.get(at + 9).is_some_and(|t| t == "{") =>
            {
                at = end_of_block(&tokens, at + 9);
                continue;
            }
            ["mod", name, "{", ..] => {
                here.push((*name).to_owned());
                inline.push(depth);
                (depth, at) = (depth + 1, at + 3);
                continue;
            }
            ["{", ..] => depth += 1,
            ["}", ..] => {
                depth -= 1;
                if inline.last() == Some(&depth) {
                    inline.pop();
                    here.pop();
                }
            }
            [name, next, ..] if is_name(name) => {
                let before = at.checked_sub(1).map(|before| tokens[before].as_str());
                let is_import = before == Some("use") || before == Some("::");
                let is_macro =
                    *next == "!" && rest.get(2).is_some_and(|after| ["(", "[", "{"].contains(after));
                if before != Some(".") && (*next == "::" || is_import || is_macro) {
                    at = tree(&tokens, at, &[], &mut found);
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
        for path in found.iter_mut().filter(|path| matches!(path[0].as_str(), "self" | "super")) {
            *path = resolved(&here, path);
        }
    }
    found.into_iter().map(|path| path.join("::")).collect()
}

/// Reads one tree of an import, or a plain path, and answers where it ends.
fn tree(tokens: &[String], mut at: usize, before: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = before.to_vec();
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    at = if tokens[at] == "," { at + 1 } else { tree(tokens, at, &path, found) };
                }
                return at + 1;
            }
            Some("self") if !path.is_empty() => {}
            Some(name) if is_name(name) => path.push(name.to_owned()),
            _ => break,
        }
        at += 1;
        if tokens.get(at).is_none_or(|token| token != "::") {
            break;
        }
        at += 1;
    }
    found.push(path);
    // `*`, or another name for it
    while !before.is_empty() && tokens.get(at).is_some_and(|token| token != "," && token != "}") {
        at += 1;
    }
    at
}

/// From `super::x` to `crate::…::x`.
fn resolved(here: &[String], path: &[String]) -> Vec<String> {
    let is_relative = |step: &&String| matches!(step.as_str(), "self" | "super");
    let ups = path.iter().take_while(is_relative).filter(|step| *step == "super").count();
    let kept = here.iter().take(here.len().saturating_sub(ups)).cloned();
    let rest = path.iter().skip_while(is_relative).cloned();
    std::iter::once("crate".to_owned()).chain(kept).chain(rest).collect()
}

fn end_of_block(tokens: &[String], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names and signs, without comments, texts, characters, numbers and lifetimes.
fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => comment(rest),
            '"' => quoted(rest),
            'r' | 'b' | 'c' if raw(rest).is_some() => raw(rest).unwrap_or(1),
            '\'' => character(rest),
            _ if first.is_alphanumeric() || first == '_' => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                found.push(rest[..end].to_owned());
                end
            }
            _ if rest.starts_with("::") => {
                found.push("::".to_owned());
                2
            }
            _ => {
                if !first.is_whitespace() {
                    found.push(first.to_string());
                }
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    found
}

fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        let step = if rest.starts_with("/*") {
            depth += 1;
            2
        } else if rest.starts_with("*/") {
            depth -= 1;
            2
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
        at += step;
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// The length of `r"…"`, `br#"…"#` and their like.
fn raw(text: &str) -> Option<usize> {
    let start = text.find('r').filter(|at| *at <= 1)? + 1;
    let hashes = text[start..].chars().take_while(|c| *c == '#').count();
    let open = start + hashes;
    if !text[open..].starts_with('"') {
        return None;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    text[open + 1..].find(&close).map(|end| open + 1 + end + close.len())
}

/// The length of a character; of a lifetime only its mark, as its name does no harm.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => text[3..].find('\'').map_or(text.len(), |end| end + 4),
        Some((_, _)) => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
        None => 1,
    }
}
