//! Contacts: who calls or writes, by numbers, addresses and what channels call them. Admins and supervisors keep them. An
//! agent reads those that they own; of the others they see the name, with calls that they may see.

use super::{
    Problem, Web,
    access::{Sight, Viewer},
    auth::{Caller, Document, Id, IfMatch},
    schemas,
    settings::{Kind, current, with_tag},
};
use crate::{
    desk::{
        saving::{Save, Saved},
        settings::{Settings, read_form},
    },
    routing::{
        contacts::Contact,
        ids::{ChannelId, ContactId},
    },
    store::settings::{Change, Merge},
};
use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

pub struct Contacts;

impl Kind for Contacts {
    type Id = ContactId;
    type Form = Contact;
    const KIND: &'static str = "contact";
    const PATH: &'static str = "contacts";
    const DELETE: Option<fn(ContactId) -> Change> = Some(Change::DeleteContact);

    fn id(id: Uuid) -> ContactId {
        ContactId(id)
    }

    fn uuid(id: ContactId) -> Uuid {
        id.0
    }

    fn all(settings: &Settings) -> Vec<ContactId> {
        settings.contacts.ids()
    }

    fn change(id: ContactId, document: Value) -> Change {
        Change::Contact(id, document)
    }

    fn sight(viewer: Viewer<'_>, id: ContactId) -> Sight {
        viewer.contact(id)
    }

    fn may_be_written_by(caller: &Caller) -> Result<(), Problem> {
        caller.must_not_be_agent()
    }

    fn concerns(_: ContactId, _: ChannelId, _: &Settings) -> bool {
        false
    }
}

/// Who turns out to be the same.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MergeContact)]
struct Other {
    /// The contact that goes. What is theirs, their tickets too, is the other's from now on.
    from: ContactId,
}

/// Makes one contact of two.
#[utoipa::path(post, path = "/contacts/{id}/merge", tag = "contacts", operation_id = "merge_contacts",
    params(("id" = ContactId, Path), ("If-Match" = Option<String>, Header)), request_body = Other, responses(
    (status = 200, body = schemas::ShownContact, headers(("ETag" = String))), (status = 403), (status = 409), (status = 412)
))]
pub async fn merge(
    caller: Caller,
    State(web): State<Web>,
    Id(into): Id<ContactId>,
    if_match: IfMatch,
    Document(body): Document,
) -> Result<Response, Problem> {
    Contacts::may_be_written_by(&caller)?;
    let expected = if_match.expected(&current::<Contacts>(&web, into)?)?;
    let Other { from } = read_form(body).map_err(Problem::invalid)?;
    let merge = Change::MergeContacts(Box::new(Merge { into, from, document: Value::Null }));
    let save = Save { expected, ..Save::new(merge, caller.author()) };
    match web.desk.save_as(save).await?? {
        Saved::Now { document: Some(document), .. } => Ok(with_tag(&document)),
        _ => Err(Problem::not_found()),
    }
}

/// A number out of an address, where a plus that was not escaped stands for a space.
pub fn number(text: String) -> String {
    match text.strip_prefix(' ') {
        Some(digits) => format!("+{digits}"),
        None => text,
    }
}
