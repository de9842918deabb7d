//! What the telephone company must do or give, tried until it is done. A job's row is committed with the decision
//! that made it, marked as sent; each can be done twice without harm.

use super::{Desk, Input, Providers, health::Health};
use crate::{
    audio,
    calls::{
        call::Recording,
        decision::{Job, Say},
        event::{CutIn, Event},
    },
    providers::{
        Trouble,
        addresses::{Addresses, Hook},
    },
    routing::ids::JobId,
    store::jobs::JobRow,
};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;
use tracing::{debug, warn};

/// Seconds between the tries of a command; the last one goes on for a day.
const COMMAND_BACKOFF: [u64; 6] = [1, 2, 5, 10, 30, 60];
/// Seconds between the tries of a download; the last one goes on for a day.
const DOWNLOAD_BACKOFF: [u64; 6] = [1, 5, 30, 120, 600, 3600];
const GIVE_UP_AFTER_SECONDS: u64 = 86_400;

/// What became of one try.
#[derive(Debug, Clone)]
pub struct Report {
    pub id: JobId,
    pub result: Result,
}

#[derive(Debug, Clone)]
pub enum Result {
    /// It is done; this is what it means for the call, and what is to be done next.
    Done { event: Option<Event>, next: Option<Job> },
    /// It is tried again after so many seconds.
    Again { tries: u32, seconds: u64, error: String },
    /// Given up; the row stays for somebody to look at.
    GivenUp { tries: u32, error: String, event: Option<Event> },
}

/// Does jobs and asks questions, each in a task of its own.
#[derive(Debug, Clone)]
pub struct Runner {
    pub(super) providers: Arc<Providers>,
    pub(super) public_url: String,
    /// Where kept recordings are.
    folder: PathBuf,
    delete_kept: bool,
    health: Arc<Health>,
    at_once: Arc<Semaphore>,
    /// Not to be tried again.
    called_off: Arc<Mutex<HashSet<JobId>>>,
}

impl Runner {
    pub fn new(
        providers: Arc<Providers>,
        public_url: String,
        folder: PathBuf,
        delete_kept: bool,
        health: Arc<Health>,
    ) -> Self {
        let (at_once, called_off) = (Arc::new(Semaphore::new(64)), Arc::default());
        Self { providers, public_url, folder, delete_kept, health, at_once, called_off }
    }

    /// Does the job until it is done or given up, and reports each try.
    pub fn start(&self, row: JobRow, desk: &Desk, first_in: Duration) {
        let (runner, desk) = (self.clone(), desk.clone());
        tokio::spawn(async move {
            tokio::time::sleep(first_in).await;
            let mut tries = row.tries;
            loop {
                let result = runner.attempt(&row.job, tries).await;
                let again = match &result {
                    Result::Again { seconds, .. } => Some(Duration::from_secs(*seconds)),
                    _ => None,
                };
                desk.report(Input::Job(Report { id: row.id, result })).await;
                let Some(pause) = again else { return };
                tokio::time::sleep(pause).await;
                if runner.called_off().remove(&row.id) {
                    return;
                }
                tries += 1;
            }
        });
    }

    /// What this job is for is there: it is not tried again.
    pub fn call_off(&self, job: JobId) {
        self.called_off().insert(job);
    }

