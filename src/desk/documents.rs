//! What the caller's side is told, out of what was decided and what the channel chose.

use super::settings::Settings;
use crate::{
    audio,
    calls::{
        channel::{Channel, Greeting, Slot},
        decision::Instruction,
    },
    providers::{Document, Hooks, Spoken, addresses::Hook},
    routing::{ids::CallId, people::Reach},
};

/// The sounds that callers hear unless their channel says otherwise.
#[derive(Debug, Clone)]
pub struct Sounds {
    ring: String,
    waiting: String,
    unanswered: String,
    after_hours: String,
    phrases: &'static Phrases,
}

impl Sounds {
    /// `ring_tone` and `language` as in the configuration; one that we don't have falls back to the first.
    pub fn new(ring_tone: &str, language: &str) -> Self {
        let hash = |name: &str, fallback: &str| {
            let sound = audio::shipped(name).or_else(|| audio::shipped(fallback));
            sound.expect("the fallback ships with the daemon").sha256.clone()
        };
        Self {
            ring: hash(&format!("ring-{ring_tone}"), "ring-eu"),
            waiting: hash("waiting", "waiting"),
            unanswered: hash(&format!("unanswered-{language}"), "unanswered-en"),
            after_hours: hash(&format!("after-hours-{language}"), "after-hours-en"),
            phrases: PHRASES.iter().find(|phrases| phrases.code == language).unwrap_or(&PHRASES[0]),
        }
    }

    fn default_greeting(&self, slot: Slot) -> Spoken {
        let sha256 = match slot {
            Slot::Unanswered => &self.unanswered,
            Slot::AfterHours => &self.after_hours,
        };
        Spoken::Play { sha256: sha256.clone() }
    }

    fn say(&self, phrase: &str) -> Spoken {
        Spoken::Say { text: phrase.into(), language: self.phrases.language.into() }
    }
}

/// What is said besides greetings.
#[derive(Debug)]
struct Phrases {
    code: &'static str,
    language: &'static str,
    sorry: &'static str,
    nothing_heard: &'static str,
    thanks: &'static str,
    goodbye: &'static str,
    press_1: &'static str,
}

static PHRASES: [Phrases; 4] = [
    Phrases {
        code: "en",
        language: "en-US",
        sorry: "We are sorry, the connection was lost. Please hold on.",
        nothing_heard: "We did not hear anything. Please speak after the tone.",
        thanks: "Thank you. Your message has been recorded. Goodbye.",
        goodbye: "Goodbye.",
        press_1: "A call for you. Press 1 to take it.",
    },
    Phrases {
        code: "nl",
        language: "nl-NL",
        sorry: "Het spijt ons, de verbinding is weggevallen. Blijft u aan de lijn.",
        nothing_heard: "Wij hebben niets gehoord. Spreek na de toon.",
        thanks: "Dank u wel. Uw bericht is opgenomen. Tot ziens.",
        goodbye: "Tot ziens.",
        press_1: "Een gesprek voor u. Druk op 1 om het aan te nemen.",
    },
    Phrases {
        code: "nb",
        language: "nb-NO",
        sorry: "Beklager, forbindelsen ble brutt. Vennligst vent.",
        nothing_heard: "Vi hørte ingenting. Snakk etter tonen.",
        thanks: "Takk. Beskjeden din er tatt opp. Ha det bra.",
        goodbye: "Ha det bra.",
        press_1: "En samtale til deg. Trykk 1 for å ta den.",
    },
    Phrases {
        code: "de",
        language: "de-DE",
        sorry: "Es tut uns leid, die Verbindung wurde unterbrochen. Bitte bleiben Sie am Apparat.",
        nothing_heard: "Wir haben nichts gehört. Bitte sprechen Sie nach dem Ton.",
        thanks: "Vielen Dank. Ihre Nachricht wurde aufgenommen. Auf Wiederhören.",
        goodbye: "Auf Wiederhören.",
        press_1: "Ein Anruf für Sie. Drücken Sie die 1, um ihn anzunehmen.",
    },
];

