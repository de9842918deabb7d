//! The verbs that the caller only hears, and `Reject`.

use super::{
    Message,
    caller::{Call, Turn},
    story::{Ending, Event, Status},
    twiml::Element,
};
/// `loop="0"`.
const LOOPS_MAX: u32 = 1000;
const LETTERS_PER_SECOND: f64 = 15.0;

impl Call {
    pub async fn play(&mut self, verb: &Element) -> Result<(), Turn> {
        self.answer();
        let url = self.resolve(&verb.text);
        let company = self.company.clone();
        let seconds = self.unless_interrupted(company.media_seconds(&url)).await?;
        if seconds.is_none() {
            self.line.complain(format!("{url} cannot be played"));
        }
        self.line.tell(Event::Played { url, seconds });
        // a document that only fails to play must not spin
        self.speak(seconds.unwrap_or(1.0), verb).await
    }

    pub async fn say(&mut self, verb: &Element) -> Result<(), Turn> {
        self.answer();
        let language = verb.attribute("language").unwrap_or("en-US").to_owned();
        let seconds = verb.text.chars().count() as f64 / LETTERS_PER_SECOND;
        self.line.tell(Event::Said { text: verb.text.clone(), language });
        self.speak(seconds, verb).await
    }

    async fn speak(&mut self, seconds: f64, verb: &Element) -> Result<(), Turn> {
        if self.records && self.line.message() == Message::HangsUpInGreeting {
            self.lasts(seconds / 2.0).await?;
            return Err(Turn::Over(Ending::CallerHungUp));
        }
        let loops = match verb.number("loop", 1.0) as u32 {
            0 => LOOPS_MAX,
            loops => loops.min(LOOPS_MAX),
        };
        self.lasts(seconds * f64::from(loops)).await
    }

    /// A pause does not answer.
    pub async fn pause(&mut self, verb: &Element) -> Result<(), Turn> {
        let seconds = verb.number("length", 1.0);
        self.line.tell(Event::Paused { seconds });
        self.lasts(seconds).await
    }

    /// Refuses the call, if it was not answered yet.
    pub fn reject(&mut self, verb: &Element) -> Turn {
        let status = match verb.attribute("reason") {
            Some("busy") => Status::Busy,
            _ => Status::NoAnswer,
        };
        if self.status() == Status::Ringing {
            self.line.story.send_modify(|story| story.status = status);
        } else {
            self.line.complain("Reject after the call was answered");
        }
        Turn::Over(Ending::Rejected)
    }
}
