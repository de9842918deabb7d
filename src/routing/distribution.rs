//! Among those who may, who is first? The strategies (A14, R29) and what breaks a tie (A3).

use super::ids::{UserId, scramble};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BinaryHeap;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// All at once; the first to accept takes it.
    #[default]
    Simultaneous,
    /// One at a time, fewest open tickets of the type first.
    LoadBalanced,
    /// One at a time, in turn.
    RoundRobin,
    /// One at a time, drawn.
    Random,
    /// One at a time, whoever has been off calls for longest first.
    LongestIdle,
}

impl Strategy {
    /// As in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Simultaneous => "simultaneous",
            Self::LoadBalanced => "load_balanced",
            Self::RoundRobin => "round_robin",
            Self::Random => "random",
            Self::LongestIdle => "longest_idle",
        }
    }

    pub fn rings_one_at_a_time(self) -> bool {
        self != Self::Simultaneous
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TieBreak {
    #[default]
    LongestSinceAssigned,
    LastAssigned,
    /// As the rule lists them.
    FixedOrder,
}

/// Whose turn it was last under round robin, and where they stood in the rule, should they have left it since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub user: UserId,
    pub position: u32,
}

/// One who may be given it, with what the strategies look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entrant {
    pub user: UserId,
    /// Place in the rule: users as listed, then teams' main members.
    pub position: u32,
    pub load: u32,
    pub last_assigned: Option<DateTime<Utc>>,
    pub idle_since: Option<DateTime<Utc>>,
}

/// How one rule shares out.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    pub strategy: Strategy,
    pub tie_break: TieBreak,
    /// Round robin: the position after which the next turn begins.
    pub after: Option<u32>,
    /// Random: the number that decides. The same draw gives the same order for ever.
    pub draw: u64,
}

/// What the strategies look at, of one who stands at a place of the rule.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub user: UserId,
    pub position: u32,
    pub load: u32,
    pub last_assigned_ms: Option<i64>,
    pub idle_since: Option<DateTime<Utc>>,
}

/// Where somebody stands in an order: the lowest is asked first. No two are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    first: i64,
    tie: i64,
    position: u32,
    /// Decides nothing any more.
    load: u32,
}

impl Order {
    /// Puts the entrants in the order in which they are to be asked.
    pub fn arrange(&self, entrants: &mut [Entrant]) {
        entrants.sort_by_cached_key(|entrant| self.rank(&entrant.look()));
    }

    #[inline]
    fn rank(&self, look: &Look) -> Rank {
        let Look { position, load, .. } = *look;
        let (first, tie) = match self.strategy {
            Strategy::Simultaneous | Strategy::LoadBalanced => (i64::from(load), self.tie(look)),
            Strategy::LongestIdle => (nanoseconds(look.idle_since), self.tie(look)),
            Strategy::RoundRobin => (i64::from(self.after.is_some_and(|after| position <= after)), 0),
            Strategy::Random => {
                let drawn = scramble(self.draw ^ look.user.0.as_u64_pair().1);
                ((drawn ^ 1 << 63).cast_signed(), 0)
            }
        };
        Rank { first, tie, position, load }
    }

    #[inline]
    fn tie(&self, look: &Look) -> i64 {
        let last = look.last_assigned_ms.unwrap_or(i64::MIN + 1);
        match self.tie_break {
            TieBreak::LongestSinceAssigned => last,
            TieBreak::LastAssigned => -last,
            TieBreak::FixedOrder => 0,
        }
    }
}

/// Whoever was never on a call has been off calls for longest.
fn nanoseconds(idle_since: Option<DateTime<Utc>>) -> i64 {
    idle_since.map_or(i64::MIN, |since| since.timestamp_nanos_opt().unwrap_or(i64::MAX))
}

impl Entrant {
    fn look(&self) -> Look {
        let Self { user, position, load, last_assigned, idle_since } = *self;
        Look {
            user,
            position,
            load,
            last_assigned_ms: last_assigned.map(|at| at.timestamp_millis()),
            idle_since,
        }
    }
}

/// The first of many, picked out as they come by: there may be ten thousand, of whom one is asked.
#[derive(Debug)]
pub struct Leaders {
    order: Order,
    at_most: usize,
    /// The last of them on top.
    first: BinaryHeap<Rank>,
    behind: Behind,
}

/// Those who may be given it and are not among the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Behind {
    pub count: u32,
    pub least_load: Option<u32>,
}

impl Leaders {
    pub fn new(order: Order, at_most: usize) -> Self {
        Self { order, at_most: at_most.max(1), first: BinaryHeap::new(), behind: Behind::default() }
    }

