//! Saving what a form changed of a settings document, as the API saves it. Nothing is overwritten that somebody else has
//! changed since the form was shown.

use super::{
    super::{
        Problem, Web,
        page::merge,
        settings::{Kind, current},
    },
    layout::Signed,
};
use crate::{
    desk::{
        saving::{Save, Saved},
        settings::{Fault, Refused, tag},
    },
    store::settings::Change,
};
use serde_json::Value;

/// What became of a form.
pub enum Outcome {
    /// As it is now. What was deleted is `null`.
    Saved(Value),
    /// Nothing was saved: this is wrong.
    Wrong(Vec<Fault>),
    /// Nothing was saved: somebody has changed it meanwhile, to this.
    Changed(Value),
}

/// Makes a new document.
pub async fn create<K: Kind>(web: &Web, signed: &Signed, document: Value) -> Result<Outcome, Problem> {
    K::may_be_written_by(&signed.caller)?;
    let id = K::id(web.new_id());
    outcome(web, Save::new(K::change(id, document), signed.caller.author())).await
}

/// Changes a document as a merge patch says, if it still has the `tag` that it had when the form was shown.
pub async fn change<K: Kind>(
    web: &Web,
    signed: &Signed,
    id: K::Id,
    known: &str,
    patch: Value,
) -> Result<Outcome, Problem> {
    K::may_be_written_by(&signed.caller)?;
    let mut document = current::<K>(web, id)?;
    if tag(&document) != known {
        return Ok(Outcome::Changed(document));
    }
    if let Some(fields) = document.as_object_mut() {
        fields.remove("id");
    }
    merge(&mut document, patch);
    save_over::<K>(web, signed, id, known, K::change(id, document)).await
}

/// Puts a document in the place of another, under the same condition: for a form that shows all of it.
pub async fn replace<K: Kind>(
    web: &Web,
    signed: &Signed,
    id: K::Id,
    known: &str,
    document: Value,
) -> Result<Outcome, Problem> {
    K::may_be_written_by(&signed.caller)?;
    let there = current::<K>(web, id)?;
    if tag(&there) != known {
        return Ok(Outcome::Changed(there));
    }
    save_over::<K>(web, signed, id, known, K::change(id, document)).await
}

/// Deletes a document, under the same condition.
pub async fn delete<K: Kind>(web: &Web, signed: &Signed, id: K::Id, known: &str) -> Result<Outcome, Problem> {
    K::may_be_written_by(&signed.caller)?;
    let delete = K::DELETE.ok_or_else(Problem::not_found)?;
    save_over::<K>(web, signed, id, known, delete(id)).await
}

async fn save_over<K: Kind>(
    web: &Web,
    signed: &Signed,
    id: K::Id,
    known: &str,
    change: Change,
) -> Result<Outcome, Problem> {
    let save = Save { expected: Some(known.to_owned()), ..Save::new(change, signed.caller.author()) };
    match web.desk.save_as(save).await? {
        Err(Refused::Stale) => Ok(Outcome::Changed(current::<K>(web, id)?)),
        saved => told(saved),
    }
}

async fn outcome(web: &Web, save: Save) -> Result<Outcome, Problem> {
    told(web.desk.save_as(save).await?)
}

pub fn told(saved: Result<Saved, Refused>) -> Result<Outcome, Problem> {
    match saved {
        Ok(Saved::Now { document, .. }) => Ok(Outcome::Saved(document.unwrap_or_default())),
        Ok(Saved::Before(_)) => Ok(Outcome::Saved(Value::Null)),
        Err(Refused::Invalid(faults)) => Ok(Outcome::Wrong(faults)),
        Err(Refused::Conflict(fault) | Refused::Forbidden(fault)) => Ok(Outcome::Wrong(vec![fault])),
        Err(refused) => Err(refused.into()),
    }
}

/// What is wrong at this place of the document, or below it.
pub fn fault(faults: &[Fault], pointer: &str) -> Option<String> {
    let is_here = |fault: &&Fault| {
        fault.pointer.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    faults.iter().find(is_here).map(|fault| fault.detail.clone())
}