    fn called_off(&self) -> MutexGuard<'_, HashSet<JobId>> {
        self.called_off.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn attempt(&self, job: &Job, tries: u32) -> Result {
        let Ok(_place) = self.at_once.acquire().await else {
            return again(tries, &COMMAND_BACKOFF, "stopping".into(), None);
        };
        match job {
            Job::CutIn { call, channel, provider, provider_call_id, attempt } => {
                let url = self.address(provider, *channel, Hook::Connect(*call, *attempt));
                let result = match self.redirect(provider, provider_call_id, &url).await {
                    Ok(()) => CutIn::Applied,
                    Err(trouble) => {
                        warn!(call.id = %call, %trouble, "cutting in failed; the next poll connects");
                        trouble.into()
                    }
                };
                done(Some(Event::CutInDone { call: *call, attempt: *attempt, result }), None)
            }
            Job::BringBack { call, channel, provider, provider_call_id, poll } => {
                let url = self.address(provider, *channel, Hook::Wait(*call, *poll));
                match self.redirect(provider, provider_call_id, &url).await {
                    Ok(()) => done(None, None),
                    Err(Trouble::Gone | Trouble::NotFound) => {
                        done(Some(Event::CallerHungUp { call: *call }), None)
                    }
                    // The dial's own end brings them back too, and who stays silent is looked for. A later try could
                    // tear them out of what came meanwhile.
                    Err(trouble) => {
                        warn!(call.id = %call, %trouble, "a caller could not be brought back");
                        done(None, None)
                    }
                }
            }
            Job::SendOutside { call, channel, provider, provider_call_id, attempt } => {
                let url = self.address(provider, *channel, Hook::Outside(*call, *attempt));
                match self.redirect(provider, provider_call_id, &url).await {
                    Ok(()) => done(None, None),
                    Err(Trouble::Gone | Trouble::NotFound) => {
                        done(Some(Event::CallerHungUp { call: *call }), None)
                    }
                    Err(trouble) => {
                        warn!(call.id = %call, %trouble, "a caller could not be handed on; it is tried again");
                        done(None, None)
                    }
                }
            }
            Job::HangUp { provider, provider_call_id, .. } => match self.providers.get(provider) {
                None => given_up(tries, format!("no provider {provider} is configured"), None),
                Some(company) => match company.hang_up(provider_call_id).await {
                    Ok(()) | Err(Trouble::Gone | Trouble::NotFound) => done(None, None),
                    Err(trouble) => again(tries, &COMMAND_BACKOFF, trouble.to_string(), None),
                },
            },
            Job::KeepRecording { .. } => self.keep(job, tries).await,
            Job::ForgetCall { provider, provider_call_id } => match self.providers.get(provider) {
                None => given_up(tries, format!("no provider {provider} is configured"), None),
                Some(company) => match company.forget(provider_call_id).await {
                    Ok(()) | Err(Trouble::NotFound | Trouble::Gone) => done(None, None),
                    Err(trouble) => again(tries, &DOWNLOAD_BACKOFF, trouble.to_string(), None),
                },
            },
            Job::DeleteRecording { provider, recording } => match self.providers.get(provider) {
                None => given_up(tries, format!("no provider {provider} is configured"), None),
                Some(company) => match company.delete(recording).await {
                    Ok(()) | Err(Trouble::NotFound | Trouble::Gone) => done(None, None),
                    Err(trouble) => again(tries, &DOWNLOAD_BACKOFF, trouble.to_string(), None),
                },
            },
        }
    }

    fn address(&self, provider: &str, channel: crate::routing::ids::ChannelId, hook: Hook) -> String {
        let (public_url, provider) = (self.public_url.clone(), provider.to_owned());
        Addresses { public_url, provider, channel, epoch: None }.of(hook)
    }

    async fn redirect(&self, provider: &str, call: &str, url: &str) -> std::result::Result<(), Trouble> {
        match self.providers.get(provider) {
            Some(company) => company.redirect(call, url).await,
            None => Err(Trouble::Refused(format!("no provider {provider} is configured"))),
        }
    }

    /// Fetches (which checks container and length), writes, syncs, renames. Only the commit of what follows makes it
    /// kept.
    async fn keep(&self, job: &Job, tries: u32) -> Result {
        let Job::KeepRecording { call, ticket, provider, recording, .. } = job else {
            return done(None, None);
        };
        let lost = || Some(Event::RecordingLost { call: *call, recording: recording.clone() });
        let Some(company) = self.providers.get(provider) else {
            return given_up(tries, format!("no provider {provider} is configured"), lost());
        };
        let bytes = match company.fetch(recording).await {
            Ok(bytes) => {
                self.health.recordings(provider, false);
                bytes
            }
            Err(trouble) => {
                self.health.recordings(provider, trouble == Trouble::Unauthorised);
                if trouble == Trouble::Unauthorised {
                    warn!(provider, "a recording can't be fetched: our credentials are not accepted");
                }
                return again(tries, &DOWNLOAD_BACKOFF, trouble.to_string(), lost());
            }
        };
        let folder = self.folder.clone();
        match tokio::task::spawn_blocking(move || keep_sound(&folder, &bytes)).await {
            Ok(Ok(sha256)) => {
                let (call, ticket, kept) = (*call, *ticket, recording.clone());
                let event = Event::RecordingKept { call, ticket, recording: kept, sha256 };
                let delete =
                    || Job::DeleteRecording { provider: provider.clone(), recording: recording.clone() };
                done(Some(event), self.delete_kept.then(delete))
            }
            Ok(Err(error)) => again(tries, &DOWNLOAD_BACKOFF, format!("cannot write: {error}"), lost()),
            Err(error) => again(tries, &DOWNLOAD_BACKOFF, error.to_string(), lost()),
        }
    }

