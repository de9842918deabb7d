//! What people change on tickets.

use super::{Broken, Round};
use crate::{
    calls::{call::Caller, event::Event},
    desk::{Outcome, TicketPatch, engine::Engine, settings::Refused, ticket_tag, wrong},
    routing::{
        ids::{InboxId, TeamId, TicketId, UserId},
        inboxes::Workspace,
    },
    store::{self, batch::NotCommitted},
    tickets::ticket::Ticket,
};
use std::collections::BTreeMap;

impl Engine {
    pub(super) async fn change_ticket(
        &mut self,
        id: TicketId,
        patch: &TicketPatch,
        expected: Option<&str>,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        let Some(mut ticket) = self.ticket_now(id, round).await? else {
            return Ok(Some(Outcome::Refused(Refused::NotFound)));
        };
        if expected.is_some_and(|tag| tag != ticket_tag(&ticket)) {
            return Ok(Some(Outcome::Refused(Refused::Stale)));
        }
        let (before, had) = (ticket.weight(), (ticket.owner, ticket.team));
        if let Err(refused) = self.patch(&mut ticket, patch) {
            return Ok(Some(Outcome::Refused(refused)));
        }
        ticket.touch(self.around.clock.now().at);
        self.memory.load.change(before, ticket.weight());
        self.memory.tickets.insert(id, ticket.clone());
        let caller = self.caller_of(&ticket).await?;
        match (ticket.channel, caller) {
            (Some(channel), Some(caller)) => self.memory.may_be_joined(id, channel, &caller),
            _ => self.memory.joinable.forget(id),
        }
        self.memory.let_go(id);
        round.batch.tickets.insert(id, ticket.clone());
        if had != (ticket.owner, ticket.team) && (ticket.owner.is_some() || ticket.team.is_some()) {
            let now = self.around.clock.now();
            self.tell_of_ticket("ticket.assigned", &ticket, now, round);
        }
        // Somebody may be below their capacity again.
        self.happen(Event::SettingsChanged, None, round)?;
        Ok(Some(Outcome::Ticket(Box::new(ticket))))
    }

    async fn caller_of(&mut self, ticket: &Ticket) -> Result<Option<Caller>, Broken> {
        let Some(call) = ticket.call else { return Ok(None) };
        if let Some(live) = self.memory.board.call(call) {
            return Ok(Some(live.from.clone()));
        }
        let found = store::calls::caller(self.writer.connection(), call).await;
        found.map_err(|error| Broken::Store(NotCommitted::Failed(error)))
    }

    /// What belongs to an inbox is given only to those who have access to it (R6).
    pub(super) fn check_holders(
        &self,
        inbox: Option<InboxId>,
        owner: Option<UserId>,
        team: Option<TeamId>,
    ) -> Result<(), Refused> {
        let settings = &self.memory.settings;
        let Workspace::Inbox(inbox) = settings.people.workspace(inbox) else { return Ok(()) };
        if let Some(owner) = owner.filter(|owner| !inbox.admits(*owner, &settings.people)) {
            let detail = format!("{} has no access to the inbox {}", settings.name_of(owner), inbox.name);
            return Err(wrong("/owner", &detail));
        }
        match team.filter(|team| !inbox.admits_team(*team)) {
            Some(_) => Err(wrong("/team", &format!("this team has no access to the inbox {}", inbox.name))),
            None => Ok(()),
        }
    }

    fn patch(&self, ticket: &mut Ticket, patch: &TicketPatch) -> Result<(), Refused> {
        let people = &self.memory.settings.people;
        let now = self.around.clock.now().at;
        match patch.owner {
            Some(Some(owner)) if !people.users.contains_key(&owner) => {
                return Err(wrong("/owner", "there is no user of this id"));
            }
            Some(Some(owner)) => ticket.assign(owner, now),
            Some(None) => ticket.unassign(),
            None => {}
        }
        if let Some(team) = patch.team {
            if team.is_some_and(|team| !people.teams.contains_key(&team)) {
                return Err(wrong("/team", "there is no team of this id"));
            }
            ticket.team = team;
        }
        let given = (patch.owner.flatten(), patch.team.flatten());
        self.check_holders(ticket.inbox, given.0, given.1)?;
        if let Some(contact) = patch.contact {
            if contact.is_some_and(|contact| self.memory.settings.contacts.get(contact).is_none()) {
                return Err(wrong("/contact", "there is no contact of this id"));
            }
            ticket.contact = contact;
        }
        if let Some(subject) = &patch.subject {
            subject.as_deref().map(check_subject).transpose()?;
            ticket.subject.clone_from(subject);
        }
        if let Some(properties) = &patch.properties {
            change_properties(&mut ticket.properties, properties)?;
        }
        if let Some(status) = patch.status {
            ticket.set_status(status, now, &self.around.ground.account);
        }
        Ok(())
    }
}

/// How many characters a subject may have.
const SUBJECT_MAX: usize = 500;
/// How many properties a ticket has at the most, and how long they are in characters.
const PROPERTIES_MAX: usize = 100;
const PROPERTY_MAX: usize = 100;
const VALUE_MAX: usize = 2_000;

pub(super) fn check_subject(subject: &str) -> Result<(), Refused> {
    let plain = !subject.trim().is_empty() && !subject.chars().any(char::is_control);
    match plain && subject.chars().count() <= SUBJECT_MAX {
        true => Ok(()),
        false => Err(wrong("/subject", "a subject has 1 to 500 characters, on one line")),
    }
}

/// What came with the ticket stays as it is, whatever it be: it must not keep people from working on it.
fn change_properties(
    properties: &mut BTreeMap<String, String>,
    changes: &BTreeMap<String, Option<String>>,
) -> Result<(), Refused> {
    let given = |(name, value): (&String, &Option<String>)| Some((name.clone(), value.clone()?));
    check_properties(&changes.iter().filter_map(given).collect())?;
    let had = properties.len();
    for (property, value) in changes {
        match value {
            Some(value) => drop(properties.insert(property.clone(), value.clone())),
            None => drop(properties.remove(property)),
        }
    }
    match properties.len() > PROPERTIES_MAX.max(had) {
        true => Err(wrong("/properties", "a ticket has at most 100 properties")),
        false => Ok(()),
    }
}

pub(super) fn check_properties(properties: &BTreeMap<String, String>) -> Result<(), Refused> {
    if properties.len() > PROPERTIES_MAX {
        return Err(wrong("/properties", "a ticket has at most 100 properties"));
    }
    for (property, value) in properties {
        let named = !property.trim().is_empty() && property.chars().count() <= PROPERTY_MAX;
        if !named || property.chars().any(char::is_control) {
            return Err(wrong("/properties", "a property's name has 1 to 100 characters, on one line"));
        }
        if value.chars().count() > VALUE_MAX {
            return Err(wrong("/properties", "a property has at most 2,000 characters"));
        }
    }
    Ok(())
}
