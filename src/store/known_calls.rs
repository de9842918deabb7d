//! Calls whose rows were removed. What is left is enough to know a late webhook of theirs, and says nothing of anybody.

use super::damaged;
use sha2::{Digest, Sha256};
use sqlx::{QueryBuilder, Row, SqliteConnection};

/// Short enough to be kept for every call that ever came.
pub fn fingerprint(provider: &str, provider_call_id: &str) -> u128 {
    let hash =
        Sha256::new().chain_update(provider).chain_update([0]).chain_update(provider_call_id).finalize();
    let mut first = [0; 16];
    first.copy_from_slice(&hash[..16]);
    u128::from_be_bytes(first)
}

pub async fn all(connection: &mut SqliteConnection) -> sqlx::Result<Vec<u128>> {
    let rows = sqlx::query("select fingerprint from known_calls").fetch_all(connection).await?;
    let read = rows.iter().map(|row| {
        let hex: String = row.try_get(0)?;
        u128::from_str_radix(&hex, 16).map_err(|_| damaged("fingerprint")(hex))
    });
    read.collect()
}

pub(super) async fn write(tx: &mut SqliteConnection, fingerprints: &[u128]) -> sqlx::Result<()> {
    for some in fingerprints.chunks(2_000) {
        let mut query = QueryBuilder::new("insert into known_calls (fingerprint) ");
        query.push_values(some, |mut row, fingerprint| {
            row.push_bind(format!("{fingerprint:032x}"));
        });
        query.push(" on conflict (fingerprint) do nothing");
        query.build().persistent(false).execute(&mut *tx).await?;
    }
    Ok(())
}
