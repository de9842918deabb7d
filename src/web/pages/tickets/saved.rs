//! Lists of tickets that are kept under a name: keeping one, choosing, renaming and deleting it.

use super::{
    super::{
        super::{
            Problem, Web,
            auth::{Caller, Id},
            page::merge,
            views,
        },
        differences,
        form::Fields,
        layout::{Layout, Signed},
        refusal::Refusal,
        show, show_changed, show_wrong,
    },
    filters::Filters,
    list,
};
use crate::{
    desk::settings::tag,
    routing::{
        ids::{UserId, ViewId},
        people::Role,
    },
    store::views::View,
};
use askama::Template;
use axum::{
    extract::{RawQuery, State as Reach},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

const ROWS: u32 = 50;
/// So many are named above the tickets.
const LINKS_MAX: u32 = 12;

/// A kept list, above the tickets.
pub struct Link {
    pub id: ViewId,
    pub name: String,
    pub current: &'static str,
}

/// The form that keeps a list: name and whether everybody may use it, as they were typed.
pub struct Keeping {
    pub name: String,
    pub shared: bool,
    pub may_share: bool,
    pub fault: Option<String>,
}

impl Keeping {
    pub fn new(caller: &Caller) -> Self {
        Self { name: String::new(), shared: false, may_share: caller.role != Role::Agent, fault: None }
    }
}

#[derive(Template)]
#[template(path = "ticket_views.html", config = "src/web/pages/askama.toml")]
struct List {
    layout: Layout,
    rows: Vec<Row>,
    next: Option<String>,
    is_first: bool,
}

struct Row {
    id: ViewId,
    name: String,
    /// `None`: one's own.
    owner: Option<String>,
    shared: bool,
    may_write: bool,
}

#[derive(Template)]
#[template(path = "ticket_view.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    id: ViewId,
    title: String,
    tag: String,
    name: String,
    shared: bool,
    may_share: bool,
    /// An agent's own that was shared for them can only be used and deleted.
    may_change: bool,
    owner: Option<String>,
    fault: Option<String>,
    /// What somebody else has changed meanwhile.
    theirs: Vec<(String, String, String)>,
    is_changed: bool,
}

/// What is shared stays as supervisors and admins share it.
pub fn may_change(caller: &Caller, view: &View) -> bool {
    views::may_write(caller, view) && (caller.role != Role::Agent || view.shared_at.is_none())
}

/// The first of the kept lists, and whether there are more.
pub async fn links(
    web: &Web,
    signed: &Signed,
    current: Option<ViewId>,
) -> Result<(Vec<Link>, bool), Problem> {
    let kept = web.reader.views(signed.caller.user, None, LINKS_MAX + 1).await?;
    let has_more = kept.len() > LINKS_MAX as usize;
    let links = kept.into_iter().take(LINKS_MAX as usize).map(|view| Link {
        id: view.id,
        current: if current == Some(view.id) { "page" } else { "false" },
        name: view.name,
    });
    Ok((links.collect(), has_more))
}

pub async fn show_list(
    Reach(web): Reach<Web>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let after = match Fields::of_query(query.as_deref()).text("after") {
        "" => None,
        id => Some(id.parse().map_err(|_| refuse(Problem::not_found()))?),
    };
    let kept = web.reader.views(signed.caller.user, after, ROWS + 1).await;
    let mut kept = kept.map_err(|error| refuse(error.into()))?;
    let has_more = kept.len() > ROWS as usize;
    kept.truncate(ROWS as usize);
    let next = kept.last().filter(|_| has_more).map(|view| format!("tickets/views?after={}", view.id));
    let rows = kept.into_iter().map(|view| Row {
        id: view.id,
        owner: owner(&web, &signed, view.owner),
        shared: view.shared_at.is_some(),
        may_write: views::may_write(&signed.caller, &view),
        name: view.name,
    });
    let rows = rows.collect();
    Ok(show(&List { layout: signed.layout.clone(), rows, next, is_first: after.is_none() }))
}

/// `None`: whoever looks.
fn owner(web: &Web, signed: &Signed, owner: UserId) -> Option<String> {
    (owner != signed.me.user).then(|| web.desk.settings().name_of(owner))
}

