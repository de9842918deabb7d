//! Which ways of sharing out a channel may be set to, by where it belongs and how it is reached: the table of the
//! product, cell by cell. What the table does not have is refused with the reason.

use super::channel::{Assignment, Channel, Mode, Way};
use crate::routing::{
    distribution::Strategy,
    ids::TeamId,
    people::{People, Seat, Team},
};

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub modes: &'static [Mode],
    pub strategies: &'static [Strategy],
    /// Whether it may be set that absent people are given tickets too (R16).
    pub may_ignore_absence: bool,
    /// What comes while the contact's owner is absent is mailed to them (R23).
    pub mails_owner: bool,
}

const EVERY: [Strategy; 3] = [Strategy::LoadBalanced, Strategy::RoundRobin, Strategy::Random];
const FEWEST: [Strategy; 1] = [Strategy::LoadBalanced];

/// The row of such a channel; `None`: there is no such channel there.
pub fn row(in_inbox: bool, way: &Way) -> Option<Row> {
    use Mode::{Agent, ContactOwner, Nobody, Specific, TeamsOnly};
    let row = |modes, strategies, may_ignore_absence, mails_owner| {
        Some(Row { modes, strategies, may_ignore_absence, mails_owner })
    };
    match (in_inbox, way) {
        (false, Way::Email(_) | Way::Whatsapp(_)) => {
            row(&[Agent, Specific, TeamsOnly, ContactOwner, Nobody], &EVERY, true, false)
        }
        (false, Way::Form(_) | Way::Api) => {
            row(&[Specific, TeamsOnly, ContactOwner, Nobody], &EVERY, true, true)
        }
        (true, Way::Email(_)) => row(&[Specific, ContactOwner, Nobody], &FEWEST, true, false),
        (true, Way::Form(_)) => row(&[Specific, ContactOwner, Nobody], &FEWEST, true, true),
        // Its switch is between these two.
        (_, Way::Chat(_)) => row(&[Specific, Nobody], &FEWEST, false, false),
        (true, Way::Whatsapp(_) | Way::Api) => None,
    }
}

/// What does not fit, and where it is in the channel's document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    pub pointer: &'static str,
    pub detail: String,
}

fn misfit<T>(pointer: &'static str, detail: impl Into<String>) -> Result<T, Misfit> {
    Err(Misfit { pointer, detail: detail.into() })
}

/// Whether the channel is set to what its row has.
pub fn check(channel: &Channel, people: &People) -> Result<(), Misfit> {
    let what = named(channel);
    let Some(row) = row(channel.inbox.is_some(), &channel.way) else {
        return misfit("/inbox", format!("{what} belongs to the help desk"));
    };
    let Assignment { mode, rule, fallback, only_available, agent } = &channel.assignment;
    if !row.modes.contains(mode) {
        let modes = listed(row.modes, Mode::name);
        return misfit("/assignment/mode", format!("{what} can't have this mode: it can have {modes}"));
    }
    if !row.strategies.contains(&rule.strategy) {
        return misfit(
            "/assignment/strategy",
            match row.strategies.len() {
                1 => format!("{what} gives to whoever has the fewest: it can have load_balanced only"),
                _ => format!("{what} can have {}", listed(row.strategies, Strategy::name)),
            },
        );
    }
    if !only_available && !row.may_ignore_absence {
        return misfit(
            "/assignment/only_available",
            format!("{what} gives to people who are available only"),
        );
    }
    let falls_back = row.modes.iter().any(|mode| mode.falls_back());
    if fallback.is_some() && !falls_back {
        return misfit("/assignment/fallback", format!("{what} has no mode that falls back"));
    }
    if agent.is_some() && !row.modes.contains(&Mode::Agent) {
        return misfit("/assignment/agent", format!("{what} has no customer agent"));
    }
    match mode {
        Mode::Agent if agent.is_none() => misfit("/assignment/agent", "this mode needs a customer agent"),
        Mode::TeamsOnly => check_team(&rule.teams, rule.users.is_empty(), people),
        Mode::Agent | Mode::Specific | Mode::ContactOwner | Mode::Nobody => Ok(()),
    }
}

/// A ticket has one team, one of whose members can be given it (R12).
fn check_team(teams: &[TeamId], no_users: bool, people: &People) -> Result<(), Misfit> {
    if !no_users {
        return misfit("/assignment/users", "with this mode a ticket goes to a team: name no users");
    }
    if teams.len() > 1 {
        return misfit("/assignment/teams", "a ticket has one team: name one");
    }
    match teams.first().and_then(|id| people.teams.get(id)) {
        Some(team) if !has_service_seat(team, people) => {
            let detail = format!("nobody in {} has a service seat", team.name);
            misfit("/assignment/teams/0", detail)
        }
        _ => Ok(()),
    }
}

