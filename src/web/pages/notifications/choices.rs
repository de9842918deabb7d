//! By which ways one is told oneself: what one chooses wins over what holds for everybody.

use super::{
    super::{
        super::{Problem, Web, notifications::objection},
        differences,
        form::Fields,
        layout::{Layout, Signed},
        refusal::Refusal,
        saving::{Outcome, fault, told},
        show, show_changed, show_wrong,
    },
    KINDS, WAYS, document, field,
};
use crate::{
    desk::{
        saving::Save,
        settings::{Fault, Refused, tag},
    },
    routing::ids::UserId,
    store::settings::Change,
    tickets::notifying::OwnChoices,
};
use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

#[derive(Template)]
#[template(path = "notification_choices.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    tag: String,
    kinds: Vec<Kind>,
    /// Whether anything is chosen that is not as for everybody.
    has_own: bool,
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
    options: Vec<Choice>,
    fault: Option<String>,
}

struct Choice {
    value: &'static str,
    text: String,
    selected: bool,
}

pub async fn show_page(State(web): State<Web>, signed: Signed) -> Response {
    let is_saved = signed.layout.here.ends_with("?saved");
    show(&Page { is_saved, ..page(&web, &signed, None, &[]) })
}

pub async fn save(State(web): State<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    let typed = match fields.text("action") {
        "default" => json!(OwnChoices::default()),
        _ => document(&fields, |text| match text {
            "" => Value::Null,
            "yes" => json!(true),
            "no" => json!(false),
            other => json!(other),
        }),
    };
    let known = fields.text("tag").to_owned();
    let outcome = replace(&web, &signed, Some(signed.me.user), &known, typed.clone()).await;
    match outcome.map_err(|problem| signed.refuse(problem))? {
        Outcome::Saved(_) => {
            let address = signed.layout.address("me/notifications?saved");
            Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response())
        }
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

/// Puts a user's own choices, or what holds for everybody, in the place of what is there, if that is still what was shown.
pub async fn replace(
    web: &Web,
    signed: &Signed,
    of: Option<UserId>,
    known: &str,
    document: Value,
) -> Result<Outcome, Problem> {
    if let Err(refused) = objection(of, &document, &web.desk.settings(), web) {
        return told(Err(refused));
    }
    let change = Change::Notifications(of, document);
    let save = Save { expected: Some(known.to_owned()), ..Save::new(change, signed.caller.author()) };
    match web.desk.save_as(save).await? {
        Err(Refused::Stale) => Ok(Outcome::Changed(web.desk.settings().notifying.document(of))),
        saved => told(saved),
    }
}

/// `typed`: instead of what is saved.
fn page(web: &Web, signed: &Signed, typed: Option<&Value>, faults: &[Fault]) -> Page {
    let settings = web.desk.settings();
    let layout = &signed.layout;
    let saved = settings.notifying.document(Some(signed.me.user));
    let shown = typed.unwrap_or(&saved);
    let defaults = json!(settings.notifying.defaults);
    let way = |kind: &str, way: &str, label: &str| {
        let own = shown[kind][way].as_bool();
        Way {
            field: field(kind, way),
            label: layout.t(label),
            options: options(defaults[kind][way] == true, own, layout),
            fault: beside(faults, kind, way, own == Some(true)),
        }
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
        has_own: settings.notifying.own(signed.me.user) != OwnChoices::default(),
        mails: web.mails,
        fault: faults.first().filter(|_| !is_shown).map(|fault| fault.detail.clone()),
        theirs: Vec::new(),
        is_changed: false,
        is_saved: false,
    }
}

/// What is wrong with a field. That no mail goes out stands beside each that asks for it.
pub fn beside(faults: &[Fault], kind: &str, way: &str, is_wished: bool) -> Option<String> {
    let own = fault(faults, &format!("/{kind}/{way}"));
    own.or_else(|| fault(faults, "/mail").filter(|_| way == "mail" && is_wished))
}

fn options(default: bool, own: Option<bool>, layout: &Layout) -> Vec<Choice> {
    let as_default = match default {
        true => layout.t("notifications-default-yes"),
        false => layout.t("notifications-default-no"),
    };
    let choice = |value, text, is| Choice { value, text, selected: own == is };
    vec![
        choice("", as_default, None),
        choice("yes", layout.t("notifications-yes"), Some(true)),
        choice("no", layout.t("notifications-no"), Some(false)),
    ]
}
