//! What the caller's side is told, out of what was decided and what the channel chose.

use super::settings::Settings;
use crate::{
    audio,
    calls::{
        channel::{Channel, Greeting, Slot},
        decision::{Clip, Device, Instruction},
    },
    providers::{Document, Hooks, RungDevice, Spoken, addresses::Hook},
    routing::{ids::CallId, people::Reach},
};

/// The sounds that callers hear unless their channel, or the number that they called, says otherwise.
#[derive(Debug, Clone)]
pub struct Sounds {
    ring: &'static str,
    waiting: &'static str,
    phrases: &'static Phrases,
}

impl Sounds {
    /// `ring_tone` and `language` as in the configuration; one that we don't have falls back to the first.
    pub fn new(ring_tone: &str, language: &str) -> Self {
        let ring = ring(ring_tone).or_else(|| ring("eu")).expect("the fallback ships with the daemon");
        let waiting = &audio::shipped("waiting").expect("it ships with the daemon").sha256;
        Self { ring, waiting, phrases: phrases(language).unwrap_or(&PHRASES[0]) }
    }

    /// For callers of this number: language and ring tone follow it.
    fn for_number(&self, channel: Option<&Channel>, number: &str) -> Self {
        let own = channel.and_then(|channel| channel.greetings.by_number.get(number));
        let own_ring = own.and_then(|own| ring(own.ring_tone.as_deref()?));
        let own_phrases = own.and_then(|own| phrases(own.language.as_deref()?));
        Self {
            ring: own_ring.unwrap_or(self.ring),
            waiting: self.waiting,
            phrases: own_phrases.unwrap_or(self.phrases),
        }
    }

    /// What callers hear where nothing is chosen; `None`: nothing.
    fn default_greeting(&self, slot: Slot) -> Option<Spoken> {
        let message = match slot {
            Slot::Unanswered => "unanswered",
            Slot::AfterHours | Slot::ClosedToday => "after-hours",
            Slot::BeforeRinging | Slot::WhileWaiting => return None,
        };
        let sound = audio::shipped(&format!("{message}-{}", self.phrases.code));
        Some(Spoken::Play { sha256: sound.expect("it ships in every language").sha256.clone() })
    }

    fn say(&self, phrase: &str) -> Spoken {
        Spoken::Say { text: phrase.into(), language: self.phrases.language.into() }
    }
}

/// The hash of a ring tone.
fn ring(name: &str) -> Option<&'static str> {
    audio::shipped(&format!("ring-{name}")).map(|sound| sound.sha256.as_str())
}

fn phrases(language: &str) -> Option<&'static Phrases> {
    PHRASES.iter().find(|phrases| phrases.code == language)
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
    turned_away: &'static str,
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
        turned_away: "Your call can not be taken. Goodbye.",
        press_1: "A call for you. Press 1 to take it.",
    },
    Phrases {
        code: "nl",
        language: "nl-NL",
        sorry: "Het spijt ons, de verbinding is weggevallen. Blijft u aan de lijn.",
        nothing_heard: "Wij hebben niets gehoord. Spreek na de toon.",
        thanks: "Dank u wel. Uw bericht is opgenomen. Tot ziens.",
        goodbye: "Tot ziens.",
        turned_away: "Uw oproep kan niet worden aangenomen. Tot ziens.",
        press_1: "Een gesprek voor u. Druk op 1 om het aan te nemen.",
    },
    Phrases {
        code: "nb",
        language: "nb-NO",
        sorry: "Beklager, forbindelsen ble brutt. Vennligst vent.",
        nothing_heard: "Vi hørte ingenting. Snakk etter tonen.",
        thanks: "Takk. Beskjeden din er tatt opp. Ha det bra.",
        goodbye: "Ha det bra.",
        turned_away: "Anropet ditt kan ikke besvares. Ha det bra.",
        press_1: "En samtale til deg. Trykk 1 for å ta den.",
    },
    Phrases {
        code: "de",
        language: "de-DE",
        sorry: "Es tut uns leid, die Verbindung wurde unterbrochen. Bitte bleiben Sie am Apparat.",
        nothing_heard: "Wir haben nichts gehört. Bitte sprechen Sie nach dem Ton.",
        thanks: "Vielen Dank. Ihre Nachricht wurde aufgenommen. Auf Wiederhören.",
        goodbye: "Auf Wiederhören.",
        turned_away: "Ihr Anruf kann nicht angenommen werden. Auf Wiederhören.",
        press_1: "Ein Anruf für Sie. Drücken Sie die 1, um ihn anzunehmen.",
    },
];

