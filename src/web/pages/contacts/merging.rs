//! Two contacts turn out to be one: the other is looked for, both are shown side by side with what will be kept, and only
//! then they are made one.

use super::{
    super::{
        super::{
            Problem, Web,
            access::{Sight, Viewer},
            auth::Id,
            contacts::Contacts,
            settings::{Kind, current},
        },
        form::Fields,
        layout::{Layout, Signed},
        refusal::Refusal,
        show, show_changed, show_wrong,
    },
    contact::who_stays,
    form::{facts, short},
    list::{self, Row},
    search::{self, Sought},
    to,
};
use crate::{
    desk::{
        saving::Save,
        settings::{Fault, Refused, Settings, tag},
    },
    routing::{contacts::Contact, ids::ContactId},
    store::settings::{Change, Merge},
};
use askama::Template;
use axum::{
    extract::{Query, State as Reach, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use serde_json::Value;

/// How many can be chosen from at once: who finds more types more.
const CHOICES_MAX: usize = 20;

#[derive(Deserialize)]
pub struct Asked {
    q: Option<String>,
    with: Option<ContactId>,
}

#[derive(Template)]
#[template(path = "contact_merge.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    id: ContactId,
    name: String,
    q: String,
    /// Who is found: they can be chosen.
    found: Vec<Row>,
    are_more: bool,
    pair: Option<Pair>,
    fault: Option<String>,
    is_changed: bool,
}

/// Two who are to be one.
struct Pair {
    other: ContactId,
    other_name: String,
    tag: String,
    other_tag: String,
    /// What a field is called, what either has, and what is kept.
    lines: Vec<(String, String, String, String)>,
}

pub async fn show_page(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<ContactId>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let asked = asked.map_err(|_| refuse(Problem::not_found()))?.0;
    Contacts::may_be_written_by(&signed.caller).map_err(refuse)?;
    if let Some(stays) = who_stays(&web, &signed, id).await.map_err(refuse)? {
        return Ok(to(&signed.layout, &format!("contacts/{stays}?merged")));
    }
    Ok(show(&page(&web, &signed, id, &asked).map_err(refuse)?))
}

/// Makes them one, if both are still what was shown.
pub async fn merge(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(into): Id<ContactId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let from: ContactId = fields.text("with").parse().map_err(|_| refuse(Problem::not_found()))?;
    Contacts::may_be_written_by(&signed.caller).map_err(refuse)?;
    // It was done already, or somebody else did it.
    for gone in [into, from] {
        if let Some(stays) = who_stays(&web, &signed, gone).await.map_err(refuse)? {
            return Ok(to(&signed.layout, &format!("contacts/{stays}?merged")));
        }
    }
    let asked = Asked { q: None, with: Some(from) };
    let shown = page(&web, &signed, into, &asked).map_err(refuse)?;
    if shown.pair.as_ref().is_none_or(|pair| pair.other_tag != fields.text("other-tag")) {
        return Ok(show_changed(&Page { is_changed: true, ..shown }));
    }
    let merge = Change::MergeContacts(Box::new(Merge { into, from, document: Value::Null }));
    let expected = Some(fields.text("tag").to_owned());
    let save = Save { expected, ..Save::new(merge, signed.caller.author()) };
    let wrong = |shown: Page, faults: &[Fault]| {
        let fault = faults.first().map(|fault| fault.detail.clone());
        show_wrong(&Page { fault, ..shown })
    };
    match web.desk.save_as(save).await.map_err(|away| refuse(away.into()))? {
        Ok(_) => Ok(to(&signed.layout, &format!("contacts/{into}?merged"))),
        Err(Refused::Stale) => {
            let now = page(&web, &signed, into, &asked).map_err(refuse)?;
            Ok(show_changed(&Page { is_changed: true, ..now }))
        }
        Err(Refused::Invalid(faults)) => Ok(wrong(shown, &faults)),
        Err(Refused::Conflict(fault) | Refused::Forbidden(fault)) => Ok(wrong(shown, &[fault])),
        Err(refused) => Err(refuse(refused.into())),
    }
}

fn page(web: &Web, signed: &Signed, id: ContactId, asked: &Asked) -> Result<Page, Problem> {
    let (settings, layout) = (web.desk.settings(), signed.layout.clone());
    let viewer = Viewer::new(&signed.caller, &settings);
    let seen = |id: ContactId| settings.contacts.get(id).filter(|_| viewer.contact(id) == Sight::All);
    let contact = seen(id).ok_or_else(Problem::not_found)?;
    let other = asked.with.filter(|other| *other != id).and_then(|other| Some((other, seen(other)?)));
    let pair = match other {
        Some((other, there)) => Some(pair(web, (id, contact), (other, there), &layout, &settings)?),
        None => None,
    };
    // Those who are twice often have the same name.
    let q = asked.q.as_deref().unwrap_or(&contact.name).trim().to_owned();
    let found = search::find(&Sought::of(&q), viewer, &settings, 0, CHOICES_MAX + 1);
    let others = found.ids.iter().filter(|other| **other != id).take(CHOICES_MAX);
    Ok(Page {
        id,
        name: contact.name.clone(),
        found: others.filter_map(|other| list::row(*other, &settings)).collect(),
        are_more: found.are_more,
        q,
        pair,
        fault: None,
        is_changed: false,
        layout,
    })
}

fn pair(
    web: &Web,
    (id, contact): (ContactId, &Contact),
    (other, there): (ContactId, &Contact),
    layout: &Layout,
    settings: &Settings,
) -> Result<Pair, Problem> {
    let mut kept = contact.clone();
    kept.merge(there);
    let [one, two, both] = [contact, there, &kept].map(|contact| facts(contact, layout, settings));
    let lines = one.into_iter().zip(two).zip(both);
    let lines =
        lines.map(|(((field, one), (_, two)), (_, both))| (field, short(&one), short(&two), short(&both)));
    Ok(Pair {
        other,
        other_name: there.name.clone(),
        tag: tag(&current::<Contacts>(web, id)?),
        other_tag: tag(&current::<Contacts>(web, other)?),
        lines: lines.collect(),
    })
}