    #[inline]
    pub fn add(&mut self, look: &Look) {
        let rank = self.order.rank(look);
        if self.first.len() < self.at_most {
            return self.first.push(rank);
        }
        let Some(mut last) = self.first.peek_mut() else { return };
        let load = match rank < *last {
            true => std::mem::replace(&mut *last, rank).load,
            false => rank.load,
        };
        self.behind.count += 1;
        self.behind.least_load = Some(self.behind.least_load.map_or(load, |least| least.min(load)));
    }

    /// Whoever came by so far is not wanted after all.
    pub fn begin_again(&mut self) {
        self.first.clear();
        self.behind = Behind::default();
    }

    /// The positions, in the order in which they are to be asked, and how many more there are.
    pub fn finish(self) -> (Vec<u32>, Behind) {
        let first = self.first.into_sorted_vec();
        (first.into_iter().map(|rank| rank.position).collect(), self.behind)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ids::Ids;
    use super::*;

    fn entrants(rows: &[(u32, Option<i64>, Option<i64>)]) -> Vec<Entrant> {
        let mut ids = Ids::new(3);
        let at = |seconds: Option<i64>| seconds.and_then(|s| DateTime::from_timestamp(s, 0));
        let rows = rows.iter().zip(0..);
        rows.map(|(&(load, last, idle), position)| Entrant {
            user: UserId(ids.next(1)),
            position,
            load,
            last_assigned: at(last),
            idle_since: at(idle),
        })
        .collect()
    }

    fn order(strategy: Strategy, tie_break: TieBreak, after: Option<u32>) -> Order {
        Order { strategy, tie_break, after, draw: 0 }
    }

    fn positions(order: Order, mut entrants: Vec<Entrant>) -> Vec<u32> {
        order.arrange(&mut entrants);
        entrants.iter().map(|e| e.position).collect()
    }

    #[test]
    fn each_strategy_and_tie_break_orders_as_its_table_says() {
        use {Strategy::*, TieBreak::*};
        let three = entrants(&[(2, Some(10), Some(50)), (1, Some(30), Some(60)), (1, None, Some(40))]);
        let table = [
            (LoadBalanced, LongestSinceAssigned, None, [2, 1, 0]),
            (LoadBalanced, LastAssigned, None, [1, 2, 0]),
            (LoadBalanced, FixedOrder, None, [1, 2, 0]),
            (Simultaneous, FixedOrder, None, [1, 2, 0]),
            (LongestIdle, FixedOrder, None, [2, 0, 1]),
            (RoundRobin, FixedOrder, None, [0, 1, 2]),
            (RoundRobin, FixedOrder, Some(0), [1, 2, 0]),
            (RoundRobin, FixedOrder, Some(2), [0, 1, 2]),
        ];
        for (strategy, tie_break, after, expected) in table {
            let got = positions(order(strategy, tie_break, after), three.clone());
            assert_eq!(got, expected, "{strategy:?} {tie_break:?} {after:?}");
        }
    }

    #[test]
    fn the_first_of_many_are_those_whom_the_whole_order_begins_with() {
        let at = |n: u32| Some(i64::from(n.wrapping_mul(7919) % 50));
        let many = entrants(&Vec::from_iter((0..300).map(|n| (n * 31 % 7, at(n), at(n + 1)))));
        for strategy in
            [Strategy::LoadBalanced, Strategy::RoundRobin, Strategy::Random, Strategy::LongestIdle]
        {
            let order = order(strategy, TieBreak::LongestSinceAssigned, Some(120));
            let whole = positions(order, many.clone());
            for at_most in [1, 7, 300, 400] {
                let mut leaders = Leaders::new(order, at_most);
                many.iter().rev().for_each(|entrant| leaders.add(&entrant.look()));
                let (got, behind) = leaders.finish();
                assert_eq!(got, whole[..at_most.min(300)], "{strategy:?}, {at_most}");
                let least = |all: &[u32]| all.iter().map(|place| many[*place as usize].load).min();
                let rest = &whole[got.len()..];
                assert_eq!((behind.count as usize, behind.least_load), (rest.len(), least(rest)));
            }
        }
    }

    #[test]
    fn draws_give_everyone_the_same_chance() {
        let three = entrants(&[(0, None, None); 3]);
        let mut firsts = [0_u32; 3];
        for draw in 0..30_000 {
            let random =
                Order { draw: scramble(draw), ..order(Strategy::Random, TieBreak::FixedOrder, None) };
            firsts[positions(random, three.clone())[0] as usize] += 1;
        }
        let chi_square: f64 = firsts.iter().map(|&n| (f64::from(n) - 10_000.0).powi(2) / 10_000.0).sum();
        assert!(chi_square < 13.8, "{firsts:?}: {chi_square}"); // 0.1 % point, two degrees of freedom
    }
}
