//! What became of it: the daemon's view of a call, the telephone company's, and whether the two agree.

use super::{Desk, LOOK_EVERY, PATIENCE};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use strowger::providers::simulator::{Caller, Record, Story};
use tokio::time::{sleep, timeout};

impl Desk {
    /// What the daemon knows of a call, by the telephone company's name for it.
    pub async fn call_of(&self, sid: &str) -> Option<Value> {
        self.api.all("calls").await.into_iter().find(|call| call["provider_call_id"] == sid)
    }

    /// Waits until the daemon's view of the call is as wished.
    pub async fn call_when(&self, sid: &str, what: &str, wished: impl Fn(&Value) -> bool) -> Value {
        let mut seen = None;
        let looking = async {
            loop {
                seen = self.call_of(sid).await;
                if let Some(call) = seen.as_ref().filter(|call| wished(call)) {
                    return call.clone();
                }
                sleep(LOOK_EVERY).await;
            }
        };
        match timeout(PATIENCE, looking).await {
            Ok(call) => call,
            Err(_) => panic!("the call never {what}; it is {seen:#?}"),
        }
    }

    /// Waits until the call is over, here and at the telephone company. Answers both views.
    pub async fn over(&self, caller: &Caller) -> (Value, Story) {
        let told = timeout(PATIENCE * 2, caller.ended()).await;
        let told = told.unwrap_or_else(|_| panic!("the caller is still there: {:#?}", caller.story()));
        let call = self.call_when(caller.sid(), "ends", |call| call["state"] == "ended").await;
        (call, told)
    }

    pub async fn ticket_of(&self, call: &Value) -> Value {
        let ticket = call["ticket"].as_str().expect("a call has a ticket");
        self.api.get(&format!("tickets/{ticket}")).await
    }

    /// The decisions made on a call: what was done, and the code of the deciding reason.
    pub async fn why(&self, call: &Value) -> Vec<(String, String)> {
        let id = call["id"].as_str().expect("a call has an id");
        let why = self.api.get(&format!("calls/{id}/why")).await;
        let decisions = why["decisions"].as_array().expect("there are decisions").iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        decisions.map(|made| (text(&made["action"]), text(&made["reasons"][0]["code"]))).collect()
    }

    /// Looks until the telephone company's books are as wished.
    pub async fn company_when(&self, what: &str, wished: impl Fn(&Record) -> bool) -> Record {
        let looking = async {
            loop {
                let record = self.company.record();
                if wished(&record) {
                    return record;
                }
                sleep(LOOK_EVERY).await;
            }
        };
        match timeout(PATIENCE, looking).await {
            Ok(record) => record,
            Err(_) => panic!("the telephone company never {what}: {:#?}", self.company.record()),
        }
    }

    /// Nothing is left open anywhere, and nobody complains.
    pub async fn check_books(&self) {
        self.check_books_but(&[]).await;
    }

    /// As `check_books`, but complaints of the telephone company that contain one of `expected` are fine.
    pub async fn check_books_but(&self, expected: &[&str]) {
        let record = self.company_when("gets rid of its calls", |record| record.live_calls().count() == 0);
        let record = record.await;
        assert_eq!(record.live_legs().count(), 0, "legs are left: {:#?}", record.legs().collect::<Vec<_>>());
        let problems =
            record.problems().filter(|problem| !expected.iter().any(|part| problem.contains(part)));
        let problems: Vec<_> = problems.collect();
        assert!(problems.is_empty(), "the telephone company complains: {problems:#?}");
        let calls = self.ended_calls().await;
        let tickets = self.api.all("tickets").await;
        let mut sids = BTreeSet::new();
        for call in &calls {
            let sid = call["provider_call_id"].as_str().expect("a call has a name there");
            assert!(sids.insert(sid), "one call, written twice: {call:#?}");
            assert!(record.calls.iter().any(|placed| placed.sid == sid), "who called? {call:#?}");
            self.check_call(call, &tickets);
        }
        for ticket in tickets.iter().filter(|ticket| ticket["type"] == "calling") {
            let first = calls.iter().find(|call| call["id"] == ticket["call"]);
            let theirs = first.is_some_and(|call| call["ticket"] == ticket["id"]);
            assert!(theirs, "a ticket is left over: {ticket:#?}");
        }
    }

    async fn ended_calls(&self) -> Vec<Value> {
        let looking = async {
            loop {
                let calls = self.api.all("calls").await;
                if calls.iter().all(|call| call["state"] == "ended") {
                    return calls;
                }
                sleep(LOOK_EVERY).await;
            }
        };
        match timeout(PATIENCE, looking).await {
            Ok(calls) => calls,
            Err(_) => panic!("not every call ends: {:#?}", self.api.all("calls").await),
        }
    }

    fn check_call(&self, call: &Value, tickets: &[Value]) {
        assert!(call["outcome"].is_string() && call["ended_at"].is_string(), "no outcome: {call:#?}");
        let own: Vec<_> = tickets.iter().filter(|ticket| ticket["call"] == call["id"]).collect();
        let others = own.iter().filter(|ticket| ticket["id"] != call["ticket"]).count();
        assert!(own.len() <= 1 && others == 0, "{call:#?} has the tickets {own:#?}");
        let its = tickets.iter().filter(|ticket| ticket["id"] == call["ticket"]).count();
        assert_eq!(its, 1, "a call without a ticket: {call:#?}");
        let offers = call["offers"].as_array().expect("a call has offers, or none");
        for offer in offers {
            assert!(offer["cause"].is_string(), "an offer of an ended call has no cause: {call:#?}");
            assert!(offer["ended_at"].is_string(), "an offer of an ended call is open: {call:#?}");
        }
    }
}

/// The offers of a call: agent and cause.
pub fn causes(call: &Value) -> BTreeMap<String, Vec<String>> {
    let mut causes = BTreeMap::<_, Vec<_>>::new();
    for offer in call["offers"].as_array().into_iter().flatten() {
        let agent = offer["agent"].as_str().unwrap_or_default().to_owned();
        causes.entry(agent).or_default().push(offer["cause"].as_str().unwrap_or("open").to_owned());
    }
    causes
}