/// Keeps what is asked for under a name.
pub async fn keep(Reach(web): Reach<Web>, signed: Signed, fields: Fields) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let (name, shared) = (fields.text("name").to_owned(), fields.text("shared") == "yes");
    let mut page = list::page(&web, &signed, &fields).await.map_err(refuse)?;
    let Some(asked) = asked(&web, &signed, &fields) else { return Ok(show_wrong(&page)) };
    let document = json!({ "name": name, "shared": shared, "tickets": asked });
    match views::keep(&signed.caller, document, &web).await {
        Ok(view) => Ok(to(&signed.layout, &format!("tickets?saved={}", view.id))),
        Err(problem) => {
            let fault = fault(&signed.layout, problem).map_err(refuse)?;
            page.keeping = Keeping { name, shared, fault: Some(fault), ..page.keeping };
            Ok(show_wrong(&page))
        }
    }
}

/// Keeps what is asked for now in the place of what a view asked for.
pub async fn keep_filters(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<ViewId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let Some(asked) = asked(&web, &signed, &fields) else {
        return Ok(show_wrong(&list::page(&web, &signed, &fields).await.map_err(refuse)?));
    };
    views::rewrite(&signed.caller, id, json!({ "tickets": asked }), &web).await.map_err(refuse)?;
    Ok(to(&signed.layout, &format!("tickets?saved={id}")))
}

/// As a view has it. `None`: something of it is wrong.
fn asked(web: &Web, signed: &Signed, fields: &Fields) -> Option<Value> {
    let (wanted, faults) = Filters::read(fields).wanted(web, signed);
    faults.is_empty().then(|| json!(wanted))
}

pub async fn show_page(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<ViewId>,
) -> Result<Response, Refusal> {
    page(&web, &signed, id).await.map(|page| show(&page))
}

pub async fn change(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<ViewId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let shown = page(&web, &signed, id).await?;
    let (name, shared) = (fields.text("name").to_owned(), fields.text("shared") == "yes");
    let patch = json!({ "name": name, "shared": shared });
    if fields.text("tag") != shown.tag {
        let now = json!({ "name": shown.name, "shared": shown.shared });
        let mut mine = now.clone();
        merge(&mut mine, patch);
        let theirs = differences::between(&now, &mine);
        return Ok(show_changed(&Page { name, shared, theirs, is_changed: true, ..shown }));
    }
    match views::rewrite(&signed.caller, id, patch, &web).await {
        Ok(_) => Ok(to(&signed.layout, &format!("tickets?saved={id}"))),
        Err(problem) => {
            let fault = fault(&signed.layout, problem).map_err(refuse)?;
            Ok(show_wrong(&Page { name, shared, fault: Some(fault), ..shown }))
        }
    }
}

pub async fn delete(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<ViewId>,
    _: Fields,
) -> Result<Response, Refusal> {
    views::forget(&signed.caller, id, &web).await.map_err(|problem| signed.refuse(problem))?;
    Ok(to(&signed.layout, "tickets/views"))
}

/// What is wrong with a name, or that there are too many. Err: it is nothing that could be mended in the form.
fn fault(layout: &Layout, problem: Problem) -> Result<String, Problem> {
    match problem.status() {
        422 if problem.faults().iter().any(|fault| fault.pointer == "/name") => {
            Ok(layout.t("ticket-view-name-fault"))
        }
        409 | 422 => {
            let first = problem.faults().first().map(|fault| fault.detail.clone());
            Ok(first.unwrap_or_else(|| problem.to_string()))
        }
        _ => Err(problem),
    }
}

async fn page(web: &Web, signed: &Signed, id: ViewId) -> Result<Page, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let view = views::visible(&signed.caller, id, web).await.map_err(refuse)?;
    if !views::may_write(&signed.caller, &view) {
        return Err(refuse(Problem::forbidden()));
    }
    Ok(Page {
        layout: signed.layout.clone(),
        id,
        title: view.name.clone(),
        tag: tag(&views::object(&view)),
        shared: view.shared_at.is_some(),
        may_share: signed.caller.role != Role::Agent,
        may_change: may_change(&signed.caller, &view),
        owner: owner(web, signed, view.owner),
        name: view.name,
        fault: None,
        theirs: Vec::new(),
        is_changed: false,
    })
}

fn to(layout: &Layout, page: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, layout.address(page))]).into_response()
}
