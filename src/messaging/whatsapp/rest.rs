//! What we ask of the Cloud API: to send, and for files. Addresses are made of `api_base` and of ids whose form was
//! checked. A file lies where the interface says; the access token goes there only if that is a host of the configuration.

use super::{
    Account, BadSettings, Media, Secret,
    trouble::Trouble,
    webhook::{called_back, is_id},
};
use crate::tickets::{
    incoming::{Attachment, Identity},
    message::{NotSent, Outgoing},
};
use reqwest::{Client, RequestBuilder, Response, Url, header::CONTENT_TYPE, redirect::Policy};
use serde_json::{Value, json};
use std::{error::Error, iter, net::IpAddr, time::Duration};

/// The largest file that is fetched.
pub const MEDIA_BYTES_MAX: usize = 25 << 20;
const CONNECT: Duration = Duration::from_secs(5);
const TOTAL: Duration = Duration::from_secs(20);
/// A file may go over a slow line.
const UPLOAD: Duration = Duration::from_secs(120);
/// Meta waits for the answer to its webhook meanwhile.
const FETCH: Duration = Duration::from_secs(15);
const JSON_BYTES_MAX: usize = 1 << 20;
const TEXT_CHARS_MAX: usize = 4_096;
const CAPTION_CHARS_MAX: usize = 1_024;
/// What is larger, or of another kind, goes as a document.
const IMAGE_BYTES_MAX: u64 = 5 << 20;
const SOUND_BYTES_MAX: u64 = 16 << 20;

#[derive(Debug)]
pub(super) struct Rest {
    client: Client,
    /// With the version, without a slash at its end.
    base: String,
    media_hosts: Vec<String>,
    token: Option<Secret>,
}

/// Why a file is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFetched {
    /// It may be asked for again.
    #[error("{0}")]
    Later(String),
    /// It will never be there.
    #[error("{0}")]
    Never(String),
}

impl Account {
    /// What is in a file that somebody sent to this number of ours.
    pub async fn fetch(&self, phone_number_id: &str, media: &Media) -> Result<Vec<u8>, NotFetched> {
        if !is_id(&media.id) || !is_id(phone_number_id) {
            return Err(NotFetched::Never("this is no id of a file".into()));
        }
        let path = format!("{}?phone_number_id={phone_number_id}", media.id);
        match tokio::time::timeout(FETCH, self.rest.fetch(&path)).await {
            Ok(fetched) => fetched,
            Err(_) => Err(NotFetched::Later(format!("it did not come within {} seconds", FETCH.as_secs()))),
        }
    }

    /// Sends it from one of our numbers. `files`: what is in its attachments, in their order. Answers what WhatsApp calls
    /// the first part of it.
    pub async fn send(
        &self,
        phone_number_id: &str,
        outgoing: &Outgoing,
        files: Vec<Vec<u8>>,
    ) -> Result<String, NotSent> {
        if !is_id(phone_number_id) {
            return Err(NotSent::Never("the channel's number has no id of WhatsApp's form".into()));
        }
        let (field, to) = addressed(&outgoing.to)?;
        let mut uploaded = Vec::new();
        for (attachment, bytes) in outgoing.message.attachments.iter().zip(files) {
            uploaded.push((attachment, self.rest.upload(phone_number_id, attachment, bytes).await?));
        }
        let parts = parts(&outgoing.message.text, &uploaded);
        let count = parts.len();
        let mut first = None;
        for (sent, mut part) in parts.into_iter().enumerate() {
            part["messaging_product"] = "whatsapp".into();
            part["recipient_type"] = "individual".into();
            part[field] = to.clone().into();
            // Statuses bring it back, even those of a message of which we never heard whether it was taken.
            part["biz_opaque_callback_data"] = called_back(outgoing.message.id, count > 1).into();
            match (self.rest.say(phone_number_id, &part).await, &first) {
                (Ok(id), None) => first = Some(id),
                (Ok(_), Some(_)) => {}
                (Err(trouble), None) => return Err(trouble),
                // Sending all of it again would repeat what has arrived.
                (Err(trouble), Some(_)) => {
                    return Err(NotSent::Never(format!("only {sent} of {count} parts were sent: {trouble}")));
                }
            }
        }
        first.ok_or_else(|| NotSent::Never("there is nothing to send".into()))
    }
}

/// The field of the request that names who gets it, and what is in it.
fn addressed(to: &Identity) -> Result<(&'static str, String), NotSent> {
    match to {
        Identity::Number(number) => Ok(("to", number.trim_start_matches('+').to_owned())),
        Identity::Visitor(user_id) => Ok(("recipient", user_id.clone())),
        Identity::Email(_) | Identity::Unknown => {
            Err(NotSent::Never("the customer is not known by a number".into()))
        }
    }
}

