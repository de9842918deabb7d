//! What comes from outside: callers, and webhooks as the telephone company would send them.

use super::{Channel, Desk, PATIENCE};
use std::sync::atomic::Ordering;
use strowger::providers::simulator::{Behaviour, Caller, Incoming};

impl Desk {
    /// A call as it would come, to be changed before it is placed.
    pub fn incoming(&self, channel: &Channel) -> Incoming {
        Incoming {
            from: format!("+43660{:07}", self.callers.fetch_add(1, Ordering::Relaxed)),
            to: channel.number.clone(),
            voice_url: channel.hook("voice"),
            status_url: Some(channel.hook("status")),
            fallback_url: Some(channel.hook("fallback")),
            behaviour: Behaviour::default(),
        }
    }

    /// Somebody calls, with all the patience in the world, and will say nothing when asked for a message.
    pub fn call(&self, channel: &Channel) -> Caller {
        self.company.place(self.incoming(channel))
    }

    pub fn call_with(&self, channel: &Channel, behaviour: Behaviour) -> Caller {
        self.company.place(Incoming { behaviour, ..self.incoming(channel) })
    }

    /// A form posted as the telephone company would, signed. Answers status and body.
    pub async fn post_hook(&self, url: &str, params: &[(&str, &str)]) -> (u16, String) {
        let signature = self.company.sign(url, params);
        self.post_hook_signed(url, params, Some(&signature)).await
    }

    pub async fn post_hook_signed(
        &self,
        url: &str,
        params: &[(&str, &str)],
        signature: Option<&str>,
    ) -> (u16, String) {
        let real = format!("{}{}", self.api.address, url.strip_prefix(&*self.public_url).unwrap_or(url));
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
        let mut request = self.api.client.post(real).timeout(PATIENCE).body(form);
        request = request.header("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8");
        if let Some(signature) = signature {
            request = request.header("X-Twilio-Signature", signature);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}
