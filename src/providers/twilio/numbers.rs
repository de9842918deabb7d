//! How a number is set at Twilio, and setting it.

use super::{Dialect, Twilio, is_sid};
use crate::providers::{
    Trouble,
    numbers::{NumberSettings, NumberWebhooks, Target},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Numbers {
    incoming_phone_numbers: Vec<Number>,
}

#[derive(Deserialize)]
struct Number {
    sid: String,
    phone_number: String,
    voice_url: Option<String>,
    voice_method: Option<String>,
    voice_fallback_url: Option<String>,
    voice_fallback_method: Option<String>,
    status_callback: Option<String>,
    status_callback_method: Option<String>,
    voice_application_sid: Option<String>,
    trunk_sid: Option<String>,
}

impl Twilio {
    /// Others keep this in another form, so it has to be looked at in their consoles.
    fn only_at_twilio(&self) -> Result<(), Trouble> {
        let company = self.dialect.company();
        let refused = || Trouble::Refused(format!("how numbers of {company} are set can't be read here"));
        (self.dialect == Dialect::Twilio).then_some(()).ok_or_else(refused)
    }

    /// The number as it is set. `None`: the account has no such number.
    pub async fn number(&self, number: &str) -> Result<Option<NumberSettings>, Trouble> {
        self.only_at_twilio()?;
        let query =
            form_urlencoded::Serializer::new(String::new()).append_pair("PhoneNumber", number).finish();
        let found: Numbers = self.rest.get(&format!("/IncomingPhoneNumbers.json?{query}")).await?;
        // The filter finds what only contains it, too.
        let exact = found.incoming_phone_numbers.into_iter().find(|found| found.phone_number == number);
        Ok(exact.map(Number::settings))
    }

    pub async fn set_number(&self, id: &str, webhooks: &NumberWebhooks) -> Result<(), Trouble> {
        if !is_sid("PN", id) {
            return Err(Trouble::Refused("this is no number's id of Twilio's".into()));
        }
        let NumberWebhooks { voice, fallback, status } = webhooks;
        let form = [
            ("VoiceUrl", voice.url.as_str()),
            ("VoiceMethod", &voice.method),
            ("VoiceFallbackUrl", &fallback.url),
            ("VoiceFallbackMethod", &fallback.method),
            ("StatusCallback", &status.url),
            ("StatusCallbackMethod", &status.method),
            // An application would go before all of these.
            ("VoiceApplicationSid", ""),
        ];
        self.rest.post(&format!("/IncomingPhoneNumbers/{id}.json"), &form).await
    }
}

impl Number {
    fn settings(self) -> NumberSettings {
        let target = |url: Option<String>, method: Option<String>| Target {
            url: url.unwrap_or_default(),
            method: method.unwrap_or_else(|| "POST".into()),
        };
        let named = |kind: &str, sid: Option<String>| {
            let sid = sid.filter(|sid| !sid.is_empty())?;
            Some(format!("{kind} {}", sid.escape_debug().take(64).collect::<String>()))
        };
        let trunk = named("the trunk", self.trunk_sid);
        NumberSettings {
            id: self.sid,
            webhooks: NumberWebhooks {
                voice: target(self.voice_url, self.voice_method),
                fallback: target(self.voice_fallback_url, self.voice_fallback_method),
                status: target(self.status_callback, self.status_callback_method),
            },
            taken_by: trunk.or_else(|| named("the application", self.voice_application_sid)),
        }
    }
}
