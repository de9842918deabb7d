//! What a list of tickets is asked for, as its form has it: read out of an address or of a kept view, with what can be
//! chosen from and what is wrong beside its field.

use super::{
    super::{
        super::{
            Web,
            access::{Sight, Viewer},
            tickets::{Owner, SOUGHT_MAX, View, Wanted},
        },
        form::Fields,
        layout::{Layout, Signed},
        moment::read_typed,
    },
    calls,
    ticket::Choice,
};
use crate::{
    desk::settings::Settings,
    routing::{
        ids::{ContactId, InboxId},
        load::TicketType,
        people::Role,
        zone::Zone,
    },
    tickets::ticket::Status,
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::str::FromStr;

/// How many people, teams, channels and inboxes can be chosen from at once.
const CHOICES_MAX: usize = 200;

/// The lists, as they are asked for and as they are called. The first is where one starts.
pub const VIEWS: [(View, &str, &str); 6] = [
    (View::Unassigned, "unassigned", "ticket-view-unassigned"),
    (View::Mine, "mine", "ticket-view-mine"),
    (View::MyTeamsUnassigned, "my_teams_unassigned", "ticket-view-my-teams-unassigned"),
    (View::MyTeamsOpen, "my_teams_open", "ticket-view-my-teams-open"),
    (View::All, "all", "ticket-view-all"),
    (View::Closed, "closed", "ticket-view-closed"),
];

const TYPES: [(TicketType, &str, &str); 3] = [
    (TicketType::Calling, "calling", "ticket-type-calling"),
    (TicketType::Messages, "messages", "ticket-type-messages"),
    (TicketType::EmailOther, "email_other", "ticket-type-email-other"),
];

/// The fields of the form, as they are called in addresses.
const FIELDS: [&str; 13] = [
    "q",
    "view",
    "status",
    "owner",
    "owner-name",
    "team",
    "channel",
    "type",
    "inbox",
    "contact",
    "contact-name",
    "since",
    "until",
];

/// As it was typed, by field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters([String; FIELDS.len()]);

impl Filters {
    pub fn read(fields: &Fields) -> Self {
        Self(FIELDS.map(|field| fields.text(field).to_owned()))
    }

    /// What a kept view asks for.
    pub fn of(wanted: &Wanted, zone: &Zone) -> Self {
        let text = |id: Option<String>| id.unwrap_or_default();
        let date = |at: DateTime<Utc>| zone.local(at).date().to_string();
        let view = wanted.view.filter(|view| *view != View::All);
        let status = wanted.status.map(Status::name);
        let open = wanted.open.map(|open| if open { "open" } else { "closed" });
        Self(FIELDS.map(|field| match field {
            "q" => text(wanted.q.clone()),
            "view" => named(&VIEWS, view).unwrap_or_default().to_owned(),
            "status" => status.or(open).unwrap_or_default().to_owned(),
            "owner" => text(wanted.owner.map(String::from)),
            "team" => text(wanted.team.map(|id| id.to_string())),
            "channel" => text(wanted.channel.map(|id| id.to_string())),
            "type" => named(&TYPES, wanted.r#type).unwrap_or_default().to_owned(),
            "inbox" => text(wanted.inbox.clone()),
            "contact" => text(wanted.contact.map(|id| id.to_string())),
            "since" => text(wanted.since.map(date)),
            // The day that is named is the last of them.
            "until" => text(wanted.until.map(|until| date(until - TimeDelta::milliseconds(1)))),
            _ => String::new(),
        }))
    }

    pub fn get(&self, field: &str) -> &str {
        FIELDS.iter().position(|known| *known == field).map_or("", |place| &self.0[place])
    }

    /// The list that is looked into; empty: all tickets.
    pub fn list(&self) -> &str {
        Some(self.get("view")).filter(|view| *view != "all").unwrap_or_default()
    }

    /// How many are in use besides the words that are looked for and the list.
    pub fn count(&self) -> usize {
        self.pairs().filter(|(field, _)| !["q", "view"].contains(field)).count()
    }

    pub fn is_empty(&self) -> bool {
        self.pairs().next().is_none()
    }

    /// What is not empty.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        FIELDS
            .into_iter()
            .zip(&self.0)
            .map(|(field, typed)| (field, typed.as_str()))
            .filter(|(_, typed)| !typed.is_empty())
    }

    /// What it asks for. What is wrong is left out, and told beside its field.
    pub fn wanted(&self, web: &Web, signed: &Signed) -> (Wanted, Faults) {
        let (layout, settings) = (&signed.layout, web.desk.settings());
        let mut faults = Faults::default();
        let zone = &web.ground.account;
        let q = Some(self.get("q").to_owned()).filter(|q| !q.is_empty());
        let is_long = q.as_ref().is_some_and(|q| q.chars().count() > SOUGHT_MAX);
        if is_long {
            faults.add("q", layout.t("tickets-fault-long"));
        }
        let status = self.get("status");
        let since = self.day("since", layout, &mut faults).and_then(|day| midnight(day, zone));
        let last = self.day("until", layout, &mut faults).and_then(|day| day.succ_opt());
        let mut until = last.and_then(|day| midnight(day, zone));
        if since.zip(until).is_some_and(|(since, until)| until <= since) {
            faults.add("until", layout.t("tickets-fault-until"));
            until = None;
        }
        let wanted = Wanted {
            view: self.one_of("view", &VIEWS, layout, &mut faults),
            q: q.filter(|_| !is_long),
            channel: self.id("channel", layout, &mut faults),
            inbox: self.inbox(layout, &mut faults),
            owner: self.owner(layout, &settings, &mut faults),
            team: self.id("team", layout, &mut faults),
            r#type: self.one_of("type", &TYPES, layout, &mut faults),
            status: Status::named(status).filter(|status| *status != Status::Closed),
            open: [("open", true), ("closed", false)]
                .into_iter()
                .find(|(name, _)| *name == status)
                .map(|(_, open)| open),
            contact: self.contact(signed, &settings, &mut faults),
            since,
            until,
        };
        if !status.is_empty() && wanted.status.is_none() && wanted.open.is_none() {
            faults.add("status", layout.t("tickets-fault-unknown"));
        }
        (wanted, faults)
    }

    fn one_of<T: Copy>(
        &self,
        field: &'static str,
        known: &[(T, &str, &str)],
        layout: &Layout,
        faults: &mut Faults,
    ) -> Option<T> {
        let typed = self.get(field);
        let found = known.iter().find(|(_, name, _)| *name == typed).map(|(one, ..)| *one);
        if found.is_none() && !typed.is_empty() {
            faults.add(field, layout.t("tickets-fault-unknown"));
        }
        found
    }

    fn id<T: FromStr>(&self, field: &'static str, layout: &Layout, faults: &mut Faults) -> Option<T> {
        let typed = self.get(field);
        let id = typed.parse().ok();
        if id.is_none() && !typed.is_empty() {
            faults.add(field, layout.t("tickets-fault-unknown"));
        }
        id
    }

    fn inbox(&self, layout: &Layout, faults: &mut Faults) -> Option<String> {
        match self.get("inbox") {
            "help_desk" => Some("help_desk".into()),
            _ => self.id("inbox", layout, faults).map(|id: InboxId| id.to_string()),
        }
    }

    /// Whoever is named counts before who is chosen.
    fn owner(&self, layout: &Layout, settings: &Settings, faults: &mut Faults) -> Option<Owner> {
        let name = self.get("owner-name").to_lowercase();
        if name.is_empty() {
            let typed = self.get("owner");
            let owner = Owner::try_from(typed.to_owned()).ok();
            if owner.is_none() && !typed.is_empty() {
                faults.add("owner", layout.t("tickets-fault-unknown"));
            }
            return owner;
        }
        let users = settings.people.users.values();
        let mut named = users.filter(|user| user.name.to_lowercase() == name);
        let found = one(&mut named, "owner-name", layout, faults)?;
        Some(Owner::One(found.id))
    }

    fn contact(&self, signed: &Signed, settings: &Settings, faults: &mut Faults) -> Option<ContactId> {
        let (layout, typed) = (&signed.layout, self.get("contact-name"));
        if typed.is_empty() {
            return self.id("contact", layout, faults);
        }
        let viewer = Viewer::new(&signed.caller, settings);
        let typed = typed.to_lowercase();
        let two_named = |is: &dyn Fn(&str) -> bool| -> Vec<ContactId> {
            let named = settings.contacts.iter().filter(|(_, contact)| is(&contact.name.to_lowercase()));
            named.map(|(id, _)| id).filter(|id| viewer.contact(*id) == Sight::All).take(2).collect()
        };
        let exact = two_named(&|name| name == typed);
        let found = if exact.is_empty() { two_named(&|name| name.contains(&typed)) } else { exact };
        one(&mut found.into_iter(), "contact-name", layout, faults)
    }

    fn day(&self, field: &'static str, layout: &Layout, faults: &mut Faults) -> Option<NaiveDate> {
        let typed = self.get(field);
        let day = NaiveDate::parse_from_str(typed, "%Y-%m-%d").ok().filter(|_| typed.len() == 10);
        if day.is_none() && !typed.is_empty() {
            faults.add(field, layout.t("tickets-fault-date"));
        }
        day
    }
}

/// The only one, if there is one.
fn one<T>(
    found: &mut dyn Iterator<Item = T>,
    field: &'static str,
    layout: &Layout,
    faults: &mut Faults,
) -> Option<T> {
    match (found.next(), found.next()) {
        (Some(one), None) => return Some(one),
        (None, _) => faults.add(field, layout.t("tickets-fault-nobody")),
        (Some(_), Some(_)) => faults.add(field, layout.t("tickets-fault-several")),
    }
    None
}

fn midnight(day: NaiveDate, zone: &Zone) -> Option<DateTime<Utc>> {
    read_typed(&format!("{day}T00:00"), zone)
}

fn named<T: PartialEq>(known: &[(T, &'static str, &str)], one: Option<T>) -> Option<&'static str> {
    let one = one?;
    known.iter().find(|(known, ..)| *known == one).map(|(_, name, _)| *name)
}

/// What is wrong, in words, by field.
#[derive(Debug, Default)]
pub struct Faults(Vec<(&'static str, String)>);

impl Faults {
    pub fn add(&mut self, field: &'static str, text: String) {
        self.0.push((field, text));
    }

    pub fn get(&self, field: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| *known == field).map(|(_, text)| text.clone())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What there is to choose from, with what is chosen.
pub struct Choices {
    pub views: Vec<Choice>,
    pub statuses: Vec<Choice>,
    pub owners: Vec<Choice>,
    /// There are more people than can be chosen from.
    pub has_more_owners: bool,
    pub teams: Vec<Choice>,
    pub channels: Vec<Choice>,
    pub types: Vec<Choice>,
    pub inboxes: Vec<Choice>,
    /// The contact that is asked for: id and name.
    pub contact: Option<(String, String)>,
    pub may_name_contacts: bool,
}

impl Choices {
    pub fn of(filters: &Filters, web: &Web, signed: &Signed) -> Self {
        let (layout, settings) = (&signed.layout, web.desk.settings());
        let people = &settings.people;
        let viewer = Viewer::new(&signed.caller, &settings);
        let field = |field, first: &str| Field { chosen: filters.get(field), first: layout.t(first), layout };
        let lists = VIEWS.iter().filter(|(view, ..)| *view != View::All);
        let status = |status: Status| (status.name().to_owned(), calls::status(status, layout).text);
        let open = ("open".to_owned(), layout.t("tickets-filter-open"));
        let channels = settings.channel_documents().filter(|(id, _)| viewer.channel(*id) == Sight::All);
        let channels = channels
            .map(|(id, channel)| (id.to_string(), channel["name"].as_str().unwrap_or_default().to_owned()));
        let desk = ("help_desk".to_owned(), layout.t("written-help-desk"));
        let inboxes = people.inboxes.values().map(|inbox| (inbox.id.to_string(), inbox.name.clone()));
        let users = people.users.values().map(|user| (user.id.to_string(), user.name.clone()));
        let mine = [("me", "tickets-filter-me"), ("nobody", "ticket-owner-nobody")];
        let mine = mine.map(|(value, key)| (value.to_owned(), layout.t(key)));
        Self {
            views: Field { chosen: filters.list(), ..field("view", "tickets-filter-all-lists") }
                .choices(lists.map(|(_, name, key)| ((*name).to_owned(), layout.t(key))), []),
            statuses: field("status", "tickets-filter-any").choices(
                [open].into_iter().chain([Status::New, Status::Waiting, Status::Closed].map(status)),
                [],
            ),
            owners: field("owner", "tickets-filter-any").choices(mine, users),
            has_more_owners: people.users.len() > CHOICES_MAX,
            teams: field("team", "tickets-filter-any")
                .choices([], people.teams.values().map(|team| (team.id.to_string(), team.name.clone()))),
            channels: field("channel", "tickets-filter-any").choices([], channels),
            types: field("type", "tickets-filter-any")
                .choices(TYPES.iter().map(|(_, name, key)| ((*name).to_owned(), layout.t(key))), []),
            inboxes: field("inbox", "tickets-filter-any").choices([desk], inboxes),
            contact: contact(filters, &settings, viewer),
            may_name_contacts: signed.caller.role != Role::Agent,
        }
    }
}

/// A field of which something is chosen.
pub struct Field<'a> {
    pub chosen: &'a str,
    /// What stands for nothing in particular.
    pub first: String,
    pub layout: &'a Layout,
}

impl Field<'_> {
    /// Those that stand in front as they come, the others by name, the chosen one among them in any case.
    pub fn choices(
        self,
        front: impl IntoIterator<Item = (String, String)>,
        others: impl IntoIterator<Item = (String, String)>,
    ) -> Vec<Choice> {
        let mut others: Vec<(String, String)> = others.into_iter().collect();
        others.sort_by_cached_key(|(value, text)| (value != self.chosen, text.to_lowercase()));
        others.truncate(CHOICES_MAX);
        others.sort_by_cached_key(|(_, text)| text.to_lowercase());
        let first = (String::new(), self.first);
        let known = [first].into_iter().chain(front).chain(others);
        let mut choices: Vec<Choice> =
            known.map(|(value, text)| Choice { selected: value == self.chosen, value, text }).collect();
        if !choices.iter().any(|choice| choice.selected) {
            let text = self.layout.t("tickets-filter-unknown");
            choices.push(Choice { value: self.chosen.to_owned(), text, selected: true });
        }
        choices
    }
}

/// By name for those who may know it.
fn contact(filters: &Filters, settings: &Settings, viewer: Viewer<'_>) -> Option<(String, String)> {
    // Whoever is named counts before who was chosen.
    let is_named = !filters.get("contact-name").is_empty();
    let typed = Some(filters.get("contact")).filter(|typed| !typed.is_empty() && !is_named)?;
    let id: Option<ContactId> = typed.parse().ok();
    let seen = id.filter(|id| viewer.contact(*id) == Sight::All);
    let name = seen.and_then(|id| settings.contacts.get(id)).map(|contact| contact.name.clone());
    Some((typed.to_owned(), name.unwrap_or_else(|| typed.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::ids::UserId;
    use serde_json::json;

    #[test]
    fn a_kept_view_is_in_the_form_as_it_was_typed() {
        let zone = Zone::bundled("Europe/Vienna");
        let user: UserId = "0".repeat(32).parse().expect("an id");
        let wanted: Wanted = serde_json::from_value(json!({
            "view": "my_teams_open", "q": "pump", "owner": user, "inbox": "help_desk", "type": "email_other", "open": true,
            "since": "2026-10-31T23:00:00Z", "until": "2026-11-02T23:00:00Z",
        }))
        .expect("what is wanted");
        let filters = Filters::of(&wanted, &zone);
        let pairs: Vec<_> = filters.pairs().collect();
        let user = user.to_string();
        assert_eq!(
            pairs,
            [
                ("q", "pump"),
                ("view", "my_teams_open"),
                ("status", "open"),
                ("owner", user.as_str()),
                ("type", "email_other"),
                ("inbox", "help_desk"),
                ("since", "2026-11-01"),
                ("until", "2026-11-02"),
            ]
        );
        let fields: Fields =
            pairs.iter().map(|(field, typed)| ((*field).to_owned(), (*typed).to_owned())).collect();
        assert_eq!(Filters::read(&fields), filters);
        assert_eq!(filters.count(), 6, "words and list are none");
    }
}