    /// Asks the telephone company something that a decision wants to know. The answer comes back as an event.
    pub fn ask(&self, question: Say, desk: &Desk) {
        let (runner, desk) = (self.clone(), desk.clone());
        tokio::spawn(async move {
            if let Some(event) = runner.answer(question).await {
                desk.report(Input::Event(event)).await;
            }
        });
    }

    async fn answer(&self, question: Say) -> Option<Event> {
        match question {
            Say::FindCaller { call, provider, provider_call_id } => {
                let company = self.providers.get(&provider)?;
                let there = match company.caller_is_there(&provider_call_id).await {
                    Ok(there) => Some(there),
                    Err(Trouble::Gone | Trouble::NotFound) => Some(false),
                    Err(trouble) => unknown(&trouble),
                };
                Some(Event::CallerFound { call, there })
            }
            Say::FindLeg { call, attempt, provider, provider_call_id, surely } => {
                let company = self.providers.get(&provider)?;
                let up = match company.leg_is_up(&provider_call_id).await {
                    Ok(true) if surely && !company.tells_of_legs() => None,
                    Ok(up) => Some(up),
                    Err(Trouble::Gone | Trouble::NotFound) => Some(false),
                    Err(trouble) => unknown(&trouble),
                };
                Some(Event::LegFound { call, attempt, up })
            }
            Say::FindDevices { call, attempt, provider, provider_call_id } => {
                let company = self.providers.get(&provider)?;
                let up = match company.devices_up(&provider_call_id).await {
                    Ok(up) => Some(up),
                    Err(Trouble::Gone | Trouble::NotFound) => Some(Vec::new()),
                    Err(trouble) => unknown(&trouble),
                };
                Some(Event::DevicesFound { call, attempt, up })
            }
            Say::FindRecordings { call, provider, provider_call_id } => {
                let company = self.providers.get(&provider)?;
                let found = match company.recordings(&provider_call_id).await {
                    Ok(recordings) => Some(recordings),
                    Err(Trouble::Gone | Trouble::NotFound) => Some(Vec::<Recording>::new()),
                    Err(trouble) => unknown(&trouble),
                };
                Some(Event::RecordingsFound { call, found })
            }
            _ => None,
        }
    }
}

fn unknown<T>(trouble: &Trouble) -> Option<T> {
    debug!(%trouble, "the telephone company could not be asked");
    None
}

fn done(event: Option<Event>, next: Option<Job>) -> Result {
    Result::Done { event, next }
}

fn given_up(tries: u32, error: String, event: Option<Event>) -> Result {
    Result::GivenUp { tries: tries + 1, error, event }
}

/// Again after a pause that grows, until a day is over.
fn again(tries: u32, backoff: &[u64], error: String, event_at_last: Option<Event>) -> Result {
    let index = usize::try_from(tries).unwrap_or(usize::MAX);
    let last = backoff.last().copied().unwrap_or(60);
    let waited: u64 = backoff.iter().take(index).sum::<u64>()
        + last * u64::try_from(index.saturating_sub(backoff.len())).unwrap_or(u64::MAX / last);
    if waited > GIVE_UP_AFTER_SECONDS {
        return given_up(tries, error, event_at_last);
    }
    Result::Again { tries: tries + 1, seconds: backoff.get(index).copied().unwrap_or(last), error }
}

/// The original, and beside it a copy without the silence before and after. Answers the hash of the original.
fn keep_sound(folder: &Path, bytes: &[u8]) -> std::io::Result<String> {
    let sha256 = audio::sha256(bytes);
    audio::keep(folder, &format!("{sha256}.wav"), bytes)?;
    // The original can always be heard: a copy that can't be made is not missed.
    if let Some(trimmed) = audio::trimmed(bytes)
        && let Err(error) = audio::keep(folder, &audio::trimmed_name(&sha256), &trimmed)
    {
        warn!(%error, "a message is kept, but not its trimmed copy");
    }
    Ok(sha256)
}
