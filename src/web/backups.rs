//! A backup, to be kept elsewhere: as `strowger backup` makes it, and sent while it is read from the disk.

use super::{Problem, Web, auth::Caller};
use crate::{backup, desk::health::FREE_BYTES_MIN, store::audit::Subject};
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use std::path::Path;
use tokio::{fs::File, io::AsyncReadExt, runtime::Handle, task::spawn_blocking};
use tracing::{error, info};

/// How the names of folders begin in which backups are made.
pub const BEING_MADE: &str = ".backup-";
/// How many copies there are for a moment: of the database, in the archive, and in the trial that it can be restored.
const COPIES: u64 = 3;
const PIECE_BYTES: usize = 64 * 1024;

/// Makes a backup and sends it. 409: one is being made already. 507: the disk has no room for it.
#[utoipa::path(post, path = "/backups", responses(
    (status = 200, content_type = "application/x-tar", body = Vec<u8>), (status = 403), (status = 409), (status = 507)
))]
pub async fn create(caller: Caller, State(web): State<Web>) -> Result<Response, Problem> {
    make(&web, &caller).await
}

/// Also for pages.
pub async fn make(web: &Web, caller: &Caller) -> Result<Response, Problem> {
    caller.must_be_admin()?;
    let Ok(turn) = web.backing_up.clone().try_lock_owned() else {
        return Err(Problem::new(409, "A backup is being made already"));
    };
    let now = web.clock.now().at;
    let subject = Subject { kind: "backup", id: web.new_id() };
    web.desk.note(caller.author(), "downloaded", subject).await?;
    let (data, handle) = (web.data.clone(), Handle::current());
    let made = spawn_blocking(move || {
        // The work goes on if whoever asked hangs up, and so holds its turn itself.
        let _held = turn;
        if !has_room(&data)? {
            return Ok(None);
        }
        let workshop = tempfile::Builder::new().prefix(BEING_MADE).tempdir_in(&*data)?;
        let file = workshop.path().join("backup.tar");
        let made = handle.block_on(backup::make(&data, &file, now))?;
        // It is gone from the folder before the first byte leaves, and from the disk after the last one.
        Ok(Some((std::fs::File::open(&file)?, made)))
    });
    let made = made.await.map_err(anyhow::Error::from).and_then(|made: anyhow::Result<_>| made);
    let made = made.map_err(|error| {
        error!(error = format!("{error:#}"), "a backup can't be made");
        Problem::new(503, "The backup could not be made; the log says why")
    })?;
    let Some((file, made)) = made else {
        return Err(Problem::new(507, "The disk has too little room to make a backup"));
    };
    info!(bytes = made.bytes, sounds = made.sounds, missing = made.missing.len(), "a backup is downloaded");
    let name = format!("attachment; filename=\"strowger-{}.tar\"", now.format("%Y%m%dT%H%M%SZ"));
    let headers = [
        (header::CONTENT_TYPE, "application/x-tar".to_owned()),
        (header::CONTENT_LENGTH, made.bytes.to_string()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, in_pieces(File::from_std(file))).into_response())
}

/// Whether calls have enough room beside it.
fn has_room(data: &Path) -> std::io::Result<bool> {
    let mut bytes = 0;
    for folder in [data.to_owned(), data.join("media"), data.join("voicemail")] {
        let entries = match folder.read_dir() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            // A sound may go while it is looked for.
            bytes += entry?.metadata().map_or(0, |file| if file.is_file() { file.len() } else { 0 });
        }
    }
    crate::audio::is_room_for_more(data, FREE_BYTES_MIN + COPIES * bytes)
}

fn in_pieces(file: File) -> Body {
    let pieces = stream::try_unfold(file, async |mut file: File| {
        let mut piece = vec![0; PIECE_BYTES];
        let length = file.read(&mut piece).await?;
        piece.truncate(length);
        Ok::<_, std::io::Error>((length > 0).then(|| (Bytes::from(piece), file)))
    });
    Body::from_stream(pieces)
}
