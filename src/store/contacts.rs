//! Contacts, and the numbers that they have.

use super::{Reader, id, json, optional_id, settings::Merge, to_json};
use crate::routing::ids::ContactId;
use serde_json::Value;
use sqlx::{QueryBuilder, SqliteConnection};

pub(super) async fn write(tx: &mut SqliteConnection, id: ContactId, document: &Value) -> sqlx::Result<()> {
    let sql = "insert into contacts (id, document) values ($1, $2)
        on conflict (id) do update set document = excluded.document";
    sqlx::query(sql).bind(id.to_string()).bind(to_json(document)).execute(&mut *tx).await?;
    delete_numbers(tx, id).await?;
    let numbers: Vec<&str> =
        document["numbers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if numbers.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::new("insert into contact_numbers (number, contact) ");
    query.push_values(numbers, |mut row, number| {
        row.push_bind(number.to_owned()).push_bind(id.to_string());
    });
    query.build().persistent(false).execute(tx).await.map(drop)
}

/// First the one that goes: its numbers belong to the other afterwards, and so do its tickets.
pub(super) async fn merge(tx: &mut SqliteConnection, merge: &Merge) -> sqlx::Result<()> {
    let sql = "update tickets set contact = $1 where contact = $2";
    sqlx::query(sql).bind(merge.into.to_string()).bind(merge.from.to_string()).execute(&mut *tx).await?;
    let sql = "update merged_contacts set stays = $1 where stays = $2";
    sqlx::query(sql).bind(merge.into.to_string()).bind(merge.from.to_string()).execute(&mut *tx).await?;
    delete(tx, merge.from).await?;
    let sql = "insert into merged_contacts (id, stays) values ($1, $2)";
    sqlx::query(sql).bind(merge.from.to_string()).bind(merge.into.to_string()).execute(&mut *tx).await?;
    write(tx, merge.into, &merge.document).await
}

pub(super) async fn delete(tx: &mut SqliteConnection, id: ContactId) -> sqlx::Result<()> {
    delete_numbers(tx, id).await?;
    let sql = "delete from merged_contacts where stays = $1";
    sqlx::query(sql).bind(id.to_string()).execute(&mut *tx).await?;
    sqlx::query("delete from contacts where id = $1").bind(id.to_string()).execute(tx).await.map(drop)
}

async fn delete_numbers(tx: &mut SqliteConnection, id: ContactId) -> sqlx::Result<()> {
    let sql = "delete from contact_numbers where contact = $1";
    sqlx::query(sql).bind(id.to_string()).execute(tx).await.map(drop)
}

pub(super) async fn all(connection: &mut SqliteConnection) -> sqlx::Result<Vec<(ContactId, Value)>> {
    let rows = sqlx::query("select id, document from contacts order by id").fetch_all(connection).await?;
    rows.iter().map(|row| Ok((id(row, "id")?, json(row, "document")?))).collect()
}

impl Reader {
    /// What this contact, which is gone, was merged into.
    pub async fn contact_that_stays(&self, gone: ContactId) -> sqlx::Result<Option<ContactId>> {
        let sql = "select stays from merged_contacts where id = $1";
        let row = sqlx::query(sql).bind(gone.to_string()).fetch_optional(&self.pool).await?;
        row.map_or(Ok(None), |row| optional_id(&row, "stays"))
    }
}
