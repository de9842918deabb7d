//! What the switchboard is told: people, channels, loads, the time. And, by other code than its own, who could take
//! a call.

use super::{Day, chance::Chance};
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use std::collections::{BTreeSet, HashMap};
use strowger::calls::{
    agents::Occupation,
    channel::{Channel, Greeting, Greetings, OwnTimes, Times, Withheld},
    time::{Now, Steady},
};
use strowger::routing::{
    assignment::Rule,
    availability::ByHand,
    contacts::{Blocked, Contact, Contacts},
    distribution::{Strategy, TieBreak},
    hours::{Hours, Weekly},
    ids::{ChannelId, ContactId, Ids, TeamId, UserId},
    joinable::Joinable,
    load::{Load, TicketType},
    people::{OutOfOffice, People, Reach, Role, Seat, Team, User},
    zone::Zone,
};

pub const TIMES: Times = Times {
    ring_seconds: 25,
    agent_ring_seconds: 15,
    wait_seconds: 0,
    wrap_up_seconds: 0,
    connect_seconds: 8,
    misses_until_away: 3,
    short_abandon_seconds: 5,
    attach_minutes: 0,
};

// Who calls.
pub const PLAIN: &str = "+431234567";
pub const SOMEWHAT: &str = "+431000003";
pub const VERY: &str = "+431000009";
pub const BUSY: &str = "+431000010";
pub const MESSAGE: &str = "+431000011";
pub const VOICEMAIL: &str = "+431000012";
pub const WITHHELD: &str = "anonymous";

/// How far a caller goes before others.
pub fn priority(from: &str) -> u8 {
    match from {
        SOMEWHAT => 3,
        VERY => 9,
        _ => 0,
    }
}

pub struct World {
    pub people: People,
    pub contacts: Contacts,
    pub joinable: Joinable,
    pub channels: HashMap<ChannelId, Channel>,
    pub users: Vec<UserId>,
    pub channel_ids: Vec<ChannelId>,
    pub load: Load,
    pub now: Now,
}

