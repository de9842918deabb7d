//! What is old enough is removed, a little at a time, so that no caller waits for it.

use super::{
    engine::Engine,
    erasure::{remove_files, remove_files_of_messages},
};
use crate::store::{
    batch::NotCommitted,
    happenings, notifications,
    removal::{self, AT_ONCE, Removal},
};
use chrono::{DateTime, TimeDelta, Utc};
use std::{path::Path, time::Duration};
use tracing::{debug, info, warn};

/// A file that no message names is removed when it is older: a younger one may be about to be kept.
const ORPHANS_AFTER: Duration = Duration::from_secs(3 * 86_400);

/// How many days things are kept; 0 is for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    pub recordings_days: u32,
    pub calls_days: u32,
    /// Tickets without calls, with what was written on them.
    pub conversations_days: u32,
    /// What was told to others, and the log of it.
    pub messages_days: u32,
    /// Events, what could not be decided, and jobs that were given up.
    pub logs_days: u32,
}

impl Engine {
    /// Removes some of what is too old. True: there may be more.
    pub(super) async fn remove_old(&mut self) -> anyhow::Result<bool> {
        let now = self.around.clock.now().at;
        let Retention { recordings_days, calls_days, conversations_days, messages_days, logs_days } =
            self.around.retention;
        let connection = self.writer.connection();
        let calls = match before(now, calls_days) {
            Some(before) => removal::calls_before(connection, before).await?,
            None => Vec::new(),
        };
        let messages = match before(now, recordings_days) {
            Some(before) => removal::messages_before(connection, before).await?,
            None => Vec::new(),
        };
        let tickets = match before(now, conversations_days) {
            Some(before) => removal::tickets_before(connection, before).await?,
            None => Vec::new(),
        };
        let written = removal::files_of(connection, &tickets).await?;
        if let Some(before) = before(now, messages_days) {
            happenings::prune(connection, before).await?;
            notifications::prune(connection, before).await?;
        }
        let mut files = removal::messages_of(connection, &calls).await?;
        files.extend(messages.iter().cloned());
        let full = |count: usize| i64::try_from(count).is_ok_and(|count| count >= AT_ONCE);
        let more = full(calls.len()) || full(messages.len()) || full(tickets.len());
        let older_than = before(now, logs_days);
        let removal = Removal { calls, tickets, messages, older_than, ..Removal::default() };
        let batch = removal.into();
        match self.writer.commit(&batch).await {
            Ok(()) => {}
            // The next batch finds that out too, and ends the daemon.
            Err(NotCommitted::Fenced) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let rows = batch.removal.as_ref().map_or(0, Removal::rows);
        let sounds = files.into_iter().map(|message| message.sha256).collect();
        let files = remove_files(&mut self.writer, &self.around.place.voicemails, sounds).await?;
        let folder = self.around.attachments.folder().to_owned();
        let files = files + remove_files_of_messages(&mut self.writer, &folder, written).await?;
        if rows > 0 {
            info!(rows, files, "what is older than it is kept for was removed");
        }
        let more = more || i64::try_from(rows).is_ok_and(|rows| rows >= AT_ONCE);
        if !more {
            self.sweep().await?;
        }
        Ok(more)
    }

    /// Removes files that were written and never kept.
    async fn sweep(&mut self) -> anyhow::Result<()> {
        let folder = self.around.place.voicemails.clone();
        let old = tokio::task::spawn_blocking(move || old_files(&folder)).await??;
        let sound = |file: &String| file.split('.').next().unwrap_or_default().to_owned();
        let mut names: Vec<String> = old.iter().map(sound).collect();
        names.dedup();
        for name in removal::unneeded(self.writer.connection(), names).await? {
            for file in old.iter().filter(|file| sound(file) == name) {
                match std::fs::remove_file(self.around.place.voicemails.join(file)) {
                    Ok(()) => debug!(file, "a file that no message names was removed"),
                    Err(error) => warn!(%error, file, "a file that no message names can't be removed"),
                }
            }
        }
        self.sweep_files_of_messages().await
    }

    async fn sweep_files_of_messages(&mut self) -> anyhow::Result<()> {
        let folder = self.around.attachments.folder().to_owned();
        let looked_into = folder.clone();
        let old = tokio::task::spawn_blocking(move || old_files(&looked_into)).await??;
        for file in removal::unneeded_files(self.writer.connection(), old).await? {
            match std::fs::remove_file(folder.join(&file)) {
                Ok(()) => debug!(file, "a file that no message names was removed"),
                Err(error) => warn!(%error, file, "a file that no message names can't be removed"),
            }
        }
        Ok(())
    }
}

/// `None`: everything is kept, as it is where the days reach back further than time does.
fn before(now: DateTime<Utc>, days: u32) -> Option<DateTime<Utc>> {
    if days == 0 { None } else { now.checked_sub_signed(TimeDelta::days(i64::from(days))) }
}

fn old_files(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut old = Vec::new();
    if !folder.exists() {
        return Ok(old);
    }
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        // A file of the future is not old.
        let age = metadata.modified()?.elapsed().unwrap_or_default();
        if metadata.is_file() && age > ORPHANS_AFTER {
            old.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    old.sort_unstable();
    Ok(old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_as_many_days_as_can_be_written_everything_is_kept() {
        let now: DateTime<Utc> = "2026-11-23T09:00:00Z".parse().expect("an instant");
        let yesterday = "2026-11-22T09:00:00Z".parse().expect("an instant");
        assert_eq!(before(now, 0), None);
        assert_eq!(before(now, 1), Some(yesterday));
        assert_eq!(before(now, u32::MAX), None);
    }
}
