//! `Gather`: one key that is pressed while something is heard, or shortly after.

use super::{
    caller::{Call, Next, Turn},
    story::Purpose,
    twiml::Element,
    webhook::{Params, params},
};

impl Call {
    /// Without a key the document goes on.
    pub async fn gather(&mut self, verb: &Element) -> Result<(), Turn> {
        if verb.attribute("numDigits") != Some("1") || verb.attribute("input").unwrap_or("dtmf") != "dtmf" {
            self.line.complain("Gather of anything but one key");
        }
        self.answer();
        self.listens = Some(self.action(Purpose::GatherAction, verb, Params::new()));
        let heard = self.hear(verb).await;
        self.listens = None;
        heard
    }

    async fn hear(&mut self, verb: &Element) -> Result<(), Turn> {
        for inner in &verb.children {
            match inner.name.as_str() {
                "Play" => self.play(inner).await?,
                "Say" => self.say(inner).await?,
                "Pause" => self.pause(inner).await?,
                other => self.line.complain(format!("{other} in Gather")),
            }
        }
        self.lasts(verb.number("timeout", 5.0)).await
    }

    pub fn pressed(&mut self, key: char) -> Option<Turn> {
        let mut action = self.listens.take()?;
        action.params.extend(params([
            ("Digits", key.to_string().as_str()),
            ("FinishedOnKey", ""),
            ("msg", "Gather End"),
        ]));
        Some(Turn::Next(Next::Ask(action)))
    }
}