/// How a user stands towards one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    Free,
    /// Free, but rung for something.
    Rung,
    Busy,
    /// Busy, and with as many open tickets as they may have.
    BusyAndFull,
    Absent,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let at = DateTime::from_timestamp(1_770_000_000, 0).expect("an instant");
        let mut ids = Ids::new(seed);
        let users: Vec<User> = (0..12).map(|n| user(UserId(ids.next(1)), n, at)).collect();
        let of: Vec<UserId> = users.iter().map(|user| user.id).collect();
        let (main, extra) = (of[5..9].to_vec(), of[9..11].to_vec());
        let team = Team { id: TeamId(ids.next(1)), name: "Team".into(), main, extra };
        let reserve = vec![of[11]];
        let empty = Team { id: TeamId(ids.next(1)), name: "Empty".into(), main: vec![], extra: reserve };
        let strategies = [
            (Strategy::Simultaneous, TieBreak::LongestSinceAssigned),
            (Strategy::LoadBalanced, TieBreak::LongestSinceAssigned),
            (Strategy::RoundRobin, TieBreak::FixedOrder),
            (Strategy::Random, TieBreak::FixedOrder),
            (Strategy::LongestIdle, TieBreak::FixedOrder),
            (Strategy::RoundRobin, TieBreak::LastAssigned),
        ];
        let channels = strategies.into_iter().enumerate().map(|(n, (strategy, tie_break))| {
            let teams = if n.is_multiple_of(2) { vec![team.id] } else { vec![] };
            let rule = Rule { users: of[n..n + 4].to_vec(), teams, strategy, tie_break };
            channel(ChannelId(ids.next(1)), rule, n)
        });
        let channels: Vec<Channel> = channels.collect();
        Self {
            users: of,
            channel_ids: channels.iter().map(|channel| channel.id).collect(),
            channels: channels.into_iter().map(|channel| (channel.id, channel)).collect(),
            people: People {
                users: users.into_iter().map(|user| (user.id, user)).collect(),
                teams: HashMap::from([(team.id, team), (empty.id, empty)]),
                ..People::default()
            },
            contacts: contacts(&mut ids),
            joinable: Joinable::default(),
            load: Load::default(),
            now: Now { at, steady: Steady(at.timestamp_millis()) },
        }
    }

    /// Somebody joins or leaves a rule, or a channel closes or opens.
    pub fn change_a_setting(&mut self, chance: &mut Chance) {
        let user = chance.among(&self.users);
        let channel = self.channels.get_mut(&chance.among(&self.channel_ids)).expect("a channel");
        if chance.one_in(3) {
            let hours = &mut channel.hours;
            hours.closed_until = match hours.closed_until {
                None => Some(self.now.at + TimeDelta::minutes(5)),
                Some(_) => None,
            };
            return;
        }
        let users = &mut channel.rule.users;
        match users.iter().position(|id| *id == user) {
            Some(index) if users.len() > 2 => drop(users.remove(index)),
            Some(_) => {}
            None => users.insert(chance.below(users.len() + 1), user),
        }
    }

    pub fn is_open(&self, channel: ChannelId) -> bool {
        self.channels[&channel].hours.closed_until.is_none_or(|until| until <= self.now.at)
    }

    /// How a caller is met who rings nobody.
    pub fn blocked(&self, from: &str, channel: ChannelId) -> Option<&'static str> {
        let n = self.channel_ids.iter().position(|id| *id == channel).expect("a channel");
        match from {
            BUSY => Some("busy"),
            MESSAGE => Some("message"),
            VOICEMAIL => Some("voicemail"),
            WITHHELD => [None, Some("busy"), Some("voicemail")][n % 3],
            _ => None,
        }
    }

    /// How long ago, in milliseconds, anything may have happened on a ticket that this caller joins.
    pub fn joins_within_ms(&self, from: &str, channel: ChannelId) -> Option<i64> {
        let n = self.channel_ids.iter().position(|id| *id == channel).expect("a channel");
        let minutes = [Some(2), None, Some(30)][n % 3].filter(|_| from != WITHHELD);
        minutes.map(|minutes| minutes * 60_000)
    }

    pub fn rings_one_at_a_time(&self, channel: ChannelId) -> bool {
        self.channels[&channel].rule.strategy != Strategy::Simultaneous
    }

    /// The channel's users, then its teams' main members, each once.
    pub fn routed(&self, channel: ChannelId) -> Vec<UserId> {
        let rule = &self.channels[&channel].rule;
        let mut routed: Vec<UserId> = Vec::new();
        let main = rule.teams.iter().flat_map(|team| &self.people.teams[team].main);
        for user in rule.users.iter().chain(main) {
            if !routed.contains(user) {
                routed.push(*user);
            }
        }
        routed
    }

    fn is_at_work(&self, user: &User) -> bool {
        let at = self.now.at;
        let out = user.out_of_office.iter().any(|out| (out.from..out.until).contains(&at));
        let shift = user.working_hours.is_none() || at.minute() < 30;
        !out && shift
    }

    pub fn wait_ms(&self, channel: ChannelId) -> i64 {
        i64::from(self.channels[&channel].own_times.wait_seconds.unwrap_or(TIMES.wait_seconds)) * 1000
    }

    pub fn wrap_up_ms(&self, channel: ChannelId) -> i64 {
        i64::from(self.channels[&channel].own_times.wrap_up_seconds.unwrap_or(TIMES.wrap_up_seconds)) * 1000
    }

    /// At an ordinary telephone anything might pick up.
    pub fn presses_key(&self, agent: UserId) -> bool {
        matches!(self.people.users[&agent].reach, Reach::Number(_))
    }

    pub fn leg_seconds(&self, agent: UserId) -> u32 {
        match self.people.users[&agent].reach {
            Reach::Client(_) => 8,
            _ => 20,
        }
    }
}

