//! When the attempts in flight have run for too long.
//!
//! Those of one limit run out in the order in which they started: each limit has a list, to whose end a new one
//! goes and out of whose middle one goes that has ended, without a search. There are few limits; an attempt
//! whose limit has no list is the caller's.

use std::time::Duration;

use super::moment::Moment;
use super::{TaskId, WorkerId};

/// As many are looked through.
const LISTS: usize = 8;

/// No node.
const NONE: u32 = u32::MAX;

/// An attempt in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u32);

#[derive(Default)]
pub struct Timeouts {
    nodes: Vec<Node>,
    free: Vec<u32>,
    lists: Vec<List>,
}

#[derive(Clone, Copy)]
struct Node {
    at: Moment,
    task: TaskId,
    worker: WorkerId,
    before: u32,
    after: u32,
    list: u32,
}

struct List {
    limit: Duration,
    first: u32,
    last: u32,
}

impl Timeouts {
    /// Adds an attempt that starts now, which is no earlier than it was for any other, and is too long at `at`.
    /// `None` where there are too many limits.
    pub fn add(
        &mut self,
        limit: Duration,
        at: Moment,
        worker: WorkerId,
        task: TaskId,
    ) -> Option<Ticket> {
        let list = self.list_of(limit)?;
        let before = self.lists[list].last;
        let node = Node { at, task, worker, before, after: NONE, list: list as u32 };
        let place = if let Some(place) = self.free.pop() {
            self.nodes[place as usize] = node;
            place
        } else {
            self.nodes.push(node);
            self.nodes.len() as u32 - 1
        };
        self.lists[list].last = place;
        match before {
            NONE => self.lists[list].first = place,
            before => self.nodes[before as usize].after = place,
        }
        Some(Ticket(place))
    }

    pub fn remove(&mut self, ticket: Ticket) {
        let Node { before, after, list, .. } = self.nodes[ticket.0 as usize];
        let list = &mut self.lists[list as usize];
        match before {
            NONE => list.first = after,
            before => self.nodes[before as usize].after = after,
        }
        match after {
            NONE => list.last = before,
            after => self.nodes[after as usize].before = before,
        }
        self.free.push(ticket.0);
    }

    /// The one that runs out first.
    pub fn first(&self) -> Option<(Moment, WorkerId, TaskId)> {
        let firsts = self.lists.iter().filter(|list| list.first != NONE);
        let firsts = firsts.map(|list| self.nodes[list.first as usize]);
        firsts.map(|node| (node.at, node.worker, node.task)).min()
    }

    fn list_of(&mut self, limit: Duration) -> Option<usize> {
        if let Some(list) = self.lists.iter().position(|list| list.limit == limit) {
            return Some(list);
        }
        let list = List { limit, first: NONE, last: NONE };
        if self.lists.len() < LISTS {
            self.lists.push(list);
            return Some(self.lists.len() - 1);
        }
        let unused = self.lists.iter().position(|list| list.first == NONE)?;
        self.lists[unused] = list;
        Some(unused)
    }
}
