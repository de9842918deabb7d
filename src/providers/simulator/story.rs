//! What the company saw, for tests to read.

/// Where a call or a leg stands, in the company's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Initiated,
    Ringing,
    InProgress,
    Completed,
    Busy,
    NoAnswer,
    Failed,
    Canceled,
    /// Of recordings only: there was nothing to hear.
    Absent,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Initiated => "initiated",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Absent => "absent",
        }
    }

    pub fn is_over(self) -> bool {
        !matches!(self, Self::Initiated | Self::Ringing | Self::InProgress)
    }
}

/// One call, from the caller's side.
#[derive(Debug, Clone)]
pub struct Story {
    pub sid: String,
    pub from: String,
    pub to: String,
    pub status: Status,
    /// How it ended, once it did.
    pub ending: Option<Ending>,
    /// Line seconds until the end.
    pub seconds: u32,
    /// The end was told to everybody: nothing more will happen.
    pub is_told: bool,
    pub legs: Vec<Leg>,
    /// In the order in which they happened; webhooks where they were answered.
    pub events: Vec<Event>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    CallerHungUp,
    /// `Hangup`.
    HungUp,
    /// The document had no more verbs.
    DocumentOver,
    /// `Reject`.
    Rejected,
    /// Somebody set the status by REST.
    EndedByRest,
    /// No document could be had: the caller heard that an application error has occurred.
    ApplicationError,
    /// Four hours, or thousands of documents.
    TooLong,
}

/// A leg to an agent.
#[derive(Debug, Clone)]
pub struct Leg {
    pub sid: String,
    pub from: String,
    /// `client:identity`, `sip:user@host` or a number.
    pub to: String,
    /// What was handed to the softphone.
    pub parameters: Vec<(String, String)>,
    pub status: Status,
    pub was_answered: bool,
    /// Line seconds of talk.
    pub seconds: u32,
}

#[derive(Debug, Clone)]
pub enum Event {
    Webhook(Webhook),
    /// A callback that a fault swallowed.
    CallbackLost(Purpose, Status),
    /// The caller's side was answered.
    Answered,
    /// `seconds` is none where the file could not be had.
    Played {
        url: String,
        seconds: Option<f64>,
    },
    Said {
        text: String,
        language: String,
    },
    Paused {
        seconds: f64,
    },
    Dialled {
        legs: Vec<String>,
    },
    Leg {
        sid: String,
        status: Status,
    },
    Recorded {
        sid: String,
        seconds: f64,
    },
    /// A redirect by REST took effect.
    CutIn,
    /// A webhook failed, or its answer could not be used; the code is Twilio's.
    Error {
        code: u32,
        url: String,
        message: String,
    },
    /// What the company, or a careful reader, complains about.
    Problem(String),
    Ended(Ending),
}

/// A request from the company to the application.
#[derive(Debug, Clone)]
pub struct Webhook {
    pub purpose: Purpose,
    pub url: String,
    pub params: Vec<(String, String)>,
    pub idempotency_token: String,
    pub answer: Result<Answer, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub body: String,
}

/// Why the company sent a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The first document of a call.
    Voice,
    /// `Redirect`.
    Redirect,
    /// A redirect by REST.
    CutIn,
    /// The `action` of `Dial`.
    DialAction,
    /// The document for a leg that was picked up, or what follows a key pressed there.
    Screen,
    /// The `action` of `Record`.
    RecordAction,
    /// The `action` of `Gather`.
    GatherAction,
    /// The number's fallback address.
    Fallback,
    LegStatus,
    Status,
    RecordingStatus,
}

impl Story {
    pub(super) fn new(sid: &str, from: &str, to: &str) -> Self {
        Self {
            sid: sid.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            status: Status::Ringing,
            ending: None,
            seconds: 0,
            is_told: false,
            legs: Vec::new(),
            events: Vec::new(),
        }
    }

    pub fn is_talking(&self) -> bool {
        self.status == Status::InProgress && self.legs.iter().any(|leg| leg.status == Status::InProgress)
    }

    pub fn webhooks(&self) -> impl Iterator<Item = &Webhook> {
        self.events.iter().filter_map(|event| match event {
            Event::Webhook(webhook) => Some(webhook),
            _ => None,
        })
    }

    pub fn webhooks_for(&self, purpose: Purpose) -> impl Iterator<Item = &Webhook> {
        self.webhooks().filter(move |webhook| webhook.purpose == purpose)
    }

    /// Every error and complaint.
    pub fn problems(&self) -> impl Iterator<Item = String> {
        self.events.iter().filter_map(|event| match event {
            Event::Problem(problem) => Some(problem.clone()),
            Event::Error { code, url, message } => Some(format!("{code} at {url}: {message}")),
            _ => None,
        })
    }
}

impl Webhook {
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A message that a caller left.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recording {
    pub sid: String,
    pub call_sid: String,
    /// Line seconds.
    pub seconds: f64,
    /// So many of them at either end are silent.
    pub silent_seconds: f64,
    /// How often its sound was handed out.
    pub fetches: u32,
    pub is_deleted: bool,
}

/// A request to the company's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestRequest {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub params: Vec<(String, String)>,
    /// The status; none where the connection was closed without an answer.
    pub answer: Option<u16>,
}

/// A file that a document let us play.
#[derive(Debug, Clone, PartialEq)]
pub struct Media {
    pub url: String,
    /// None: it could not be had, or it is no WAV file.
    pub seconds: Option<f64>,
}

/// Everything that the company saw.
#[derive(Debug, Clone)]
pub struct Record {
    /// In the order in which they were placed.
    pub calls: Vec<Story>,
    pub requests: Vec<RestRequest>,
    pub recordings: Vec<Recording>,
    pub media: Vec<Media>,
    /// Complaints about requests to the API, which belong to no call.
    pub rest_problems: Vec<String>,
}

impl Record {
    pub fn legs(&self) -> impl Iterator<Item = &Leg> {
        self.calls.iter().flat_map(|call| &call.legs)
    }

    /// The calls that are not over.
    pub fn live_calls(&self) -> impl Iterator<Item = &Story> {
        self.calls.iter().filter(|call| !call.status.is_over())
    }

    /// The legs that are not over.
    pub fn live_legs(&self) -> impl Iterator<Item = &Leg> {
        self.legs().filter(|leg| !leg.status.is_over())
    }

    /// Every complaint, those of calls first.
    pub fn problems(&self) -> impl Iterator<Item = String> {
        let of_calls = self.calls.iter().flat_map(Story::problems);
        of_calls.chain(self.rest_problems.iter().cloned())
    }
}
