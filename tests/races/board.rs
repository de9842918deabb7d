//! A switchboard by itself, for what takes minutes.

use std::collections::HashMap;
use strowger::{
    calls::{
        call::{Caller as From, Outcome, Recording, State},
        channel::{Channel as Line, Greetings, OwnTimes, Times, Withheld},
        decision::{Decision, Say, Write},
        event::{Arrival, Event},
        switchboard::{Facts, Switchboard},
        time::{Now, Steady},
    },
    routing::{
        assignment::Rule,
        contacts::Contacts,
        distribution::{Strategy, TieBreak},
        hours::Hours,
        ids::{CallId, ChannelId, Ids},
        joinable::Joinable,
        load::Load,
        people::People,
        zone::Zone,
    },
};

/// A switchboard without agents, and a caller who is being asked for a message; time passes as told.
pub struct Board {
    pub board: Switchboard,
    pub people: People,
    pub channels: HashMap<ChannelId, Line>,
    pub load: Load,
    pub now: Now,
    pub call: CallId,
    pub outcome: Option<Outcome>,
}

impl Board {
    pub fn with_a_caller() -> Self {
        let mut ids = Ids::new(7);
        let channel = ChannelId(ids.next(1));
        let at = chrono::DateTime::from_timestamp(1_770_000_000, 0).unwrap();
        let (strategy, tie_break) = (Strategy::Simultaneous, TieBreak::LongestSinceAssigned);
        let line = Line {
            id: channel,
            name: "Support".into(),
            telephones: strowger::calls::channel::Telephones::ALL,
            ringing: strowger::calls::channel::Ringing::default(),
            provider: "main".into(),
            numbers: vec![],
            zone: Zone::utc(),
            hours: Hours::always(),
            rule: Rule { users: vec![], teams: vec![], strategy, tie_break },
            own_times: OwnTimes::default(),
            greetings: Greetings::default(),
            inbox: None,
            withheld: Withheld::Ring,
            notify: Default::default(),
        };
        let mut board = Self {
            board: Switchboard::new(Ids::new(8)),
            people: People::default(),
            channels: HashMap::from([(channel, line)]),
            load: Load::default(),
            now: Now { at, steady: Steady(at.timestamp_millis()) },
            call: CallId(ids.next(1)),
            outcome: None,
        };
        board.says(Event::CallArrived(Arrival {
            channel,
            provider: "main".into(),
            provider_call_id: format!("CA{:032}", 1),
            from: From::Known("+4366012345".into()),
            to: "+4312345".into(),
            poll: 0,
        }));
        board.call = board.board.calls().next().expect("the call is live").id;
        board
    }

    pub fn says(&mut self, event: Event) -> Decision {
        let Self { board, people, channels, load, now, .. } = self;
        let contacts = &Contacts::default();
        let (joinable, times) = (&Joinable::default(), Times::default());
        let facts = Facts { people, contacts, channels, times, load, joinable, now: *now };
        let decision = board.handle(event, facts);
        for write in &decision.write {
            if let Write::Call(call) = write
                && let State::Ended { outcome, .. } = call.state
            {
                assert_eq!(self.outcome.replace(outcome), None, "it ended twice");
            }
        }
        decision
    }

    /// Lets so many seconds pass. How often the telephone company was asked for recordings, if at all.
    pub fn looks_within(&mut self, seconds: u32) -> Option<usize> {
        let until = self.now.steady.plus_seconds(seconds);
        let mut looks = 0;
        while let Some(due) = self.board.next_deadline().filter(|due| *due <= until) {
            self.pass(due);
            let said = self.says(Event::TimePassed).say;
            looks += said.iter().filter(|say| matches!(say, Say::FindRecordings { .. })).count();
        }
        self.pass(until);
        (looks > 0).then_some(looks)
    }

    fn pass(&mut self, until: Steady) {
        self.now = Now { at: self.now.wall(until), steady: until };
    }

    pub fn keeps(&mut self, recording: Recording) {
        let ticket = self.board.call(self.call).expect("the call is live").ticket;
        self.says(Event::RecordingKept { call: self.call, ticket, recording, sha256: "0".repeat(64) });
    }
}
