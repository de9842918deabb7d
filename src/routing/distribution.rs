//! Among those who may, who is first? The strategies (A14, R29) and what breaks a tie (A3).

use super::ids::{UserId, scramble};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

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

impl Order {
    /// Puts the entrants in the order in which they are to be asked.
    pub fn arrange(&self, entrants: &mut [Entrant]) {
        match self.strategy {
            Strategy::Simultaneous | Strategy::LoadBalanced => {
                entrants.sort_by_key(|e| (e.load, self.tie(e)));
            }
            Strategy::LongestIdle => entrants.sort_by_key(|e| (e.idle_since, self.tie(e))),
            Strategy::RoundRobin => {
                entrants.sort_by_key(|e| (self.after.is_some_and(|after| e.position <= after), e.position));
            }
            Strategy::Random => entrants.sort_by_key(|e| scramble(self.draw ^ e.user.0.as_u64_pair().1)),
        }
    }

    fn tie(&self, entrant: &Entrant) -> (i64, u32) {
        let last = entrant.last_assigned.map_or(i64::MIN + 1, |at| at.timestamp_millis());
        match self.tie_break {
            TieBreak::LongestSinceAssigned => (last, entrant.position),
            TieBreak::LastAssigned => (-last, entrant.position),
            TieBreak::FixedOrder => (0, entrant.position),
        }
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