/// The document for what was decided on this call to this number.
pub fn document(
    instruction: Instruction,
    call: CallId,
    number: &str,
    channel: Option<&Channel>,
    settings: &Settings,
    sounds: &Sounds,
) -> Document {
    // Agents are spoken to in one language, whatever the number.
    let (to_agents, sounds) = (sounds, &sounds.for_number(channel, number));
    let words = |slot| chosen(slot, number, channel, settings).or_else(|| sounds.default_greeting(slot));
    let hold =
        |sorry, clip: &str, poll| Document::Hold { sorry, clip: clip.into(), next: Hook::Wait(call, poll) };
    match instruction {
        Instruction::Ring { poll } => hold(None, sounds.ring, poll),
        Instruction::Announce { poll, clip } => {
            let clip = if clip == Clip::Music { sounds.waiting } else { sounds.ring };
            hold(words(Slot::BeforeRinging), clip, poll)
        }
        Instruction::Wait { poll } => match words(Slot::WhileWaiting) {
            None => hold(None, sounds.waiting, poll),
            Some(words) => {
                let (key, next) = (Hook::Key(call, poll), Hook::Wait(call, poll));
                Document::Wait { words, clip: sounds.waiting.into(), key, next }
            }
        },
        Instruction::Apologise { poll } => hold(Some(sounds.say(sounds.phrases.sorry)), sounds.ring, poll),
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
        Instruction::DialDevices(dial) => {
            let rung = |device: Device| RungDevice {
                leg: Hook::Device(call, device.offer),
                pick_up: Hook::PickUp(call, device.offer),
                device,
            };
            let (seconds, over) = (dial.seconds, Hook::Over(call, dial.attempt));
            Document::DialDevices { devices: dial.devices.into_iter().map(rung).collect(), seconds, over }
        }
        Instruction::AskToPress { attempt } => screen(Hook::Pressed(call, attempt), to_agents),
        Instruction::AskDeviceToPress { offer } => screen(Hook::DevicePressed(call, offer), to_agents),
        Instruction::Bridge => Document::Nothing,
        Instruction::TakeMessage { slot } => take_message(call, asking(words(slot), sounds), 1),
        Instruction::AskAgain => take_message(call, sounds.say(sounds.phrases.nothing_heard), 2),
        Instruction::ThankAndHangUp => Document::Farewell(Some(sounds.say(sounds.phrases.thanks))),
        Instruction::SayGoodbye => Document::Farewell(Some(sounds.say(sounds.phrases.goodbye))),
        Instruction::TurnAway => Document::Farewell(Some(sounds.say(sounds.phrases.turned_away))),
        Instruction::HangUp => Document::Farewell(None),
        Instruction::Reject => Document::Reject,
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

fn screen(pressed: Hook, sounds: &Sounds) -> Document {
    Document::Screen { words: sounds.say(sounds.phrases.press_1), pressed }
}

/// Nobody is recorded without being asked.
fn asking(words: Option<Spoken>, sounds: &Sounds) -> Spoken {
    words.unwrap_or_else(|| sounds.say(sounds.phrases.nothing_heard))
}

/// What was chosen for callers of this number, as long as it is there.
fn chosen(slot: Slot, number: &str, channel: Option<&Channel>, settings: &Settings) -> Option<Spoken> {
    match channel?.greetings.get(slot, number)? {
        Greeting::Text { text, language } => {
            Some(Spoken::Say { text: text.clone(), language: language.clone() })
        }
        Greeting::Audio { audio } => {
            let sha256 = settings.greetings.get(audio)?.sha256.clone();
            Some(Spoken::Play { sha256 })
        }
    }
}

/// The document that needs no store and no decision: hold while the caller may ring, else take a message. Holding
/// ends after as many clips as the channel's ringing and waiting last. `number`: the one that was called, if it is known.
pub fn safe(
    hook: Hook,
    number: &str,
    channel: &Channel,
    seconds: u32,
    sounds: &Sounds,
    settings: &Settings,
) -> Document {
    const CLIP_SECONDS: u32 = 5;
    let sounds = &sounds.for_number(Some(channel), number);
    let words =
        |slot| chosen(slot, number, Some(channel), settings).or_else(|| sounds.default_greeting(slot));
    let hold = |n: u32, next: Hook| {
        if n.saturating_mul(CLIP_SECONDS) < seconds {
            let announcement = if n == 0 && hook == Hook::Voice { words(Slot::BeforeRinging) } else { None };
            return Document::Hold { sorry: announcement, clip: sounds.ring.into(), next };
        }
        Document::TakeMessage {
            greeting: asking(words(Slot::Unanswered), sounds),
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
        // Who pressed a key was offered to leave a message.
        Hook::Key(call, _) => take_message(call, asking(words(Slot::Unanswered), sounds), 1),
        Hook::MessageEmpty(call, 1) => take_message(call, sounds.say(sounds.phrases.nothing_heard), 2),
        // Was there no sound in it, the caller is thanked for nothing; asking again would be worse after a message.
        Hook::MessageDone(_) | Hook::MessageOver(..) | Hook::LooseDone => {
            Document::Farewell(Some(sounds.say(sounds.phrases.thanks)))
        }
        Hook::MessageEmpty(..) => Document::Farewell(Some(sounds.say(sounds.phrases.goodbye))),
        // Who is bridged must be known; the caller's side goes on when this leg is over.
        Hook::Screen(..) | Hook::Pressed(..) | Hook::PickUp(..) | Hook::DevicePressed(..) => {
            Document::Farewell(None)
        }
        Hook::Status
        | Hook::Leg(..)
        | Hook::PhoneLeg(..)
        | Hook::Device(..)
        | Hook::MessageStatus(_)
        | Hook::LooseStatus => Document::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        calls::channel::{Greetings, NumberGreetings, OwnTimes},
        routing::{
            assignment::Rule,
            hours::Hours,
            ids::{ChannelId, Ids, OfferId},
            zone::Zone,
        },
    };
    use std::collections::BTreeMap;

    fn words(text: &str) -> Spoken {
        Spoken::Say { text: text.into(), language: "en-US".into() }
    }

    fn channel() -> Channel {
        let text = |text: &str| Some(Greeting::Text { text: text.into(), language: "en-US".into() });
        let german = NumberGreetings {
            language: Some("de".into()),
            ring_tone: Some("gb".into()),
            before_ringing: text("Willkommen"),
            ..NumberGreetings::default()
        };
        Channel {
            id: ChannelId(Ids::new(1).next(1)),
            name: "Channel".into(),
            telephones: crate::calls::channel::Telephones::ALL,
            provider: "main".into(),
            numbers: vec!["+43".into(), "+44".into()],
            zone: Zone::utc(),
            hours: Hours::always(),
            rule: Rule::default(),
            own_times: OwnTimes::default(),
            ringing: Default::default(),
            inbox: None,
            withheld: crate::calls::channel::Withheld::Ring,
            greetings: Greetings {
                unanswered: text("Speak"),
                before_ringing: text("Welcome"),
                by_number: BTreeMap::from([("+43".into(), german)]),
                ..Greetings::default()
            },
            notify: Default::default(),
        }
    }

    #[test]
    fn without_a_store_a_caller_is_welcomed_once_and_held_until_ringing_and_waiting_are_over() {
        let (channel, settings) = (channel(), Settings::default());
        let sounds = Sounds::new("eu", "en");
        let safe = |hook, number| safe(hook, number, &channel, 60, &sounds, &settings);
        let ring = |name: &str| audio::shipped(name).expect("it ships").sha256.clone();
        for (number, welcome, tone) in
            [("+43", "Willkommen", "ring-gb"), ("+44", "Welcome", "ring-eu"), ("", "Welcome", "ring-eu")]
        {
            let (sorry, clip, next) = (Some(words(welcome)), ring(tone), Hook::Held(1));
            assert_eq!(safe(Hook::Voice, number), Document::Hold { sorry, clip: clip.clone(), next });
            for n in 1..12 {
                let next = Hook::Held(n + 1);
                let hold = Document::Hold { sorry: None, clip: clip.clone(), next };
                assert_eq!(safe(Hook::Held(n), number), hold, "12 clips of 5 s are 60 s");
            }
            let asked = safe(Hook::Held(12), number);
            assert!(
                matches!(asked, Document::TakeMessage { greeting, .. } if greeting == words("Speak")),
                "{number}"
            );
        }
        let call = CallId(Ids::new(2).next(1));
        let key = safe(Hook::Key(call, 7), "+44");
        assert_eq!(key, take_message(call, words("Speak"), 1), "who pressed a key leaves a message");
        let Document::Farewell(Some(Spoken::Say { language, .. })) = safe(Hook::LooseDone, "+43") else {
            panic!("thanks are due");
        };
        assert_eq!(language, "de-DE", "in the number's language");
    }

    #[test]
    fn without_a_store_nobody_is_bridged_whom_a_device_picked_up_and_who_is_not_held_leaves_a_message() {
        let (channel, settings) = (channel(), Settings::default());
        let sounds = Sounds::new("eu", "en");
        let mut ids = Ids::new(2);
        let (call, offer) = (CallId(ids.next(1)), OfferId(ids.next(1)));
        let safe = |hook| safe(hook, "+44", &channel, 0, &sounds, &settings);
        for hook in [Hook::PickUp(call, offer), Hook::DevicePressed(call, offer)] {
            assert_eq!(safe(hook), Document::Farewell(None));
        }
        assert_eq!(safe(Hook::Device(call, offer)), Document::Nothing);
        for hook in [Hook::Voice, Hook::Over(call, 1)] {
            assert!(matches!(safe(hook), Document::TakeMessage { .. }), "{hook}");
        }
    }

    #[test]
    fn every_shipped_message_can_be_had_in_every_language() {
        for language in ["en", "nl", "nb", "de", "something else"] {
            for ring_tone in ["eu", "gb", "us", "something else"] {
                let sounds = Sounds::new(ring_tone, language);
                for slot in [Slot::Unanswered, Slot::AfterHours, Slot::ClosedToday] {
                    assert!(sounds.default_greeting(slot).is_some());
                }
                for slot in [Slot::BeforeRinging, Slot::WhileWaiting] {
                    assert_eq!(sounds.default_greeting(slot), None);
                }
            }
        }
    }
}