/// Whether a member of it, main or extra, has a service seat.
pub fn has_service_seat(team: &Team, people: &People) -> bool {
    let members = team.main.iter().chain(&team.extra);
    members.filter_map(|id| people.users.get(id)).any(|user| user.has_seat(Seat::Service))
}

fn named(channel: &Channel) -> String {
    let what = match channel.way {
        Way::Email(_) => "an email channel",
        Way::Form(_) => "a form",
        Way::Chat(_) => "a chat",
        Way::Whatsapp(_) => "a WhatsApp channel",
        Way::Api => "an API channel",
    };
    let place = if channel.inbox.is_some() { "an inbox" } else { "the help desk" };
    format!("{what} of {place}")
}

/// `one`, `one or two`, `one, two or three`.
fn listed<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> String {
    let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "nothing".to_owned(),
    }
}

impl Mode {
    pub const ALL: [Self; 5] =
        [Self::Agent, Self::Specific, Self::TeamsOnly, Self::ContactOwner, Self::Nobody];

    /// As in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Specific => "specific",
            Self::TeamsOnly => "teams_only",
            Self::ContactOwner => "contact_owner",
            Self::Nobody => "nobody",
        }
    }

    /// Whether others are asked where the first choice does not take it.
    pub fn falls_back(self) -> bool {
        matches!(self, Self::Agent | Self::ContactOwner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::channel::{Chat, CustomerAgent, Email, Form, Whatsapp};
    use super::*;
    use crate::routing::{
        assignment::Rule,
        hours::Hours,
        ids::{ChannelId, Ids, InboxId, UserId},
        people::{Reach, Role, User},
        zone::Zone,
    };
    use std::collections::BTreeMap;

    fn ways() -> [(&'static str, Way); 5] {
        let email = Email { mailbox: "main".into(), address: "help@example.org".into(), sender: None };
        let whatsapp = Whatsapp { account: "main".into(), phone_number_id: "1".into() };
        [
            ("email", Way::Email(email)),
            ("form", Way::Form(Form::default())),
            ("whatsapp", Way::Whatsapp(whatsapp)),
            ("chat", Way::Chat(Chat::default())),
            ("custom", Way::Api),
        ]
    }

    fn channel(in_inbox: bool, way: &Way) -> Channel {
        let mut ids = Ids::new(1);
        let rule = Rule { strategy: Strategy::LoadBalanced, ..Rule::default() };
        Channel {
            id: ChannelId(ids.next(1)),
            name: "Help".into(),
            inbox: in_inbox.then(|| InboxId(ids.next(1))),
            way: way.clone(),
            enabled: true,
            makes_tickets: true,
            zone: Zone::utc(),
            hours: Hours::always(),
            assignment: Assignment { rule, only_available: true, ..Assignment::default() },
            demands: vec![],
            relax_after_minutes: None,
            reroutes: false,
            properties: BTreeMap::new(),
        }
    }

    fn agent() -> CustomerAgent {
        CustomerAgent { url: "https://agent.example.org".into(), deadline_seconds: 20 }
    }

    fn refused(channel: &Channel) -> Option<&'static str> {
        check(channel, &People::default()).err().map(|misfit| misfit.pointer)
    }

    /// The product's table: channel, its modes in order, how it may share out, whether absence may be ignored, and
    /// whether the owner is mailed.
    const TABLE: [(bool, &str, &str, &str, bool, bool); 8] = [
        (false, "email", "agent specific teams_only contact_owner nobody", "every", true, false),
        (false, "form", "specific teams_only contact_owner nobody", "every", true, true),
        (false, "whatsapp", "agent specific teams_only contact_owner nobody", "every", true, false),
        (false, "chat", "specific nobody", "fewest", false, false),
        (false, "custom", "specific teams_only contact_owner nobody", "every", true, true),
        (true, "email", "specific contact_owner nobody", "fewest", true, false),
        (true, "form", "specific contact_owner nobody", "fewest", true, true),
        (true, "chat", "specific nobody", "fewest", false, false),
    ];

    #[test]
    fn every_cell_of_the_table_is_taken_or_refused_where_it_stands() {
        for (in_inbox, way) in [false, true].into_iter().flat_map(|it| ways().map(|way| (it, way))) {
            let (name, way) = way;
            let mut channel = channel(in_inbox, &way);
            let of_table = TABLE.iter().find(|row| (row.0, row.1) == (in_inbox, name));
            let Some(&(_, _, modes, strategies, may_ignore_absence, mails_owner)) = of_table else {
                assert!(in_inbox && ["whatsapp", "custom"].contains(&name), "{name}");
                assert_eq!(refused(&channel), Some("/inbox"), "{name} has no place in an inbox");
                continue;
            };
            let cell = format!("{name}, in an inbox: {in_inbox}");
            assert_eq!(row(in_inbox, &way).map(|row| row.mails_owner), Some(mails_owner), "{cell}");
            let modes: Vec<&str> = modes.split(' ').collect();
            for mode in Mode::ALL {
                channel.assignment.mode = mode;
                channel.assignment.agent = (mode == Mode::Agent).then(agent);
                let expected = (!modes.contains(&mode.name())).then_some("/assignment/mode");
                assert_eq!(refused(&channel), expected, "{cell}: {mode:?}");
            }
            channel.assignment = Assignment { mode: Mode::Specific, agent: None, ..channel.assignment };
            let strategies: &[&str] = match strategies {
                "every" => &["load_balanced", "round_robin", "random"],
                _ => &["load_balanced"],
            };
            use Strategy::{LoadBalanced, LongestIdle, Random, RoundRobin, Simultaneous};
            for strategy in [Simultaneous, LoadBalanced, RoundRobin, Random, LongestIdle] {
                channel.assignment.rule.strategy = strategy;
                let expected = (!strategies.contains(&strategy.name())).then_some("/assignment/strategy");
                assert_eq!(refused(&channel), expected, "{cell}: {strategy:?}");
            }
            channel.assignment.rule.strategy = LoadBalanced;
            channel.assignment.only_available = false;
            let expected = (!may_ignore_absence).then_some("/assignment/only_available");
            assert_eq!(refused(&channel), expected, "{cell}: absence ignored");
            channel.assignment.only_available = true;
            channel.assignment.fallback = Some(Rule::default());
            let falls_back = modes.contains(&"agent") || modes.contains(&"contact_owner");
            let expected = (!falls_back).then_some("/assignment/fallback");
            assert_eq!(refused(&channel), expected, "{cell}: a fallback");
            channel.assignment.fallback = None;
            channel.assignment.agent = Some(agent());
            let expected = (!modes.contains(&"agent")).then_some("/assignment/agent");
            assert_eq!(refused(&channel), expected, "{cell}: a customer agent");
        }
    }

    #[test]
    fn a_refusal_says_what_there_is_instead() {
        let told = |in_inbox, index: usize, mode| {
            let mut channel = channel(in_inbox, &ways()[index].1);
            channel.assignment.mode = mode;
            check(&channel, &People::default()).err().map(|misfit| misfit.detail)
        };
        let table = [
            (
                told(true, 0, Mode::TeamsOnly),
                "an email channel of an inbox can't have this mode: it can have specific, contact_owner or nobody",
            ),
            (
                told(false, 3, Mode::ContactOwner),
                "a chat of the help desk can't have this mode: it can have specific or nobody",
            ),
            (told(true, 2, Mode::Specific), "a WhatsApp channel of an inbox belongs to the help desk"),
            (told(false, 0, Mode::Agent), "this mode needs a customer agent"),
        ];
        for (told, expected) in table {
            assert_eq!(told.as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_team_alone_is_one_team_with_somebody_who_has_a_service_seat() {
        let mut ids = Ids::new(3);
        let mut people = People::default();
        let mut user = |seats: Vec<Seat>| {
            let id = UserId(ids.next(1));
            let user = User {
                id,
                name: "Ann".into(),
                email: "ann@example.org".into(),
                role: Role::Agent,
                seats,
                ticket_access: true,
                zone: Zone::utc(),
                working_hours: None,
                out_of_office: vec![],
                capacity: None,
                skills: vec![],
                reach: Reach::Client("ann".into()),
            };
            people.users.insert(id, user);
            id
        };
        let (sales, service) = (user(vec![Seat::Sales]), user(vec![Seat::Service]));
        let mut team = |main: Vec<UserId>, extra: Vec<UserId>| {
            let id = TeamId(ids.next(1));
            people.teams.insert(id, Team { id, name: "Night".into(), main, extra });
            id
        };
        let (without, main, extra) =
            (team(vec![sales], vec![]), team(vec![sales, service], vec![]), team(vec![], vec![service]));
        let table: [(&[TeamId], &[UserId], Option<&str>); 6] = [
            (&[main], &[], None),
            (&[extra], &[], None),
            (&[without], &[], Some("/assignment/teams/0")),
            (&[main, extra], &[], Some("/assignment/teams")),
            (&[main], &[service], Some("/assignment/users")),
            // It is saved with a warning.
            (&[], &[], None),
        ];
        for (teams, users, expected) in table {
            let mut channel = channel(false, &ways()[0].1);
            channel.assignment.mode = Mode::TeamsOnly;
            (channel.assignment.rule.teams, channel.assignment.rule.users) = (teams.to_vec(), users.to_vec());
            let refused = check(&channel, &people).err().map(|misfit| misfit.pointer);
            assert_eq!(refused, expected, "{teams:?} {users:?}");
        }
    }
}
