//! Who may see what. Admins see all; supervisors what is of their teams; agents what is theirs. Of the rest, agents and
//! supervisors know colleagues and teams by name only, and of calls, tickets and channels nothing.

use super::auth::Caller;
use crate::{
    desk::settings::Settings,
    routing::{
        assignment::Rule,
        ids::{ChannelId, ContactId, GreetingId, InboxId, TeamId, UserId},
        people::{Role, Team},
    },
    store::{calls::CallRow, visible::Theirs},
    tickets::ticket::Ticket,
};
use std::iter::empty;

/// How much of something is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    All,
    /// Its id and name.
    Name,
    Nothing,
}

/// Whoever asks, and the settings that say what they are part of.
#[derive(Clone, Copy)]
pub struct Viewer<'a> {
    caller: &'a Caller,
    settings: &'a Settings,
}

impl<'a> Viewer<'a> {
    pub fn new(caller: &'a Caller, settings: &'a Settings) -> Self {
        Self { caller, settings }
    }

    pub fn user(self, user: UserId) -> Sight {
        let theirs = self.caller.user == Some(user) || self.leads_user(user);
        if self.is_admin() || theirs { Sight::All } else { Sight::Name }
    }

    pub fn team(self, team: TeamId) -> Sight {
        if self.is_admin() || self.leads_team(team) { Sight::All } else { Sight::Name }
    }

    pub fn channel(self, channel: ChannelId) -> Sight {
        let rings = self.caller.user.is_some_and(|user| self.is_routed(user, channel));
        if self.is_admin() || rings || self.leads_channel(channel) { Sight::All } else { Sight::Nothing }
    }

    /// What was written there and belongs to no ticket.
    pub fn loose_messages(self, channel: ChannelId) -> bool {
        self.is_admin() || self.with_ticket_access().is_some() && self.channel(channel) == Sight::All
    }

    /// Who works in an inbox sees what it is; of the others everybody knows the name.
    pub fn inbox(self, inbox: InboxId) -> Sight {
        let people = &self.settings.people;
        let works = |user| people.inboxes.get(&inbox).is_some_and(|inbox| inbox.admits(user, people));
        if self.is_admin() || self.caller.user.is_some_and(works) { Sight::All } else { Sight::Name }
    }

    /// A message is heard of by those who may see a channel that plays it.
    pub fn greeting(self, greeting: GreetingId) -> Sight {
        let plays = |channel: &ChannelId| {
            let greetings =
                self.settings.channels.get(channel).map(|channel| serde_json::json!(channel.greetings));
            greetings.is_some_and(|greetings| greetings.to_string().contains(&greeting.to_string()))
        };
        let mut seen = self.settings.channels.keys().filter(|channel| self.channel(**channel) == Sight::All);
        if self.is_admin() || seen.any(plays) { Sight::All } else { Sight::Nothing }
    }

    /// Supervisors keep contacts, too; an agent sees those that they own, and the names of others with their calls.
    pub fn contact(self, contact: ContactId) -> Sight {
        let owner = self.settings.contacts.get(contact).and_then(|contact| contact.owner);
        let owns = owner.is_some() && owner == self.caller.user;
        if self.caller.role != Role::Agent || owns { Sight::All } else { Sight::Nothing }
    }

    /// Who took it sees it, and who sees its channel's calls. So does who sees its ticket.
    pub fn call(self, call: &CallRow) -> bool {
        self.line(call.channel, call.agent)
    }

    /// The same of a live call on this channel, with this agent.
    pub fn line(self, channel: ChannelId, agent: Option<UserId>) -> bool {
        if self.is_admin() {
            return true;
        }
        let Some(user) = self.with_ticket_access() else { return false };
        agent == Some(user)
            || self.is_routed(user, channel)
            || self.leads_channel(channel)
            || agent.is_some_and(|agent| self.leads_user(agent))
    }

    pub fn ticket(self, ticket: &Ticket) -> bool {
        if self.is_admin() {
            return true;
        }
        let Some(user) = self.with_ticket_access() else { return false };
        let team = ticket.team.and_then(|team| self.settings.people.teams.get(&team));
        ticket.owner == Some(user)
            || team.is_some_and(|team| team.has(user))
            || ticket
                .channel
                .is_some_and(|channel| self.is_routed(user, channel) || self.leads_channel(channel))
            || ticket.owner.is_some_and(|owner| self.leads_user(owner))
    }

    /// The calls and tickets that they see, as [`Viewer::call`] and [`Viewer::ticket`] have it. `None`: all.
    pub fn theirs(self) -> Option<Theirs> {
        if self.is_admin() {
            return None;
        }
        let Some(user) = self.with_ticket_access() else {
            return Some(Theirs::new(empty(), empty(), empty()));
        };
        let people = &self.settings.people;
        let users = people.users.keys().copied().filter(|other| *other == user || self.leads_user(*other));
        let teams = people.teams.values().filter(|team| team.has(user)).map(|team| team.id);
        let channels = self.settings.channel_documents().map(|(id, _)| id);
        let channels = channels.filter(|id| self.is_routed(user, *id) || self.leads_channel(*id));
        Some(Theirs::new(users, teams, channels))
    }

    pub fn is_admin(self) -> bool {
        self.caller.role == Role::Admin
    }

    fn with_ticket_access(self) -> Option<UserId> {
        let user = self.settings.people.users.get(&self.caller.user?)?;
        user.ticket_access.then_some(user.id)
    }

    /// The teams that a supervisor is in, as a main or extra member.
    fn led(self) -> impl Iterator<Item = &'a Team> {
        let supervisor = self.caller.user.filter(|_| self.caller.role == Role::Supervisor);
        let teams = self.settings.people.teams.values();
        teams.filter(move |team| supervisor.is_some_and(|user| team.has(user)))
    }

    fn leads_team(self, team: TeamId) -> bool {
        self.led().any(|led| led.id == team)
    }

    fn leads_user(self, user: UserId) -> bool {
        self.led().any(|led| led.has(user))
    }

    fn leads_channel(self, channel: ChannelId) -> bool {
        let names = |led: &Team, rule: &Rule| {
            rule.teams.contains(&led.id) || rule.users.iter().any(|user| led.has(*user))
        };
        self.settings.rules_of(channel).any(|rule| self.led().any(|led| names(led, rule)))
    }

    fn is_routed(self, user: UserId, channel: ChannelId) -> bool {
        let people = &self.settings.people;
        self.settings.rules_of(channel).any(|rule| people.routed(&rule.users, &rule.teams).contains(&user))
    }
}