/// The document for what was decided on this call.
pub fn document(
    instruction: Instruction,
    call: CallId,
    channel: Option<&Channel>,
    settings: &Settings,
    sounds: &Sounds,
) -> Document {
    let hold = |clip: &String, poll| Document::Hold {
        sorry: None,
        clip: clip.clone(),
        next: Hook::Wait(call, poll),
    };
    match instruction {
        Instruction::Ring { poll } => hold(&sounds.ring, poll),
        Instruction::Wait { poll } => hold(&sounds.waiting, poll),
        Instruction::Apologise { poll } => Document::Hold {
            sorry: Some(sounds.say(sounds.phrases.sorry)),
            clip: sounds.ring.clone(),
            next: Hook::Wait(call, poll),
        },
        Instruction::Connect(connect) => {
            let over = Hook::Over(call, connect.attempt);
            let attempt = connect.attempt;
            let (leg, screen) = match connect.reach {
                Reach::Number(_) => (Hook::PhoneLeg(call, attempt), Some(Hook::Screen(call, attempt))),
                Reach::Client(_) | Reach::Sip(_) => (Hook::Leg(call, attempt), None),
            };
            Document::Connect(connect, Hooks { over, leg, screen })
        }
        Instruction::DialOutside { attempt, number, caller_id } => {
            Document::DialOutside { number, caller_id, over: Hook::Over(call, attempt) }
        }
        Instruction::AskToPress { attempt } => screen(call, attempt, sounds),
        Instruction::Bridge => Document::Nothing,
        Instruction::TakeMessage { slot } => take_message(call, greeting(slot, channel, settings, sounds), 1),
        Instruction::AskAgain => take_message(call, sounds.say(sounds.phrases.nothing_heard), 2),
        Instruction::ThankAndHangUp => Document::Farewell(Some(sounds.say(sounds.phrases.thanks))),
        Instruction::SayGoodbye => Document::Farewell(Some(sounds.say(sounds.phrases.goodbye))),
        Instruction::HangUp => Document::Farewell(None),
    }
}

fn take_message(call: CallId, greeting: Spoken, times: u32) -> Document {
    Document::TakeMessage {
        greeting,
        done: Hook::MessageDone(call),
        status: Hook::MessageStatus(call),
        empty: Hook::MessageEmpty(call, times),
    }
}

fn screen(call: CallId, attempt: u32, sounds: &Sounds) -> Document {
    Document::Screen { words: sounds.say(sounds.phrases.press_1), pressed: Hook::Pressed(call, attempt) }
}

fn greeting(slot: Slot, channel: Option<&Channel>, settings: &Settings, sounds: &Sounds) -> Spoken {
    match channel.and_then(|channel| channel.greetings.get(slot)) {
        Some(Greeting::Text { text, language }) => {
            Spoken::Say { text: text.clone(), language: language.clone() }
        }
        Some(Greeting::Audio { audio }) => match settings.greetings.get(audio) {
            Some(greeting) => Spoken::Play { sha256: greeting.sha256.clone() },
            None => sounds.default_greeting(slot),
        },
        None => sounds.default_greeting(slot),
    }
}

/// The document that needs no store and no decision: hold while the caller may ring, else take a message. Holding
/// ends after as many clips as the channel's ringing and waiting last.
pub fn safe(hook: Hook, channel: &Channel, seconds: u32, sounds: &Sounds, settings: &Settings) -> Document {
    const CLIP_SECONDS: u32 = 5;
    let hold = |n: u32, next: Hook| {
        if n.saturating_mul(CLIP_SECONDS) < seconds {
            return Document::Hold { sorry: None, clip: sounds.ring.clone(), next };
        }
        Document::TakeMessage {
            greeting: greeting(Slot::Unanswered, Some(channel), settings, sounds),
            done: Hook::LooseDone,
            status: Hook::LooseStatus,
            empty: Hook::LooseDone,
        }
    };
    let again = |call: CallId, n: u32| match n % 100_000 {
        polls if polls >= 50_000 => hold(polls % 1_000, Hook::Wait(call, n + 1)),
        polls => hold(polls, Hook::Wait(call, n + 1)),
    };
    match hook {
        Hook::Voice => hold(0, Hook::Held(1)),
        Hook::Held(n) => hold(n, Hook::Held(n + 1)),
        Hook::Wait(call, n) => again(call, n),
        Hook::Connect(call, attempt) | Hook::Over(call, attempt) | Hook::Outside(call, attempt) => {
            again(call, attempt.saturating_mul(100_000))
        }
        Hook::Fallback => hold(u32::MAX, Hook::Fallback),
        Hook::MessageEmpty(call, 1) => take_message(call, sounds.say(sounds.phrases.nothing_heard), 2),
        Hook::MessageDone(_) | Hook::LooseDone => Document::Farewell(Some(sounds.say(sounds.phrases.thanks))),
        Hook::MessageEmpty(..) => Document::Farewell(Some(sounds.say(sounds.phrases.goodbye))),
        // Who is bridged must be known; the caller's side goes on when this leg is over.
        Hook::Screen(..) | Hook::Pressed(..) => Document::Farewell(None),
        Hook::Status | Hook::Leg(..) | Hook::PhoneLeg(..) | Hook::MessageStatus(_) | Hook::LooseStatus => {
            Document::Nothing
        }
    }
}
