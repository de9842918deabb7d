//! A test call: what a call would meet this moment, and everything that its caller would hear, in the very documents that
//! the telephone company would be sent. Nothing is rung and nothing is written: a call that is none would take agents and
//! places in line from callers, and the telephone company would be commanded about a call that it never had.

use super::{
    super::{
        Problem, Web,
        access::{Sight, Viewer},
    },
    layout::{Layout, Signed},
    refusal::Refusal,
    show,
};
use crate::{
    calls::{
        call::Caller,
        channel::{Channel, Slot},
        decision::{Action, Clip, Instruction},
        preview::Preview,
    },
    desk::{documents, settings::Settings},
    providers::{Document, Spoken},
    routing::{
        ids::{CallId, ChannelId, UserId},
        people::Reach,
        sentences::Teller,
    },
};
use askama::Template;
use axum::{
    Router,
    extract::{RawQuery, State},
    response::Response,
    routing::get,
};

/// More telephones than these are counted only.
const NAMES_MAX: usize = 8;
const NUMBER_CHARACTERS_MAX: usize = 128;

pub fn routes() -> Router<Web> {
    Router::new().route("/test-call", get(show_page))
}

#[derive(Template)]
#[template(path = "test_call.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    /// Id and name.
    channels: Vec<(String, String)>,
    chosen: String,
    numbers: Vec<String>,
    number: String,
    from: String,
    /// `None`: nothing was chosen.
    played: Option<Played>,
}

/// A call, played through.
struct Played {
    /// Why it goes so, as sentences; the first one decides.
    reasons: Vec<String>,
    /// What happens whoever takes it.
    first: Vec<Step>,
    /// How it may go on.
    ways: Vec<Way>,
}

struct Way {
    heading: String,
    steps: Vec<Step>,
}

/// One thing that happens, and what the caller hears of it.
#[derive(Default)]
struct Step {
    text: String,
    names: Vec<String>,
    /// The hash of a sound.
    sound: Option<String>,
    /// What is said, and in which language.
    said: Option<(String, String)>,
}

async fn show_page(
    State(web): State<Web>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = query.unwrap_or_default();
    let page = page(&web, &signed, &query).await.map_err(|problem| signed.refuse(problem))?;
    Ok(show(&page))
}

async fn page(web: &Web, signed: &Signed, query: &str) -> Result<Page, Problem> {
    signed.caller.must_not_be_agent()?;
    let field = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let found = pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
        found.map(|value| value.trim().to_owned()).unwrap_or_default()
    };
    let settings = web.desk.settings();
    let viewer = Viewer::new(&signed.caller, &settings);
    let seen = settings.channels.values().filter(|channel| viewer.channel(channel.id) == Sight::All);
    let mut channels: Vec<_> = seen.map(|channel| (channel.id.to_string(), channel.name.clone())).collect();
    channels.sort_by_cached_key(|(_, name)| name.to_lowercase());
    let from: String = field("from").chars().take(NUMBER_CHARACTERS_MAX).collect();
    let mut page = Page {
        layout: signed.layout.clone(),
        channels,
        chosen: field("channel"),
        numbers: Vec::new(),
        number: String::new(),
        from,
        played: None,
    };
    if page.chosen.is_empty() {
        return Ok(page);
    }
    let id: ChannelId = page.chosen.parse().map_err(|_| Problem::not_found())?;
    let channel = settings.channels.get(&id).filter(|_| viewer.channel(id) == Sight::All);
    let channel = channel.ok_or_else(Problem::not_found)?;
    page.numbers = channel.numbers.clone();
    let number = page.numbers.iter().find(|number| **number == field("number"));
    page.number = number.or(page.numbers.first()).cloned().unwrap_or_default();
    let from = Caller::from(page.from.clone());
    let preview = web.desk.preview(id, None, Some(from), None).await??;
    let scene = Scene { web, layout: &page.layout, settings: &settings, channel, number: &page.number };
    page.played = Some(scene.play(&preview));
    Ok(page)
}

/// What a test call is played with.
struct Scene<'a> {
    web: &'a Web,
    layout: &'a Layout,
    settings: &'a Settings,
    channel: &'a Channel,
    number: &'a str,
}