impl Day {
    /// Could they take a call that they neither declined nor failed to be connected to (`out`)?
    pub fn stand(&self, id: UserId, out: &BTreeSet<UserId>) -> Stand {
        let user = &self.world.people.users[&id];
        let Some(agent) = self.board.known_agent(id) else { return Stand::Absent };
        let by_hand = match &agent.by_hand {
            ByHand::Available => true,
            ByHand::Away { until, .. } => until.is_some_and(|until| until <= self.world.now.at),
        };
        let phone = agent.phone();
        let works = phone.connected && phone.registered && phone.microphone && phone.reachable;
        let may = user.seats.contains(&Seat::Service) && user.ticket_access && self.world.is_at_work(user);
        if !(by_hand && works && may) || out.contains(&id) {
            return Stand::Absent;
        }
        let open = self.world.load.of(id, TicketType::Calling);
        let full = user.capacity.is_some_and(|most| open >= most);
        match (agent.occupation, full) {
            (Occupation::Free, true) => Stand::Absent,
            (Occupation::Free, false) if agent.offers.is_empty() => Stand::Free,
            (Occupation::Free, false) => Stand::Rung,
            (_, true) => Stand::BusyAndFull,
            (_, false) => Stand::Busy,
        }
    }
}

fn contacts(ids: &mut Ids) -> Contacts {
    let mut contacts = Contacts::default();
    let known = [
        (SOMEWHAT, None),
        (VERY, None),
        (BUSY, Some(Blocked::Busy)),
        (MESSAGE, Some(Blocked::Message)),
        (VOICEMAIL, Some(Blocked::Voicemail)),
    ];
    for (number, blocked) in known {
        let (numbers, priority) = (vec![number.into()], priority(number));
        let contact = Contact { numbers, blocked, priority, ..Contact::of_name(number) };
        contacts.save(ContactId(ids.next(1)), contact);
    }
    contacts
}

fn user(id: UserId, n: u32, start: DateTime<Utc>) -> User {
    let first_half_hours = || {
        let spans: Vec<_> = (0..24).map(|h| [format!("{h:02}:00"), format!("{h:02}:30")]).collect();
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|day| (day, &spans));
        Weekly::from_json(&serde_json::json!(HashMap::from(days))).expect("weekly hours")
    };
    let out = OutOfOffice { from: start + TimeDelta::hours(1), until: start + TimeDelta::minutes(100) };
    User {
        id,
        name: format!("Agent {n}"),
        email: format!("agent{n}@example.org"),
        role: Role::Agent,
        seats: if n == 3 { vec![Seat::Sales] } else { vec![Seat::Service] },
        ticket_access: n != 4,
        zone: Zone::utc(),
        working_hours: (n == 7).then(first_half_hours),
        out_of_office: if n == 8 { vec![out] } else { vec![] },
        capacity: (n == 2).then_some(5),
        skills: vec![],
        reach: match n {
            2 | 6 => Reach::Number(format!("+431234{n}")),
            5 => Reach::Sip("sip:agent5@example.org".into()),
            _ => Reach::Client(format!("agent{n}")),
        },
    }
}

fn words() -> Greeting {
    Greeting::Text { text: "Hello".into(), language: "en-US".into() }
}

fn channel(id: ChannelId, rule: Rule, n: usize) -> Channel {
    let own_times = OwnTimes {
        wait_seconds: (n.is_multiple_of(2) || n == 5).then_some(30),
        wrap_up_seconds: (n == 1).then_some(3),
        attach_minutes: [Some(2), None, Some(30)][n % 3],
        ..OwnTimes::default()
    };
    Channel {
        id,
        name: format!("Channel {n}"),
        telephones: strowger::calls::channel::Telephones::ALL,
        provider: "main".into(),
        numbers: vec![],
        zone: Zone::utc(),
        hours: Hours::always(),
        rule,
        ringing: Default::default(),
        own_times,
        greetings: Greetings {
            before_ringing: n.is_multiple_of(3).then(words),
            while_waiting: n.is_multiple_of(2).then(words),
            ..Greetings::default()
        },
        inbox: None,
        withheld: [Withheld::Ring, Withheld::Busy, Withheld::Voicemail][n % 3],
        notify: Default::default(),
    }
}
