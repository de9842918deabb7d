//! What a setting must be, besides well written, when it is saved: measured against everything else that is set.

use super::{
    Fault, Ground, Refused, Settings,
    reading::{named, sip_host},
};
use crate::{
    calls::channel::{Channel, Greeting as Chosen, Greetings, Notify, OwnTimes, Slot},
    desk::happenings::KINDS,
    notify::{address, mail},
    providers::Dialect,
    routing::{
        assignment::Rule,
        ids::{GreetingId, InboxId, TeamId, UserId},
        inboxes::{Inbox, Workspace},
        people::{Reach, User},
        skills::SkillKind,
    },
    store::webhooks::Webhook,
};

impl Settings {
    /// What a channel must be when it is saved.
    pub(super) fn check_channel(&self, channel: &Channel, ground: &Ground) -> Result<(), Refused> {
        let Some(&dialect) = ground.providers.get(&channel.provider) else {
            return Err(Fault::new("/provider", "no provider of this name is configured").into());
        };
        self.check_in_inbox(channel.inbox)?;
        let workspace = self.people.workspace(channel.inbox);
        self.check_rule(&channel.rule, workspace, "/routing")?;
        check_ringing(channel, dialect)?;
        self.check_rung(&channel.rule, dialect)?;
        self.check_numbers(channel)?;
        check_times(channel.own_times)?;
        check_notify(&channel.notify)?;
        self.check_greetings(&channel.greetings, &channel.numbers)
    }

    pub(super) fn check_webhook(&self, webhook: &Webhook, ground: &Ground) -> Result<(), Refused> {
        named("/name", webhook.name.clone())?;
        if self.webhooks.values().any(|other| other.id != webhook.id && other.name == webhook.name) {
            return Err(Refused::Conflict(Fault::new("/name", "another webhook has this name")));
        }
        address::check(&webhook.url, ground.allow_loopback)
            .map_err(|refused| Fault::new("/url", refused.to_string()))?;
        if webhook.events.is_empty() {
            return Err(Fault::new("/events", "name at least one, or \"*\"").into());
        }
        let known = |event: &String| event == "*" || KINDS.contains(&event.as_str());
        match webhook.events.iter().position(|event| !known(event)) {
            Some(index) => {
                Err(Fault::new(format!("/events/{index}"), "there is no event of this name").into())
            }
            None => Ok(()),
        }
    }

    /// A rule takes only agents whom the channel's telephone company can ring. One who joins a team later is passed over,
    /// and a warning says so.
    fn check_rung(&self, rule: &Rule, dialect: Dialect) -> Result<(), Refused> {
        let unheard =
            |id: &&UserId| self.people.users.get(id).is_some_and(|user| !dialect.reaches(&user.reach));
        let main = |id: &TeamId| self.people.teams.get(id).into_iter().flat_map(|team| &team.main);
        let in_users = rule.users.iter().enumerate().map(|(at, user)| (format!("/routing/users/{at}"), user));
        let in_teams = rule
            .teams
            .iter()
            .enumerate()
            .flat_map(|(at, team)| main(team).map(move |user| (format!("/routing/teams/{at}"), user)));
        match in_users.chain(in_teams).find(|(_, user)| unheard(user)) {
            None => Ok(()),
            Some((pointer, user)) => {
                let name = self.name_of(*user);
                Err(Fault::new(pointer, format!("{name} can't be rung: {}", missing(dialect))).into())
            }
        }
    }

