//! Calls and tickets as files, for a spreadsheet (CSV) or a program (JSON lines, which leave nothing out). They are read
//! from the store a page at a time while they are sent.
//!
//! A spreadsheet takes a text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return for a formula. In CSV such a
//! text gets an apostrophe in front, telephone numbers too, which begin with `+`.

use super::{Problem, Web, auth::Caller, calls as call_pages, schemas, tickets as ticket_pages};
use crate::{
    desk::settings::Fault,
    routing::ids::{CallId, TicketId},
    store::calls::Span,
};
use axum::{
    body::{Body, Bytes},
    extract::{Query, State, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use futures_util::stream;
use serde::Deserialize;
use serde_json::Value;

const PAGE: u32 = 500;

const CALL_COLUMNS: &[&str] = &[
    "id",
    "provider",
    "provider_call_id",
    "channel",
    "from",
    "to",
    "state",
    "outcome",
    "agent",
    "ticket",
    "voicemail_seconds",
    "offers",
    "arrived_at",
    "ended_at",
];
const TICKET_COLUMNS: &[&str] = &[
    "id",
    "type",
    "status",
    "open",
    "owner",
    "team",
    "call",
    "channel",
    "created_at",
    "assigned_at",
    "closed_at",
    "closed_on",
];

#[derive(Debug, Deserialize)]
pub struct Asked {
    format: Option<String>,
    from: Option<String>,
    until: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    JsonLines,
}

/// Calls that arrived from `from` up to, but not including, `until`; the oldest first.
#[utoipa::path(get, path = "/calls/export", params(schemas::Export), responses(
    (status = 200, content((String = "text/csv"), (String = "application/jsonl"))), (status = 403)
))]
pub async fn calls(
    caller: Caller,
    State(web): State<Web>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let (format, span) = read(&caller, asked)?;
    let page = move |after: Option<CallId>| {
        let (web, caller) = (web.clone(), caller.clone());
        async move {
            let rows = web.reader.calls_in(span, after, PAGE).await?;
            let Some(last) = rows.last().map(|row| row.id) else { return Ok(None) };
            let ids: Vec<CallId> = rows.iter().map(|row| row.id).collect();
            let (offers, voicemails) = (web.reader.offers(&ids).await?, web.reader.voicemails(&ids).await?);
            let settings = web.desk.settings();
            let mut objects = Vec::new();
            for row in rows {
                if call_pages::may_see(&caller, &row, &web, &settings).await? {
                    objects.push(call_pages::object(&row, &offers, &voicemails, &settings));
                }
            }
            Ok(Some((last, objects)))
        }
    };
    Ok(file("calls", format, CALL_COLUMNS, page))
}

/// Tickets that were made from `from` up to, but not including, `until`; the oldest first.
#[utoipa::path(get, path = "/tickets/export", params(schemas::Export), responses(
    (status = 200, content((String = "text/csv"), (String = "application/jsonl"))), (status = 403)
))]
pub async fn tickets(
    caller: Caller,
    State(web): State<Web>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let (format, span) = read(&caller, asked)?;
    let page = move |after: Option<TicketId>| {
        let (web, caller) = (web.clone(), caller.clone());
        async move {
            let rows = web.reader.tickets_in(span, after, PAGE).await?;
            let Some(last) = rows.last().map(|row| row.id) else { return Ok(None) };
            let seen = rows.iter().filter(|ticket| ticket_pages::may_see(&caller, ticket, &web));
            Ok(Some((last, seen.map(ticket_pages::object).collect())))
        }
    };
    Ok(file("tickets", format, TICKET_COLUMNS, page))
}

fn read(caller: &Caller, asked: Result<Query<Asked>, QueryRejection>) -> Result<(Format, Span), Problem> {
    caller.must_not_be_agent()?;
    let Query(asked) = asked.map_err(|_| Problem::new(400, "The query can't be read"))?;
    let format = match asked.format.as_deref() {
        None | Some("csv") => Format::Csv,
        Some("jsonl") => Format::JsonLines,
        Some(_) => return Err(Problem::invalid(Fault::new("/format", "it is csv or jsonl"))),
    };
    let span = Span { from: instant("/from", &asked.from)?, until: instant("/until", &asked.until)? };
    Ok((format, span))
}

