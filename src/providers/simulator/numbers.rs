//! The numbers of the account, and what is set for them.

use super::{
    company::{API_VERSION, Company, DATE},
    dialect::sid,
};
use serde_json::{Value, json};

/// A number of the account's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Number {
    pub sid: String,
    pub number: String,
    pub voice_url: String,
    pub voice_method: String,
    pub voice_fallback_url: String,
    pub voice_fallback_method: String,
    pub status_callback: String,
    pub status_callback_method: String,
    pub voice_application_sid: String,
    pub trunk_sid: String,
}

impl Number {
    /// A number as it is when it was just bought.
    pub fn new(number: &str) -> Self {
        Self {
            sid: sid("PN"),
            number: number.to_owned(),
            voice_method: "POST".into(),
            voice_fallback_method: "POST".into(),
            status_callback_method: "POST".into(),
            ..Self::default()
        }
    }

    /// Sets one of its fields. False: there is no such field.
    pub(super) fn set(&mut self, name: &str, value: &str) -> bool {
        let field = match name {
            "VoiceUrl" => &mut self.voice_url,
            "VoiceMethod" => &mut self.voice_method,
            "VoiceFallbackUrl" => &mut self.voice_fallback_url,
            "VoiceFallbackMethod" => &mut self.voice_fallback_method,
            "StatusCallback" => &mut self.status_callback,
            "StatusCallbackMethod" => &mut self.status_callback_method,
            "VoiceApplicationSid" => &mut self.voice_application_sid,
            "TrunkSid" => &mut self.trunk_sid,
            _ => return false,
        };
        value.clone_into(field);
        true
    }

    pub(super) fn json(&self, company: &Company) -> Value {
        let or_null = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
        json!({
            "sid": self.sid,
            "account_sid": company.account.sid,
            "friendly_name": self.number,
            "phone_number": self.number,
            "voice_url": self.voice_url,
            "voice_method": self.voice_method,
            "voice_fallback_url": self.voice_fallback_url,
            "voice_fallback_method": self.voice_fallback_method,
            "voice_caller_id_lookup": false,
            "status_callback": self.status_callback,
            "status_callback_method": self.status_callback_method,
            "voice_application_sid": or_null(&self.voice_application_sid),
            "trunk_sid": or_null(&self.trunk_sid),
            "sms_url": "",
            "capabilities": {"voice": true, "sms": false, "mms": false, "fax": false},
            "api_version": API_VERSION,
            "date_created": DATE,
            "date_updated": DATE,
            "uri": format!("{}/IncomingPhoneNumbers/{}.json", company.root(), self.sid),
        })
    }
}