impl Scene<'_> {
    fn play(&self, preview: &Preview) -> Played {
        let name = |user| self.settings.name_of(user);
        let teller = Teller { language: self.layout.language, zone: &self.channel.zone, name: &name };
        let reasons = preview.reasons.iter().map(|reason| teller.reason(reason)).collect();
        let (first, ways) = match preview.action {
            Action::Ring => (self.rings(preview), self.taken_or_not(preview)),
            Action::Wait => (self.waits(), vec![self.way("test-nobody", self.waited_in_vain())]),
            Action::Reject => (self.hears(Instruction::Reject), vec![]),
            Action::Message => (self.hears(Instruction::TurnAway), vec![]),
            Action::AfterHours => self.message(Slot::closed(preview.hours.rule)),
            _ => self.message(Slot::Unanswered),
        };
        Played { reasons, first, ways }
    }

    fn rings(&self, preview: &Preview) -> Vec<Step> {
        let mut names: Vec<String> =
            preview.ring.iter().take(NAMES_MAX).map(|user| self.settings.name_of(*user)).collect();
        if preview.ring.len() > NAMES_MAX {
            names.push(format!("+{}", preview.ring.len() - NAMES_MAX));
        }
        let rings = Step { names, ..self.step("test-rings") };
        if self.channel.rings_devices() {
            return vec![rings, self.step("test-own-tone")];
        }
        let has_words = self.channel.greetings.get(Slot::BeforeRinging, self.number).is_some();
        let instruction = match has_words {
            true => Instruction::Announce { poll: 0, clip: Clip::RingTone },
            false => Instruction::Ring { poll: 0 },
        };
        [rings].into_iter().chain(self.hears(instruction)).collect()
    }

    fn waits(&self) -> Vec<Step> {
        let mut steps = vec![self.step("test-waits")];
        steps.extend(self.hears(Instruction::Wait { poll: 0 }));
        steps
    }

    /// One way for whoever would be rung first, and one for nobody.
    fn taken_or_not(&self, preview: &Preview) -> Vec<Way> {
        let mut ways = Vec::new();
        if let Some(first) = preview.ring.first() {
            let heading = self.layout.t1("test-somebody", "name", self.settings.name_of(*first));
            ways.push(Way { heading, steps: self.taken_by(*first) });
        }
        let seconds = self.web.ground.times.with(self.channel.own_times).ring_seconds;
        let mut steps =
            vec![Step { text: self.layout.t1("test-after", "seconds", seconds), ..Step::default() }];
        steps.extend(self.takes_message(Slot::Unanswered));
        ways.push(self.way("test-nobody", steps));
        ways
    }

    fn taken_by(&self, agent: UserId) -> Vec<Step> {
        let reach = self.settings.people.users.get(&agent).map(|user| &user.reach);
        let mut steps = Vec::new();
        if let Some(Reach::Number(_)) = reach {
            let mut screen = self.hears(Instruction::AskToPress { attempt: 1 });
            screen.insert(0, self.step("test-presses"));
            steps.append(&mut screen);
        }
        steps.push(self.step("test-talk"));
        steps
    }

    fn waited_in_vain(&self) -> Vec<Step> {
        let seconds = self.web.ground.times.with(self.channel.own_times).wait_seconds;
        let text = self.layout.t1("test-after", "seconds", seconds);
        let mut steps = vec![Step { text, ..Step::default() }];
        steps.extend(self.takes_message(Slot::Unanswered));
        steps
    }

    fn message(&self, slot: Slot) -> (Vec<Step>, Vec<Way>) {
        (self.takes_message(slot), vec![])
    }

    fn takes_message(&self, slot: Slot) -> Vec<Step> {
        let mut steps = self.hears(Instruction::TakeMessage { slot });
        steps.extend(self.hears(Instruction::ThankAndHangUp));
        steps.push(self.step("test-ticket"));
        steps
    }

    /// What the caller hears of the document that they would get.
    fn hears(&self, instruction: Instruction) -> Vec<Step> {
        let call = CallId(self.web.new_id());
        let (channel, settings) = (Some(self.channel), self.settings);
        let document =
            documents::document(instruction, call, self.number, channel, settings, &self.web.sounds);
        match document {
            Document::Hold { sorry, clip, .. } => {
                let words = sorry.map(|words| self.spoken("test-says", words));
                words.into_iter().chain([self.clip("test-tone", clip)]).collect()
            }
            Document::Wait { words, clip, .. } => {
                vec![self.spoken("test-says", words), self.clip("test-music", clip)]
            }
            Document::TakeMessage { greeting, .. } => {
                vec![self.spoken("test-says", greeting), self.step("test-beep"), self.step("test-records")]
            }
            Document::Farewell(words) => {
                let words = words.map(|words| self.spoken("test-says", words));
                words.into_iter().chain([self.step("test-ends")]).collect()
            }
            Document::Screen { words, .. } => vec![self.spoken("test-agent-hears", words)],
            Document::Reject => vec![self.step("test-busy")],
            Document::Connect(..)
            | Document::DialDevices { .. }
            | Document::DialOutside { .. }
            | Document::Nothing => vec![],
        }
    }

    fn step(&self, key: &str) -> Step {
        Step { text: self.layout.t(key), ..Step::default() }
    }

    fn clip(&self, key: &str, sha256: String) -> Step {
        Step { sound: Some(sha256), ..self.step(key) }
    }

    fn spoken(&self, key: &str, words: Spoken) -> Step {
        match words {
            Spoken::Play { sha256 } => self.clip(key, sha256),
            Spoken::Say { text, language } => Step { said: Some((text, language)), ..self.step(key) },
        }
    }

    fn way(&self, key: &str, steps: Vec<Step>) -> Way {
        Way { heading: self.layout.t(key), steps }
    }
}
