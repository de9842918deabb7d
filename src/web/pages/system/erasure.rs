//! Erasing a person by their number: typed twice, as nothing brings them back.

use super::{
    super::{
        super::{Web, erasures},
        form::Fields,
        layout::Layout,
        refusal::Refusal,
        show, show_wrong,
    },
    Admin,
};
use crate::desk::erasure::Erased;
use askama::Template;
use axum::{extract::State, response::Response};

#[derive(Template)]
#[template(path = "erasure.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    number: String,
    again: String,
    number_fault: Option<String>,
    again_fault: Option<String>,
    erased: Option<Erased>,
}

impl Page {
    fn empty(layout: &Layout) -> Self {
        Self {
            layout: layout.clone(),
            number: String::new(),
            again: String::new(),
            number_fault: None,
            again_fault: None,
            erased: None,
        }
    }
}

pub async fn show_page(Admin(signed): Admin) -> Response {
    show(&Page::empty(&signed.layout))
}

pub async fn erase(
    State(web): State<Web>,
    Admin(signed): Admin,
    fields: Fields,
) -> Result<Response, Refusal> {
    let layout = &signed.layout;
    let (number, again) = (fields.text("number").to_owned(), fields.text("again").to_owned());
    let mut page = Page { number: number.clone(), again: again.clone(), ..Page::empty(layout) };
    if number != again {
        page.again_fault = Some(layout.t("system-erase-differs"));
        return Ok(show_wrong(&page));
    }
    match erasures::erase(&web, &signed.caller, &number).await {
        Ok(erased) => Ok(show(&Page { erased: Some(erased), ..Page::empty(layout) })),
        Err(problem) if problem.status() == 422 => {
            page.number_fault = Some(layout.t("system-erase-fault"));
            Ok(show_wrong(&page))
        }
        Err(problem) if problem.status() == 409 => {
            page.number_fault = Some(layout.t("system-erase-live"));
            Ok(show_wrong(&page))
        }
        Err(problem) => Err(signed.refuse(problem)),
    }
}
