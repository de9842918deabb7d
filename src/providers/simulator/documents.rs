//! How a call comes by its documents, and what happens when it does not.

use super::{
    Incoming,
    caller::{Call, Next, Turn},
    company::API_VERSION,
    story::{Answer, Ending, Event, Purpose},
    twiml::{self, Element},
    webhook::{self, Failure, Params, Request, params},
};
use axum::http::Method;
use tokio::sync::oneshot;

const DOCUMENTS_MAX: u32 = 3000;

impl Call {
    /// To the `action` of a verb; without one, back to the same document.
    pub fn action(&self, purpose: Purpose, verb: &Element, params: Params) -> Request {
        let url = self.resolve(verb.attribute("action").unwrap_or_default());
        Request { purpose, url, method: verb.method("method"), params }
    }

    pub fn redirect(&self, verb: &Element) -> Turn {
        let url = self.resolve(&verb.text);
        let (purpose, method) = (Purpose::Redirect, verb.method("method"));
        Turn::Next(Next::Ask(Request { purpose, url, method, params: Params::new() }))
    }

    pub fn resolve(&self, url: &str) -> String {
        let base = reqwest::Url::parse(&self.document_url);
        base.and_then(|base| base.join(url)).map_or_else(|_| url.to_owned(), String::from)
    }

    /// Gets a document, or tells what to do without.
    pub async fn fetch(&mut self, mut request: Request) -> Result<Element, Turn> {
        self.documents += 1;
        if self.documents > DOCUMENTS_MAX {
            self.line.complain(format!("the call asked for more than {DOCUMENTS_MAX} documents"));
            return Err(Turn::Over(Ending::TooLong));
        }
        if request.purpose == Purpose::CutIn {
            self.line.tell(Event::CutIn);
        }
        request.params = [self.params(), request.params].concat();
        self.document_url.clone_from(&request.url);
        let failure = match self.ask(request.clone()).await? {
            Ok(answer) => match self.read_answer(&answer) {
                Ok(document) => return Ok(document),
                Err(failure) => failure,
            },
            Err(failure) => failure,
        };
        Err(self.fall_back(&request, failure))
    }

    fn read_answer(&self, answer: &Answer) -> Result<Element, Failure> {
        if !answer.content_type.contains("xml") {
            let message = format!("a document of the type {:?}", answer.content_type);
            return Err(Failure { code: 12300, message });
        }
        let document = twiml::parse(&answer.body).map_err(|message| Failure { code: 12100, message })?;
        self.note_oddities(&document);
        Ok(document)
    }

    /// A document given by REST.
    pub fn read(&self, xml: &str) -> Option<Element> {
        self.line.tell(Event::CutIn);
        let document = twiml::parse(xml);
        match &document {
            Ok(document) => self.note_oddities(document),
            Err(problem) => self.line.complain(problem),
        }
        document.ok()
    }

    fn note_oddities(&self, document: &Element) {
        twiml::oddities(document, self.company.dialect).into_iter().for_each(|odd| self.line.complain(odd));
    }

    /// The fallback address is asked once in a row; without one the caller hears that there was an error.
    fn fall_back(&self, request: &Request, failure: Failure) -> Turn {
        let Failure { code, message } = failure;
        self.line.tell(Event::Error { code, url: request.url.clone(), message });
        match &self.incoming.fallback_url {
            Some(fallback) if request.purpose != Purpose::Fallback => {
                let extra = params([("ErrorCode", &code.to_string()), ("ErrorUrl", &request.url)]);
                let (purpose, url) = (Purpose::Fallback, fallback.clone());
                Turn::Next(Next::Ask(Request { purpose, url, method: Method::POST, params: extra }))
            }
            _ => Turn::Over(Ending::ApplicationError),
        }
    }

    /// Asks, unless interrupted; the request reaches the application in any case.
    async fn ask(&mut self, request: Request) -> Result<Result<Answer, Failure>, Turn> {
        let (company, line) = (self.company.clone(), self.line.clone());
        let (answered, answer) = oneshot::channel();
        while self.under_way.try_join_next().is_some() {}
        self.under_way.spawn(async move {
            let _ = answered.send(webhook::ask(&company, &line, &request).await);
        });
        let answer = self.unless_interrupted(answer).await?;
        Ok(answer.unwrap_or_else(|lost| Err(Failure { code: 11200, message: lost.to_string() })))
    }

    /// Tells the end of a verb to an `action` whose answer the caller will not hear.
    pub async fn ask_in_vain(&mut self, mut request: Request) {
        request.params = [self.params(), request.params].concat();
        webhook::notify(&self.company, &self.line, &request).await;
    }

    /// What every request about the caller's side says. Twilio sends what it does not know as empty.
    pub fn params(&self) -> Params {
        let Incoming { from, to, .. } = &self.incoming;
        let mut known = params([
            ("CallSid", self.line.sid.as_str()),
            ("AccountSid", &self.company.account.sid),
            ("From", from),
            ("To", to),
            ("Caller", from),
            ("Called", to),
            ("CallStatus", self.status().name()),
            ("ApiVersion", API_VERSION),
            ("Direction", "inbound"),
        ]);
        for end in ["From", "To", "Caller", "Called"] {
            let place = ["City", "State", "Zip", "Country"];
            known.extend(place.map(|part| (format!("{end}{part}"), String::new())));
        }
        known
    }
}
