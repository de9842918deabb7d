//! The pure switchboard with people around it and a clock of its own, for what is measured without the daemon.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use strowger::{
    calls::{
        call::Caller,
        channel::{Channel, OwnTimes, Telephones, Times},
        decision::{Decision, TicketChange, Write},
        event::{Arrival, Event},
        switchboard::{Facts, Switchboard},
        time::{Now, Steady},
    },
    routing::{
        assignment::Rule,
        contacts::Contacts,
        distribution::{Strategy, TieBreak},
        hours::Hours,
        ids::{ChannelId, Ids, TicketId, UserId},
        joinable::Joinable,
        load::{Load, TicketType, Weight},
        people::{People, Reach, Role, Seat, User},
        zone::Zone,
    },
};

pub struct Floor {
    pub board: Switchboard,
    pub people: People,
    pub channels: HashMap<ChannelId, Channel>,
    pub users: Vec<UserId>,
    pub channel: ChannelId,
    pub load: Load,
    weights: HashMap<TicketId, Weight>,
    pub now: Now,
    contacts: Contacts,
    joinable: Joinable,
}

impl Floor {
    /// So many agents, all signed in, who hold so many open tickets together.
    pub fn new(agents: usize, tickets: usize, strategy: Strategy, own_times: OwnTimes) -> Self {
        let at = DateTime::from_timestamp(1_770_000_000, 0).expect("an instant");
        let mut ids = Ids::new(7);
        let users: Vec<User> = (0..agents).map(|n| user(UserId(ids.next(1)), n)).collect();
        let list: Vec<UserId> = users.iter().map(|user| user.id).collect();
        let id = ChannelId(ids.next(1));
        let tie_break = TieBreak::LongestSinceAssigned;
        let rule = Rule { users: list.clone(), teams: vec![], strategy, tie_break };
        let mut load = Load::default();
        for n in (0..tickets).rev() {
            let age = TimeDelta::milliseconds(i64::try_from(n).expect("a number") + 1_000);
            load.put(calling(list[n % agents], at - age));
        }
        let mut floor = Self {
            board: Switchboard::new(Ids::new(8)),
            people: People {
                users: users.into_iter().map(|user| (user.id, user)).collect(),
                ..People::default()
            },
            channels: HashMap::from([(id, channel(id, rule, own_times))]),
            users: list,
            channel: id,
            load,
            weights: HashMap::new(),
            now: Now { at, steady: Steady(at.timestamp_millis()) },
            contacts: Contacts::default(),
            joinable: Joinable::default(),
        };
        for agent in floor.users.clone() {
            floor.handle(Event::AgentConnected { agent });
        }
        floor
    }

    /// Decides, and keeps the loads up as the desk does.
    pub fn handle(&mut self, event: Event) -> Decision {
        let facts = Facts {
            people: &self.people,
            contacts: &self.contacts,
            channels: &self.channels,
            times: Times::default(),
            load: &self.load,
            joinable: &self.joinable,
            now: self.now,
        };
        let decision = self.board.handle(event, facts);
        for write in &decision.write {
            match *write {
                Write::Ticket(TicketChange::Assign { ticket, owner, at }) => {
                    let weight = calling(owner, at);
                    let before = self.weights.insert(ticket, weight);
                    self.load.change(before, Some(weight));
                }
                Write::Ticket(TicketChange::Close { ticket, .. } | TicketChange::Unassign { ticket }) => {
                    self.load.change(self.weights.remove(&ticket), None);
                }
                _ => {}
            }
        }
        decision
    }

    pub fn arrival(&self, n: u32) -> Event {
        Event::CallArrived(Arrival {
            channel: self.channel,
            provider: "main".into(),
            provider_call_id: format!("CA{n:032x}"),
            from: Caller::from(format!("+1555{n:07}")),
            to: "+431".into(),
            poll: 0,
        })
    }

    pub fn pass_to(&mut self, ms: i64) {
        let passed = ms - self.now.steady.0;
        self.now.steady = Steady(ms);
        self.now.at += TimeDelta::milliseconds(passed);
    }
}

fn calling(user: UserId, assigned_at: DateTime<Utc>) -> Weight {
    Weight { user, kind: TicketType::Calling, assigned_at }
}

fn user(id: UserId, n: usize) -> User {
    User {
        id,
        name: format!("Agent {n}"),
        email: format!("{n}@example.org"),
        role: Role::Agent,
        seats: vec![Seat::Service],
        ticket_access: true,
        zone: Zone::utc(),
        working_hours: None,
        out_of_office: vec![],
        capacity: None,
        skills: vec![],
        reach: Reach::Client(format!("agent{n}")),
    }
}

fn channel(id: ChannelId, rule: Rule, own_times: OwnTimes) -> Channel {
    Channel {
        id,
        name: "Load".into(),
        provider: "main".into(),
        telephones: Telephones::ALL,
        numbers: vec!["+431".into()],
        zone: Zone::utc(),
        hours: Hours::always(),
        rule,
        ringing: Default::default(),
        own_times,
        greetings: Default::default(),
        notify: Default::default(),
        inbox: None,
        withheld: Default::default(),
    }
}
