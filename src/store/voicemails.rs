//! Messages that callers left. The sound is a file named by its hash; with its row here it is kept.

use super::{Reader, id, instant, ms};
use crate::routing::ids::CallId;
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row, SqliteConnection};

#[derive(Debug, Clone)]
pub struct Voicemail {
    pub call: CallId,
    /// Its id at the telephone company.
    pub recording: String,
    pub seconds: u32,
    pub sha256: String,
    pub kept_at: DateTime<Utc>,
}

pub(super) async fn write(tx: &mut SqliteConnection, voicemails: &[Voicemail]) -> sqlx::Result<()> {
    if voicemails.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::new("insert into voicemails (call, recording, seconds, sha256, kept_ms) ");
    query.push_values(voicemails, |mut row, kept| {
        row.push_bind(kept.call.to_string())
            .push_bind(kept.recording.as_str())
            .push_bind(i64::from(kept.seconds))
            .push_bind(kept.sha256.as_str())
            .push_bind(ms(kept.kept_at));
    });
    query.push(" on conflict (call, recording) do nothing");
    query.build().persistent(false).execute(&mut *tx).await?;
    for kept in voicemails {
        let sql = "update calls set outcome = 'voicemail' where id = $1 and outcome = 'abandoned'";
        sqlx::query(sql).bind(kept.call.to_string()).execute(&mut *tx).await?;
    }
    Ok(())
}

/// Whether this recording of this call is on our disk.
pub async fn is_kept(connection: &mut SqliteConnection, call: CallId, recording: &str) -> sqlx::Result<bool> {
    let sql = "select 1 from voicemails where call = $1 and recording = $2";
    let row = sqlx::query(sql).bind(call.to_string()).bind(recording).fetch_optional(connection).await?;
    Ok(row.is_some())
}

impl Reader {
    pub async fn voicemails(&self, calls: &[CallId]) -> sqlx::Result<Vec<Voicemail>> {
        let mut query = QueryBuilder::new(
            "select call, recording, seconds, sha256, kept_ms from voicemails where call in (",
        );
        let mut list = query.separated(", ");
        calls.iter().for_each(|call| {
            list.push_bind(call.to_string());
        });
        query.push(") order by kept_ms");
        let rows = query.build().fetch_all(&self.pool).await?;
        let read = rows.iter().map(|row| {
            Ok(Voicemail {
                call: id(row, "call")?,
                recording: row.try_get("recording")?,
                seconds: u32::try_from(row.try_get::<i64, _>("seconds")?).unwrap_or(0),
                sha256: row.try_get("sha256")?,
                kept_at: instant(row.try_get("kept_ms")?),
            })
        });
        read.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        routing::ids::Ids,
        store::{Folder, open},
    };

    #[tokio::test]
    async fn a_recording_is_kept_for_one_call_and_under_one_name() {
        let directory = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(directory.path()).expect("the folder");
        let (mut writer, _) = open(&folder).await.expect("a database");
        let mut ids = Ids::new(1);
        let (call, other) = (CallId(ids.next(1)), CallId(ids.next(1)));
        let (recording, sha256, kept_at) = ("RE1".into(), "0".repeat(64), instant(1));
        let kept = Voicemail { call, recording, seconds: 7, sha256, kept_at };
        for _ in 0..2 {
            write(writer.connection(), std::slice::from_ref(&kept)).await.expect("it is written");
        }
        for (call, recording, is_there) in [(call, "RE1", true), (call, "RE2", false), (other, "RE1", false)]
        {
            let found = is_kept(writer.connection(), call, recording).await;
            assert_eq!(found.expect("an answer"), is_there, "{recording}");
        }
    }
}
