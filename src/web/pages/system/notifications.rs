//! By which ways everybody is told of tickets who chooses nothing else.

use super::{
    super::{
        super::Web,
        differences,
        form::Fields,
        layout::{Layout, Signed},
        notifications::{KINDS, WAYS, beside, document, field, replace},
        refusal::Refusal,
        saving::Outcome,
        show, show_changed, show_wrong,
    },
    Admin, to,
};
use crate::desk::settings::{Fault, tag};
use askama::Template;
use axum::{extract::State, response::Response};
use serde_json::{Value, json};

#[derive(Template)]
#[template(path = "notification_defaults.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    tag: String,
    kinds: Vec<Kind>,
    mails: bool,
    fault: Option<String>,
    theirs: Vec<(String, String, String)>,
    is_changed: bool,
    is_saved: bool,
}

struct Kind {
    title: String,
    ways: Vec<Way>,
}

struct Way {
    field: String,
    label: String,
    is_on: bool,
    fault: Option<String>,
}

pub async fn show_page(State(web): State<Web>, Admin(signed): Admin) -> Response {
    let is_saved = signed.layout.here.ends_with("?saved");
    show(&Page { is_saved, ..page(&web, &signed, None, &[]) })
}

pub async fn save(State(web): State<Web>, Admin(signed): Admin, fields: Fields) -> Result<Response, Refusal> {
    let typed = document(&fields, |text| match text {
        "" => json!(false),
        "yes" => json!(true),
        other => json!(other),
    });
    let known = fields.text("tag").to_owned();
    let outcome = replace(&web, &signed, None, &known, typed.clone()).await;
    match outcome.map_err(|problem| signed.refuse(problem))? {
        Outcome::Saved(_) => Ok(to(&signed.layout, "system/notifications?saved")),
        Outcome::Wrong(faults) => {
            Ok(show_wrong(&Page { tag: known, ..page(&web, &signed, Some(&typed), &faults) }))
        }
        Outcome::Changed(now) => {
            let theirs = differences::between(&now, &typed);
            let page = Page { theirs, is_changed: true, ..page(&web, &signed, Some(&typed), &[]) };
            Ok(show_changed(&page))
        }
    }
}

/// `typed`: instead of what is saved.
fn page(web: &Web, signed: &Signed, typed: Option<&Value>, faults: &[Fault]) -> Page {
    let layout = &signed.layout;
    let saved = web.desk.settings().notifying.document(None);
    let shown = typed.unwrap_or(&saved);
    let way = |kind: &str, way: &str, label: &str| {
        let is_on = shown[kind][way] == true;
        let fault = beside(faults, kind, way, is_on);
        Way { field: field(kind, way), label: layout.t(label), is_on, fault }
    };
    let kinds = KINDS.map(|(kind, title)| Kind {
        title: layout.t(title),
        ways: WAYS.map(|(name, label)| way(kind, name, label)).into(),
    });
    let is_shown = kinds.iter().flat_map(|kind| &kind.ways).any(|way| way.fault.is_some());
    Page {
        layout: layout.clone(),
        tag: tag(&saved),
        kinds: kinds.into(),
        mails: web.mails,
        fault: faults.first().filter(|_| !is_shown).map(|fault| fault.detail.clone()),
        theirs: Vec::new(),
        is_changed: false,
        is_saved: false,
    }
}