/// The messages of which it is made. The text stands below the first file, where that is possible.
fn parts(text: &str, uploaded: &[(&Attachment, String)]) -> Vec<Value> {
    let text = text.trim();
    let has_caption = |(attachment, _): &(&Attachment, String)| kind(attachment) != "audio";
    let is_caption = uploaded.first().is_some_and(has_caption) && text.chars().count() <= CAPTION_CHARS_MAX;
    let alone = if is_caption { Vec::new() } else { pieces(text) };
    let texts = alone
        .into_iter()
        .map(|body| json!({ "type": "text", "text": { "preview_url": false, "body": body } }));
    let files = uploaded.iter().enumerate().map(|(index, (attachment, id))| {
        let kind = kind(attachment);
        let mut own = json!({ "id": id });
        if kind == "document" {
            own["filename"] = attachment.name.clone().into();
        }
        if index == 0 && is_caption && !text.is_empty() {
            own["caption"] = text.into();
        }
        json!({ "type": kind, kind: own })
    });
    texts.chain(files).collect()
}

/// A long text in pieces, cut between words.
fn pieces(text: &str) -> Vec<&str> {
    let (mut rest, mut pieces) = (text, Vec::new());
    while let Some((most, _)) = rest.char_indices().nth(TEXT_CHARS_MAX) {
        let head = &rest[..most];
        let cut = head.rfind('\n').or_else(|| head.rfind(' ')).filter(|cut| *cut > most / 2).unwrap_or(most);
        pieces.push(rest[..cut].trim_end());
        rest = rest[cut..].trim_start();
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

fn kind(attachment: &Attachment) -> &'static str {
    match attachment.content_type.as_str() {
        "image/jpeg" | "image/png" if attachment.bytes <= IMAGE_BYTES_MAX => "image",
        "video/mp4" | "video/3gpp" if attachment.bytes <= SOUND_BYTES_MAX => "video",
        "audio/aac" | "audio/amr" | "audio/mpeg" | "audio/mp4" | "audio/ogg"
            if attachment.bytes <= SOUND_BYTES_MAX =>
        {
            "audio"
        }
        _ => "document",
    }
}

impl Rest {
    pub fn new(
        api_base: &str,
        api_version: &str,
        media_hosts: Vec<String>,
        token: Option<Secret>,
    ) -> Result<Self, BadSettings> {
        let base = checked_base(api_base)?;
        let numbers = api_version.strip_prefix('v').unwrap_or_default();
        if numbers.is_empty()
            || !numbers.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            || numbers.contains("..")
        {
            return Err(BadSettings::new("api_version", "it is like v23.0"));
        }
        let is_host = |host: &String| {
            !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
        };
        if !media_hosts.iter().all(is_host) {
            return Err(BadSettings::new("media_hosts", "they are names of hosts"));
        }
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(TOTAL)
            .redirect(Policy::none())
            .no_proxy()
            // Where files lie, requests without one are answered with a page.
            .user_agent(concat!("Strowger/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| BadSettings::new("api_base", told(&error)))?;
        Ok(Self { client, base: format!("{base}/{api_version}"), media_hosts, token })
    }

    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    async fn fetch(&self, path: &str) -> Result<Vec<u8>, NotFetched> {
        let url = format!("{}/{path}", self.base);
        let described = self.get(&url).await?;
        let described = body(described, JSON_BYTES_MAX).await?;
        let described: Value = serde_json::from_slice(&described).unwrap_or_default();
        if described["file_size"].as_u64().is_some_and(|bytes| bytes > MEDIA_BYTES_MAX as u64) {
            return Err(NotFetched::Never("the file is larger than 25 MiB".into()));
        }
        let place = described["url"].as_str().and_then(|url| self.place(url));
        let place =
            place.ok_or_else(|| NotFetched::Never("the file is said to lie at a strange address".into()))?;
        body(self.get(place.as_str()).await?, MEDIA_BYTES_MAX).await
    }

    /// An address to which the token may go.
    fn place(&self, url: &str) -> Option<Url> {
        let (url, base) = (Url::parse(url).ok()?, Url::parse(&self.base).ok()?);
        let is_named = url.scheme() == "https"
            && url.port().is_none()
            && url
                .host_str()
                .is_some_and(|host| self.media_hosts.iter().any(|known| known.eq_ignore_ascii_case(host)));
        let is_plain = url.username().is_empty() && url.password().is_none();
        ((is_named || url.origin() == base.origin()) && is_plain).then_some(url)
    }

    async fn get(&self, url: &str) -> Result<Response, NotFetched> {
        let Some(request) = self.authorised(self.client.get(url)) else {
            return Err(NotFetched::Later("no access token is configured".into()));
        };
        let answer = request.send().await.map_err(|error| NotFetched::Later(told(&error)))?;
        let status = answer.status().as_u16();
        match status {
            200..300 => Ok(answer),
            // Without its rights, or in trouble: somebody may see to it.
            401 | 403 | 408 | 429 | 500.. => Err(NotFetched::Later(format!("WhatsApp answers {status}"))),
            _ => Err(NotFetched::Never(format!("WhatsApp answers {status}"))),
        }
    }

    /// Answers the id under which WhatsApp has it now.
    async fn upload(
        &self,
        phone_number_id: &str,
        attachment: &Attachment,
        bytes: Vec<u8>,
    ) -> Result<String, NotSent> {
        let (content_type, form) = form(attachment, &bytes);
        let url = format!("{}/{phone_number_id}/media", self.base);
        let request = self.client.post(url).header(CONTENT_TYPE, content_type).body(form).timeout(UPLOAD);
        let answer = self.ask(request).await?;
        answer["id"].as_str().map(str::to_owned).ok_or_else(not_understood)
    }

    async fn say(&self, phone_number_id: &str, message: &Value) -> Result<String, NotSent> {
        let url = format!("{}/{phone_number_id}/messages", self.base);
        let answer = self.ask(self.client.post(url).json(message)).await?;
        answer["messages"][0]["id"].as_str().map(str::to_owned).ok_or_else(not_understood)
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Value, NotSent> {
        let Some(request) = self.authorised(request) else {
            return Err(NotSent::Later("no access token is configured".into()));
        };
        let answer = request.send().await.map_err(|error| NotSent::Later(told(&error)))?;
        let status = answer.status();
        let json = body(answer, JSON_BYTES_MAX).await;
        let json = json.ok().and_then(|json| serde_json::from_slice::<Value>(&json).ok()).unwrap_or_default();
        if status.is_success() {
            Ok(json)
        } else {
            Err(Trouble::read(&json["error"]).not_sent(status.as_u16()))
        }
    }

    fn authorised(&self, request: RequestBuilder) -> Option<RequestBuilder> {
        Some(request.bearer_auth(&self.token.as_ref()?.0))
    }
}

/// It was taken, but who knows as what: sent again it would come twice.
fn not_understood() -> NotSent {
    NotSent::Never("WhatsApp's answer can't be understood; it may have been sent".into())
}

/// A form with the file in it, and its content type.
fn form(attachment: &Attachment, bytes: &[u8]) -> (String, Vec<u8>) {
    let boundary = format!("strowger-{:032x}", rand::random::<u128>());
    let name = attachment.name.replace(['"', '\r', '\n'], "_");
    let field = |name: &str, value: &str| {
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let kind = &attachment.content_type;
    let mut form = (field("messaging_product", "whatsapp") + &field("type", kind)).into_bytes();
    let head = "Content-Disposition: form-data; name=\"file\"; filename=";
    form.extend_from_slice(
        format!("--{boundary}\r\n{head}\"{name}\"\r\nContent-Type: {kind}\r\n\r\n").as_bytes(),
    );
    form.extend_from_slice(bytes);
    form.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), form)
}

/// Our token goes there, so it must be https, or this machine.
fn checked_base(api_base: &str) -> Result<&str, BadSettings> {
    let bad = |problem: &str| BadSettings::new("api_base", problem);
    let url = Url::parse(api_base).map_err(|_| bad("is not an address"))?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
        return Err(bad("must begin with https:// (or http:// on this machine)"));
    }
    if api_base.contains(['@', '?', '#']) {
        return Err(bad("must be an address without user, query and fragment"));
    }
    Ok(api_base.trim_end_matches('/'))
}

async fn body(mut answer: Response, bytes_max: usize) -> Result<Vec<u8>, NotFetched> {
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= bytes_max => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                return Err(NotFetched::Never(format!("it is larger than {} MiB", bytes_max >> 20)));
            }
            Ok(None) => return Ok(body),
            Err(error) => return Err(NotFetched::Later(format!("it broke off: {}", told(&error)))),
        }
    }
}

/// The innermost cause says most. The address is left out.
fn told(error: &reqwest::Error) -> String {
    let causes = iter::successors(error.source(), |&cause| cause.source());
    causes
        .last()
        .map_or_else(|| "it can't be reached".to_owned(), |cause| format!("it can't be reached: {cause}"))
}

#[cfg(test)]
mod tests;