    /// Agents are dialled only where the operator allows it, and never at one of our own numbers: that would ring in
    /// circles.
    pub(super) fn check_reach(&self, user: &User, ground: &Ground) -> Result<(), Refused> {
        let rung = |channel: &&Channel| {
            self.people.routed(&channel.rule.users, &channel.rule.teams).contains(&user.id)
        };
        let dialects = self
            .channels
            .values()
            .filter(rung)
            .filter_map(|channel| Some((&channel.name, *ground.providers.get(&channel.provider)?)));
        if let Some((channel, dialect)) =
            dialects.into_iter().find(|(_, dialect)| !dialect.reaches(&user.reach))
        {
            let detail = format!("{channel} could not ring them any more: {}", missing(dialect));
            return Err(Fault::new("/reach", detail).into());
        }
        let fault = match &user.reach {
            Reach::Client(_) => return Ok(()),
            Reach::Sip(address) => {
                let host = sip_host(address).unwrap_or_default();
                let allowed = ground.reach.sip_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host));
                (!allowed).then(|| Fault::new("/reach/sip", "its host is not in calls.sip_hosts"))
            }
            Reach::Number(number) => {
                let is_ours = |channel: &Channel| channel.numbers.contains(number);
                if !ground.reach.allows(number) {
                    Some(Fault::new("/reach/number", "it begins with none of calls.reach_prefixes"))
                } else if self.channels.values().any(is_ours) {
                    Some(Fault::new("/reach/number", "it is the number of a channel"))
                } else {
                    None
                }
            }
        };
        fault.map_or(Ok(()), |fault| Err(fault.into()))
    }

    fn check_numbers(&self, channel: &Channel) -> Result<(), Refused> {
        let reached = |number: &String| {
            self.people.users.values().find(|user| user.reach == Reach::Number(number.clone()))
        };
        match channel.numbers.iter().find_map(reached) {
            Some(user) => {
                let detail = format!("{} is reached at this number", user.name);
                Err(Refused::Conflict(Fault::new("/numbers", detail)))
            }
            None => Ok(()),
        }
    }

    /// A rule takes only users who have a seat and may work there (R8). One who loses that later is skipped.
    pub(super) fn check_rule(
        &self,
        rule: &Rule,
        workspace: Workspace<'_>,
        below: &str,
    ) -> Result<(), Refused> {
        for (index, id) in rule.users.iter().enumerate() {
            let fault = |detail: String| Err(Fault::new(format!("{below}/users/{index}"), detail).into());
            let Some(user) = self.people.users.get(id) else {
                return fault("there is no user of this id".into());
            };
            if !workspace.seats(user) {
                let seat = match workspace {
                    Workspace::HelpDesk => "no service seat",
                    Workspace::Inbox(_) | Workspace::Gone => "neither a sales nor a service seat",
                };
                return fault(format!("{} has {seat}, which routing needs", user.name));
            }
            if !workspace.admits(*id, &self.people) {
                return fault(format!("{} has no access to this inbox", user.name));
            }
        }
        let unknown = rule.teams.iter().position(|team| !self.people.teams.contains_key(team));
        if let Some(index) = unknown {
            let pointer = format!("{below}/teams/{index}");
            return Err(Fault::new(pointer, "there is no team of this id").into());
        }
        Ok(())
    }

    pub(super) fn check_in_inbox(&self, inbox: Option<InboxId>) -> Result<(), Refused> {
        match inbox {
            Some(id) if !self.people.inboxes.contains_key(&id) => {
                Err(Fault::new("/inbox", "there is no inbox of this id").into())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn check_inbox(&self, inbox: &Inbox) -> Result<(), Refused> {
        let Some(only) = &inbox.only else { return Ok(()) };
        if let Some(index) = only.users.iter().position(|user| !self.people.users.contains_key(user)) {
            let pointer = format!("/only/users/{index}");
            return Err(Fault::new(pointer, "there is no user of this id").into());
        }
        if let Some(index) = only.teams.iter().position(|team| !self.people.teams.contains_key(team)) {
            let pointer = format!("/only/teams/{index}");
            return Err(Fault::new(pointer, "there is no team of this id").into());
        }
        Ok(())
    }

    pub(super) fn check_user(&self, user: &User, ground: &Ground) -> Result<(), Refused> {
        for (index, known) in user.skills.iter().enumerate() {
            let fault =
                |below: &str, detail| Err(Fault::new(format!("/skills/{index}{below}"), detail).into());
            let Some(skill) = self.people.skills.get(&known.skill) else {
                return fault("/skill", "there is no skill of this id");
            };
            if user.skills[..index].iter().any(|other| other.skill == known.skill) {
                return fault("/skill", "the user has this skill twice");
            }
            match (skill.kind, known.level) {
                (SkillKind::Category, None) | (SkillKind::Language, Some(1..=5)) => {}
                (SkillKind::Category, Some(_)) => return fault("/level", "only a language has a level"),
                (SkillKind::Language, _) => return fault("/level", "a language has a level from 1 to 5"),
            }
        }
        self.check_reach(user, ground)
    }

    fn check_greetings(&self, greetings: &Greetings, numbers: &[String]) -> Result<(), Refused> {
        for slot in Slot::ALL {
            self.check_greeting(slot, greetings.chosen(slot), "/greetings")?;
        }
        for (number, own) in &greetings.by_number {
            let below = format!("/greetings/by_number/{}", number.replace('~', "~0").replace('/', "~1"));
            if !numbers.contains(number) {
                return Err(Fault::new(below, "this is no number of the channel").into());
            }
            if own.language.as_ref().is_some_and(|code| !["en", "nl", "nb", "de"].contains(&code.as_str())) {
                return Err(Fault::new(format!("{below}/language"), "it is en, nl, nb or de").into());
            }
            if own.ring_tone.as_ref().is_some_and(|name| !["eu", "gb", "us"].contains(&name.as_str())) {
                return Err(Fault::new(format!("{below}/ring_tone"), "it is eu, gb or us").into());
            }
            for slot in Slot::ALL {
                self.check_greeting(slot, own.chosen(slot), &below)?;
            }
        }
        Ok(())
    }

    fn check_greeting(&self, slot: Slot, greeting: Option<&Chosen>, below: &str) -> Result<(), Refused> {
        // Who is rung for, or waits, is not kept listening for long.
        let is_short = matches!(slot, Slot::BeforeRinging | Slot::WhileWaiting);
        let letters_max = if is_short { 600 } else { 2_000 };
        let is_too_long = |id: &GreetingId| {
            is_short && self.greetings.get(id).is_some_and(|greeting| greeting.length_ms > 60_000)
        };
        let fault = match greeting {
            Some(Chosen::Audio { audio }) if !self.greetings.contains_key(audio) => {
                "there is no greeting of this id".into()
            }
            Some(Chosen::Audio { audio }) if is_too_long(audio) => "it is longer than 60 seconds".into(),
            Some(Chosen::Text { text, .. }) if text.trim().is_empty() => "there is nothing to say".into(),
            Some(Chosen::Text { text, .. }) if text.chars().count() > letters_max => {
                format!("it is longer than {} characters", if is_short { "600" } else { "2,000" })
            }
            Some(Chosen::Text { language, .. }) if !is_language(language) => {
                "the language is not of the form en or en-US".into()
            }
            _ => return Ok(()),
        };
        Err(Fault::new(format!("{below}/{}", slot.name()), fault).into())
    }
}

/// Devices ring by themselves only where each asks us before it is bridged: else one agent could have two calls, and
/// somebody's own voicemail the caller.
fn check_ringing(channel: &Channel, dialect: Dialect) -> Result<(), Refused> {
    if !channel.rings_devices() || dialect.rings_devices() {
        return Ok(());
    }
    let company = dialect.company();
    let detail = format!("{company} does not ask us before it bridges a telephone that was picked up");
    Err(Fault::new("/routing/ringing", detail).into())
}

fn check_notify(notify: &Notify) -> Result<(), Refused> {
    const ADDRESSES_MAX: usize = 20;
    for (list, addresses) in
        [("voicemail", &notify.voicemail), ("missed", &notify.missed), ("last_agent", &notify.last_agent)]
    {
        if addresses.len() > ADDRESSES_MAX {
            let detail = format!("at most {ADDRESSES_MAX} addresses");
            return Err(Fault::new(format!("/notify/{list}"), detail).into());
        }
        if let Some(index) = addresses.iter().position(|address| !mail::is_address(address)) {
            let detail = "this is not an address of mail";
            return Err(Fault::new(format!("/notify/{list}/{index}"), detail).into());
        }
    }
    Ok(())
}

fn missing(dialect: Dialect) -> String {
    let company = dialect.company();
    match dialect {
        Dialect::Twilio => format!("{company} can't"),
        Dialect::SignalWire => {
            format!("{company} reaches no browsers; give them a SIP address or a telephone number")
        }
        Dialect::Somleng | Dialect::TeXml => {
            format!(
                "{company} reaches neither browsers nor telephones that are asked to press 1; give them a SIP address"
            )
        }
    }
}

fn check_times(times: OwnTimes) -> Result<(), Refused> {
    let times = [
        ("ring_seconds", times.ring_seconds, 1..=600),
        ("agent_ring_seconds", times.agent_ring_seconds, 1..=600),
        ("wait_seconds", times.wait_seconds, 0..=7200),
        ("wrap_up_seconds", times.wrap_up_seconds, 0..=3600),
        ("short_abandon_seconds", times.short_abandon_seconds, 0..=600),
        ("attach_minutes", times.attach_minutes, 0..=43_200),
    ];
    for (key, seconds, range) in times {
        if seconds.is_some_and(|seconds| !range.contains(&seconds)) {
            let detail = format!("it must be from {} to {}", range.start(), range.end());
            return Err(Fault::new(format!("/routing/{key}"), detail).into());
        }
    }
    Ok(())
}

fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let language = parts.next().is_some_and(|part| (2..=3).contains(&part.len()));
    let rest = parts.all(|part| (2..=8).contains(&part.len()));
    language && rest && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
