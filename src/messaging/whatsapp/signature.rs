//! `X-Hub-Signature-256`: HMAC-SHA256 of the raw body with the app's secret. And the question with which Meta makes sure
//! that an address is ours.

use super::{Account, Secret};
use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

const CHALLENGE_BYTES_MAX: usize = 200;

impl Account {
    /// Whether Meta sent these very bytes. `header`: what `X-Hub-Signature-256` says.
    pub fn verify(&self, header: Option<&str>, body: &[u8]) -> bool {
        let Some(hex) = header.and_then(|header| header.strip_prefix("sha256=")) else { return false };
        let Ok(signature) = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()) else { return false };
        // All are tried, so that the time tells nothing of which it was.
        self.app_secrets.iter().fold(false, |found, secret| found | signed(secret, body, &signature))
    }

    /// What an address is set up with: the answer is the challenge, if the token is ours.
    pub fn challenge<'a>(&self, query: &'a [(String, String)]) -> Option<&'a str> {
        let said = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let token = self.verify_token.as_ref()?;
        let is_ours: bool = said("hub.verify_token")?.as_bytes().ct_eq(token.0.as_bytes()).into();
        let challenge = said("hub.challenge")?;
        let is_plain =
            challenge.len() <= CHALLENGE_BYTES_MAX && challenge.bytes().all(|b| b.is_ascii_alphanumeric());
        (is_ours && said("hub.mode")? == "subscribe" && is_plain).then_some(challenge)
    }
}

fn signed(secret: &Secret, body: &[u8], signature: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.0.as_bytes()) else { return false };
    mac.update(body);
    mac.verify_slice(signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::{Account, Secret, Settings, tests::settings};

    fn account(secrets: &[&str]) -> Account {
        let app_secrets = secrets.iter().map(|secret| Secret(secret.to_string())).collect();
        Account::new(Settings { app_secret: None, app_secrets, ..settings() }).unwrap()
    }

    /// The example of the documentation of GitHub's webhooks, which are signed in the same way.
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    #[test]
    fn what_is_signed_with_one_of_our_secrets_is_believed() {
        assert!(account(&[SECRET]).verify(Some(SIGNATURE), BODY));
        assert!(account(&["other", SECRET]).verify(Some(SIGNATURE), BODY));
        assert!(account(&[SECRET]).verify(Some(&SIGNATURE.to_uppercase().replace("SHA256", "sha256")), BODY));
    }

    #[test]
    fn everything_else_is_refused() {
        let own = account(&[SECRET]);
        assert!(!own.verify(None, BODY));
        assert!(!own.verify(Some(SIGNATURE), b"Hello, World?"));
        assert!(!account(&["other"]).verify(Some(SIGNATURE), BODY));
        assert!(!account(&[]).verify(Some(SIGNATURE), BODY), "without a secret nothing is believed");
        let bare = SIGNATURE.trim_start_matches("sha256=");
        for wrong in ["", "sha256=", bare, &SIGNATURE[..SIGNATURE.len() - 2], "sha256=zz", "sha1=757107ea"] {
            assert!(!own.verify(Some(wrong), BODY), "{wrong}");
        }
    }

    #[test]
    fn an_address_is_set_up_by_who_knows_the_token() {
        let own = account(&[SECRET]);
        let query = |mode: &str, token: &str, challenge: &str| {
            let pairs = [("hub.mode", mode), ("hub.verify_token", token), ("hub.challenge", challenge)];
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
        };
        assert_eq!(own.challenge(&query("subscribe", "verify", "1158201444")), Some("1158201444"));
        assert_eq!(own.challenge(&query("unsubscribe", "verify", "1")), None);
        assert_eq!(own.challenge(&query("subscribe", "verif", "1")), None);
        assert_eq!(own.challenge(&query("subscribe", "", "1")), None);
        assert_eq!(own.challenge(&query("subscribe", "verify", "<script>")), None);
        assert_eq!(own.challenge(&[]), None);
        let without = Account::new(Settings { verify_token: None, ..settings() }).unwrap();
        assert_eq!(without.challenge(&query("subscribe", "", "1")), None);
    }
}
