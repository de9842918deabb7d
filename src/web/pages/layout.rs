//! What every page has around it: who is signed in, in which language, the way to the other pages.

use super::{
    super::Web,
    super::auth::Caller,
    super::notifications::COUNTED,
    super::problem::Problem,
    assets,
    messages::message,
    refusal::{Refusal, wants_page},
    start::Progress,
};
use crate::{
    desk::softphones::Pass,
    routing::{
        ids::{SessionId, UserId},
        people::Role,
        sentences::Language,
    },
    store::{settings::Change, sign_in::SignIn},
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Uri, header, request::Parts},
};
use chrono::TimeDelta;
use fluent_bundle::FluentValue;
use std::convert::Infallible;

/// How exactly it is known when a session was last used.
const USED_WITHIN: TimeDelta = TimeDelta::hours(1);

/// Which page a key goes to, after `g`.
const LETTERS: [(&str, char); 10] = [
    ("board", 'b'),
    ("phone", 'p'),
    ("tickets", 't'),
    ("contacts", 'o'),
    ("tonight", 'n'),
    ("channels", 'c'),
    ("people", 'e'),
    ("system", 's'),
    ("notifications", 'a'),
    ("me", 'm'),
];

/// Whoever is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub user: UserId,
    pub name: String,
    pub role: Role,
    pub session: SessionId,
}

#[derive(Debug, Clone)]
pub struct Layout {
    pub language: Language,
    /// The path of the public address; empty or `/desk`.
    pub base: String,
    /// Path and query of this page, below `base`.
    pub here: String,
    pub signed_in: Option<SignedIn>,
    /// For admins: how many steps of the first start are left.
    pub first_steps: usize,
    /// How many notifications they have not read; `None`: nobody asked.
    pub unread: Option<i64>,
}

/// A page for people who are signed in. Others are sent to sign in, and come back.
pub struct Signed {
    pub caller: Caller,
    pub me: SignedIn,
    pub layout: Layout,
}

impl Layout {
    pub fn of(headers: &HeaderMap, uri: &Uri, web: &Web) -> Self {
        Self::with(Caller::signed_in(headers, web).as_ref(), headers, uri, web)
    }

    fn with(caller: Option<&Caller>, headers: &HeaderMap, uri: &Uri, web: &Web) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let rest = web.public_url.find("://").map_or(&*web.public_url, |at| &web.public_url[at + 3..]);
        let signed_in = caller.and_then(|caller| {
            let (Some(Pass::Session(session)), Some(user)) = (caller.pass, caller.user) else { return None };
            Some(SignedIn { user, name: web.desk.settings().name_of(user), role: caller.role, session })
        });
        // With two slashes in front it would be the address of another host.
        let here = uri.path_and_query().map_or("/", |path| path.as_str());
        Self {
            language: accepted.and_then(Language::preferred).unwrap_or(web.language),
            base: rest.find('/').map_or_else(String::new, |at| rest[at..].to_owned()),
            here: format!("/{}", here.trim_start_matches(['/', '\\'])),
            first_steps: first_steps(signed_in.as_ref(), web),
            unread: None,
            signed_in,
        }
    }

    /// A message.
    pub fn t(&self, key: &str) -> String {
        message(self.language, key, &[])
    }

    /// A message with an argument.
    pub fn t1<'a>(&self, key: &str, name: &str, value: impl Into<FluentValue<'a>>) -> String {
        message(self.language, key, &[(name, value.into())])
    }

    /// A message with several arguments.
    pub fn t_with(&self, key: &str, arguments: &[(&str, FluentValue<'_>)]) -> String {
        message(self.language, key, arguments)
    }

    /// A message that counts: its argument is `count`.
    pub fn count(&self, key: &str, count: usize) -> String {
        message(self.language, key, &[("count", FluentValue::from(count))])
    }

    /// As in `<html lang>`.
    pub fn tag(&self) -> &'static str {
        self.language.code()
    }

    /// The parts of the pages that whoever is signed in can go to: address, and key of the name. The first is where they
    /// start.
    pub fn parts(&self) -> Vec<(&'static str, &'static str)> {
        const ALL: [(&str, &str, Role); 8] = [
            ("board", "board", Role::Supervisor),
            ("phone", "phone", Role::Agent),
            ("tickets", "tickets", Role::Agent),
            ("contacts", "contacts", Role::Agent),
            ("tonight", "tonight", Role::Supervisor),
            ("channels", "channels", Role::Supervisor),
            ("people", "people", Role::Supervisor),
            ("system", "system", Role::Admin),
        ];
        let Some(role) = self.signed_in.as_ref().map(|me| me.role) else { return Vec::new() };
        ALL.iter().filter(|(.., least)| role >= *least).map(|(page, key, _)| (*page, *key)).collect()
    }

    /// The key that goes to this page, after `g`.
    pub fn letter(&self, page: &str) -> Option<char> {
        LETTERS.iter().find(|(known, _)| *known == page).map(|(_, letter)| *letter)
    }

    /// How many notifications are not read, as it is shown: beyond what is counted only that there are more.
    pub fn unread_text(&self) -> String {
        let (unread, most) = (self.unread.unwrap_or(0), i64::from(COUNTED));
        if unread < most { unread.to_string() } else { format!("{}+", most - 1) }
    }

    /// An address to be sent to: what pages link to is relative to `<base>` instead.
    pub fn address(&self, page: &str) -> String {
        format!("{}/{page}", self.base)
    }

    /// Where a file is served, relative to `<base>`.
    pub fn asset(&self, name: &str) -> String {
        format!("assets/{}/{name}", assets::version())
    }

    /// `page` or `false`, for `aria-current`: whether this page is the one, or below it.
    pub fn current(&self, page: &str) -> &'static str {
        let path = self.here.split('?').next().unwrap_or_default().trim_start_matches('/');
        let below = path.strip_prefix(page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if below { "page" } else { "false" }
    }
}

