//! The audit log: who did what, and what of it was different afterwards.

use super::{
    super::{
        super::{Problem, Web},
        differences,
        layout::{Layout, Signed},
        moment::Moment,
        refusal::Refusal,
        show,
    },
    Admin,
};
use crate::{desk::settings::Settings, store::audit::Audited};
use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

const ROWS: u32 = 50;

/// What things in the log can be, for the filter.
const KINDS: [&str; 13] = [
    "user",
    "team",
    "channel",
    "greeting",
    "contact",
    "token",
    "webhook",
    "session",
    "credentials",
    "invitation",
    "second_factor",
    "call",
    "backup",
];

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    subject: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "audit.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    kinds: Vec<(&'static str, bool)>,
    subject: String,
    rows: Vec<Row>,
    next: Option<String>,
    is_first: bool,
}

struct Row {
    at: Moment,
    author: String,
    address: String,
    action: String,
    kind: String,
    subject: String,
    /// As it is called, or was.
    name: String,
    differences: Vec<(String, String, String)>,
}

pub async fn show_page(
    State(web): State<Web>,
    Admin(signed): Admin,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refusal> {
    let not_found = || signed.refuse(Problem::not_found());
    let asked = asked.map_err(|_| not_found())?.0;
    let after = asked.after.as_deref().map(Uuid::parse_str).transpose().map_err(|_| not_found())?;
    let subject = asked.subject.trim().to_owned();
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let (kind, wanted) = (given(&asked.kind), given(&subject));
    let read = web.reader.audit(kind.as_deref(), wanted.as_deref(), after, ROWS + 1).await;
    let mut lines = read.map_err(|error| signed.refuse(error))?;
    let more = lines.len() > ROWS as usize;
    lines.truncate(ROWS as usize);
    let settings = web.desk.settings();
    let next = lines.last().filter(|_| more).map(|line| {
        let mut query = form_urlencoded::Serializer::new("system/audit?".to_owned());
        query.append_pair("kind", &asked.kind).append_pair("subject", &subject);
        query.append_pair("after", &line.id).finish()
    });
    let rows = lines.iter().map(|line| row(line, &web, &signed, &settings));
    Ok(show(&Page {
        layout: signed.layout.clone(),
        kinds: KINDS.map(|kind| (kind, kind == asked.kind)).into(),
        subject,
        rows: rows.collect(),
        next,
        is_first: after.is_none(),
    }))
}

fn row(line: &Audited, web: &Web, signed: &Signed, settings: &Settings) -> Row {
    let layout = &signed.layout;
    let of_token = || {
        line.token.map(|token| {
            settings.tokens.get(&token).map_or_else(|| token.to_string(), |token| token.name.clone())
        })
    };
    let user = line.user.map(|user| settings.name_of(user));
    let author = match (line.author.as_str(), of_token()) {
        ("command_line", _) => layout.t("system-by-command-line"),
        ("daemon", _) => layout.t("system-by-itself"),
        (_, Some(token)) => format!("{} ({token})", user.unwrap_or_else(|| layout.t("system-by-token"))),
        _ => user.unwrap_or_default(),
    };
    let null = Value::Null;
    let (before, after) = (line.before.as_ref().unwrap_or(&null), line.after.as_ref().unwrap_or(&null));
    let name = [after, before].into_iter().find_map(|document| document["name"].as_str());
    Row {
        at: Moment::new(line.at, &web.ground.account),
        author,
        address: line.address.clone().unwrap_or_default(),
        action: action(&line.action, layout),
        kind: line.kind.clone(),
        subject: line.subject.clone(),
        name: name.unwrap_or_default().to_owned(),
        differences: differences::between(before, after),
    }
}

fn action(action: &str, layout: &Layout) -> String {
    match action {
        "created" => layout.t("system-created"),
        "changed" => layout.t("system-changed"),
        "deleted" => layout.t("system-deleted"),
        "listened" => layout.t("system-listened"),
        "retried" => layout.t("system-retried"),
        "erased" => layout.t("system-erased"),
        "downloaded" => layout.t("system-downloaded"),
        other => other.to_owned(),
    }
}
