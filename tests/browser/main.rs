//! Stories in a real browser: Debian's chromium, the real program, and the simulator as its telephone company. Each is
//! told in `stories/NAME.mjs`; how to write one is said at the head of `story.mjs`.

#![allow(clippy::unwrap_used, reason = "what a test can't do it fails for")]

mod control;
#[path = "../desk/mod.rs"]
mod desk;

use control::Control;
use desk::{Desk, Wishes};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use tokio::{sync::Semaphore, time::sleep};

/// Browsers are heavy.
static AT_ONCE: Semaphore = Semaphore::const_new(2);
/// No story takes nearly as long, but the machine may be busy.
const STORY_MAX: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The stories, each a test and a file of the same name.
macro_rules! stories {
    ($($name:ident: $wishes:expr),* $(,)?) => {
        const STORIES: &[&str] = &[$(stringify!($name)),*];
        $(#[tokio::test]
        async fn $name() {
            tell(stringify!($name), $wishes).await;
        })*
    };
}

stories! {
    signing_in: at_the_desk(),
    every_page: at_the_desk(),
    first_start: at_the_desk(),
    a_message_is_heard_and_why_is_read: at_the_desk(),
    two_admins_change_a_person: at_the_desk(),
    keys: at_the_desk(),
    by_keyboard: at_the_desk(),
    second_factor: at_the_desk(),
    second_factor_required: Wishes {
        config: "[sign_in]\nsecond_factor = \"everybody\"\n".into(),
        ..at_the_desk()
    },
    board: at_the_desk(),
    two_race: at_the_desk(),
    reload_mid_ring: at_the_desk(),
    missed_call: at_the_desk(),
    an_agent_hands_on: at_the_desk(),
    a_busy_desk: at_the_desk(),
    voice: at_the_desk(),
    what_is_wrong_is_noticed: at_the_desk(),
    hours_are_painted: at_the_desk(),
    a_message_is_recorded: at_the_desk(),
    two_admins_collide: at_the_desk(),
    why_somebody_is_not_rung: at_the_desk(),
    a_visitor_chats: at_the_desk(),
    contacts: at_the_desk(),
    a_mail_is_answered: Wishes {
        config: "[mailboxes.main.webhook]\nkind = \"raw\"\nusername = \"mail\"\npassword = \"hush hush hush\"\n\
            [mailboxes.main.smtp]\nhost = \"127.0.0.1\"\nport = 1\ntls = \"none\"\n"
            .into(),
        ..at_the_desk()
    },
    written_channel: at_the_desk(),
    skills: at_the_desk(),
    replay: at_the_desk(),
    search_and_views: at_the_desk(),
    notifications: at_the_desk(),
    waiting_tickets: at_the_desk(),
}

/// Callers have patience, so that slow machines have time; their clips last a fifth of what they do in life.
fn at_the_desk() -> Wishes {
    Wishes {
        config: "[calls]\nring_seconds = 120\nagent_ring_seconds = 60\nshort_abandon_seconds = 0\n".into(),
        pace: 5.0,
        is_opened_in_browsers: true,
        ..Wishes::default()
    }
}

async fn tell(name: &str, wishes: Wishes) {
    let _turn = AT_ONCE.acquire().await.unwrap();
    let desk = Desk::open_with(wishes).await;
    let (url, token) = (desk.public_url.clone(), desk.api.token.clone());
    let control = Control::of(desk).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let said = folder.join("target/browser").join(format!("{name}.log"));
    fs::create_dir_all(said.parent().unwrap()).unwrap();
    let out = File::create(&said).unwrap();
    let mut story = Command::new("node");
    story.arg(folder.join("tests/browser/story.mjs")).arg(name).env("DESK_URL", url);
    story.env("DESK_TOKEN", token).env("DESK_CONTROL", &control.address);
    story.stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out);
    let told = ends_well(story).await;
    let text = fs::read_to_string(&said).unwrap();
    assert!(told, "{text}\npictures of it are in {}", said.parent().unwrap().display());
}

async fn ends_well(mut story: Command) -> bool {
    let child = story.spawn();
    let mut child = child.unwrap_or_else(|error| panic!("node can't be run ({error}); see tests/run"));
    for _ in 0..STORY_MAX.as_millis() / LOOK_EVERY.as_millis() {
        if let Some(status) = child.try_wait().unwrap() {
            return status.success();
        }
        sleep(LOOK_EVERY).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    panic!("the story does not end");
}

#[test]
fn every_story_that_is_written_is_told() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/stories");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let written: BTreeSet<String> = files.map(name).collect();
    assert_eq!(written, STORIES.iter().map(|name| (*name).to_owned()).collect());
}