impl FromRequestParts<Web> for Layout {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers, &parts.uri, web))
    }
}

impl FromRequestParts<Web> for Signed {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        let caller = Caller::with_cookie(&parts.headers, parts.extensions.get().copied(), web);
        let mut layout = Layout::with(caller.as_ref().ok(), &parts.headers, &parts.uri, web);
        if !parts.method.is_safe() {
            // Whoever has to sign in first can't come back to what a form sends.
            layout.here = "/".into();
        }
        match (caller, layout.signed_in.clone()) {
            (Err(problem), _) => Err(Refusal::new(layout, problem)),
            (Ok(caller), Some(me)) => {
                note_use(me.session, web);
                // Scripts that ask for a part of a page have no use for it.
                if wants_page(&parts.headers) {
                    layout.unread = web.reader.unread_notifications(me.user, COUNTED).await.ok();
                }
                Ok(Self { caller, me, layout })
            }
            _ => Err(Refusal::new(layout, Problem::unauthorised())),
        }
    }
}

impl Signed {
    pub fn refuse(&self, problem: impl Into<Problem>) -> Refusal {
        Refusal::new(self.layout.clone(), problem.into())
    }
}

fn first_steps(signed_in: Option<&SignedIn>, web: &Web) -> usize {
    let is_admin = signed_in.is_some_and(|me| me.role == Role::Admin);
    if is_admin { Progress::of(web, &web.desk.settings()).left() } else { 0 }
}

/// A session that is used goes on.
fn note_use(session: SessionId, web: &Web) {
    let now = web.clock.now().at;
    let settings = web.desk.settings();
    let Some(session) = settings.doors.session_by_id(session, now) else { return };
    if now - session.used_at < USED_WITHIN {
        return;
    }
    let used = Change::SignIn(SignIn::SessionUsed(session.id, now));
    let desk = web.desk.clone();
    // It is no harm if this once it can't be saved, or if they signed out meanwhile.
    tokio::spawn(async move { drop(desk.save(used).await) });
}

#[cfg(test)]
mod tests {
    use super::LETTERS;
    use std::collections::BTreeSet;

    #[test]
    fn a_key_goes_to_one_page() {
        let letters: BTreeSet<char> = LETTERS.iter().map(|(_, letter)| *letter).collect();
        assert_eq!(letters.len(), LETTERS.len());
    }
}