fn instant(pointer: &str, text: &Option<String>) -> Result<Option<DateTime<Utc>>, Problem> {
    let read = text.as_ref().map(|text| DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()));
    read.transpose().map_err(|_| Problem::invalid(Fault::new(pointer, "this is not an instant of RFC 3339")))
}

/// Where an export is.
enum At<T> {
    Start,
    After(T),
    End,
}

/// Sends page after page. An error in the midst breaks the connection, so that half a file is not taken for a whole one.
fn file<T, F>(
    name: &str,
    format: Format,
    columns: &'static [&'static str],
    page: impl Fn(Option<T>) -> F + Send + 'static,
) -> Response
where
    T: Copy + Send + 'static,
    F: Future<Output = Result<Option<(T, Vec<Value>)>, Problem>> + Send,
{
    let parts = stream::unfold((At::Start, page), move |(at, page)| async move {
        let (after, head) = match at {
            At::Start => (None, format == Format::Csv),
            At::After(after) => (Some(after), false),
            At::End => return None,
        };
        let mut part =
            if head { line(columns.iter().map(|column| (*column).to_owned())) } else { Vec::new() };
        let next = match page(after).await {
            Ok(Some((last, objects))) => {
                objects.iter().for_each(|object| part.extend(row(object, format, columns)));
                At::After(last)
            }
            Ok(None) => At::End,
            Err(_) => return Some((Err(std::io::Error::other("the store can't be read")), (At::End, page))),
        };
        Some((Ok(Bytes::from(part)), (next, page)))
    });
    let (kind, ending) = match format {
        Format::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
        Format::JsonLines => ("application/jsonl", "jsonl"),
    };
    let disposition = format!("attachment; filename=\"{name}.{ending}\"");
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (headers, Body::from_stream(parts)).into_response()
}

fn row(object: &Value, format: Format, columns: &[&str]) -> Vec<u8> {
    match format {
        Format::JsonLines => format!("{object}\n").into_bytes(),
        Format::Csv => line(columns.iter().map(|column| cell(object, column))),
    }
}

fn line(cells: impl Iterator<Item = String>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = writer.write_record(cells);
    writer.into_inner().unwrap_or_default()
}

fn cell(object: &Value, column: &str) -> String {
    match column {
        "voicemail_seconds" => {
            object["voicemail"]["seconds"].as_u64().map(|n| n.to_string()).unwrap_or_default()
        }
        "offers" => object["offers"].as_array().map_or(0, Vec::len).to_string(),
        _ => match &object[column] {
            Value::Null => String::new(),
            Value::String(text) => harmless(text),
            other => other.to_string(),
        },
    }
}

fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_cell_is_a_formula_and_nothing_breaks_a_line() {
        let columns = ["from", "to", "state", "offers", "voicemail_seconds", "outcome"];
        let object = |from: &str| {
            json!({ "from": from, "to": "a,\"b\"\r\nc", "state": "ended", "offers": [1, 2],
                "voicemail": { "seconds": 7 }, "outcome": null })
        };
        let table = [
            ("=1+1", "'=1+1"),
            ("+43660", "'+43660"),
            ("-1", "'-1"),
            ("@sum", "'@sum"),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
            ("anonymous", "anonymous"),
            ("4=4", "4=4"),
        ];
        for (from, expected) in table {
            let line = String::from_utf8(row(&object(from), Format::Csv, &columns)).unwrap();
            assert_eq!(line, format!("{expected},\"a,\"\"b\"\"\r\nc\",ended,2,7,\r\n"), "{from:?}");
        }
        let whole = row(&object("=1"), Format::JsonLines, &columns);
        assert_eq!(serde_json::from_slice::<Value>(&whole).unwrap(), object("=1"));
    }
}
