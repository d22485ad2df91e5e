//! The timeouts of the attempts in flight.
//!
//! Attempts with the same limit expire in the order of their starts. So each limit has a doubly linked list:
//! a new attempt is appended, and one that has ended is unlinked, both in O(1). The number of limits is
//! bounded; the caller handles an attempt whose limit has no list.

use std::time::Duration;

use super::id::WorkerId;
use crate::scheduler::task::TaskId;
use crate::scheduler::timestamp::Timestamp;

/// Maximum number of lists, because they are searched linearly.
const MAX_LISTS: usize = 8;

/// Stands for no node.
const NONE: u32 = u32::MAX;

/// Identifies an attempt in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeoutId(u32);

/// The lists of attempts, one for each limit.
#[derive(Default)]
pub struct Timeouts {
    nodes: Vec<Node>,
    free: Vec<u32>,
    lists: Vec<List>,
}

#[derive(Clone, Copy)]
struct Node {
    at: Timestamp,
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
    /// Adds an attempt that starts now and expires at `at`. No attempt that was added before started later.
    ///
    /// Returns `None` if there are too many limits.
    pub fn add(
        &mut self,
        limit: Duration,
        at: Timestamp,
        worker: WorkerId,
        task: TaskId,
    ) -> Option<TimeoutId> {
        let list = self.list_of(limit)?;
        let before = self.lists[list].last;
        let node = Node { at, task, worker, before, after: NONE, list: list as u32 };
        let index = if let Some(index) = self.free.pop() {
            self.nodes[index as usize] = node;
            index
        } else {
            self.nodes.push(node);
            self.nodes.len() as u32 - 1
        };
        self.lists[list].last = index;
        match before {
            NONE => self.lists[list].first = index,
            before => self.nodes[before as usize].after = index,
        }
        Some(TimeoutId(index))
    }

    pub fn remove(&mut self, id: TimeoutId) {
        let Node { before, after, list, .. } = self.nodes[id.0 as usize];
        let list = &mut self.lists[list as usize];
        match before {
            NONE => list.first = after,
            before => self.nodes[before as usize].after = after,
        }
        match after {
            NONE => list.last = before,
            after => self.nodes[after as usize].before = before,
        }
        self.free.push(id.0);
    }

    /// Returns the attempt that expires first.
    pub fn first(&self) -> Option<(Timestamp, WorkerId, TaskId)> {
        let lists = self.lists.iter().filter(|list| list.first != NONE);
        let firsts = lists.map(|list| self.nodes[list.first as usize]);
        firsts.map(|node| (node.at, node.worker, node.task)).min()
    }

    fn list_of(&mut self, limit: Duration) -> Option<usize> {
        if let Some(list) = self.lists.iter().position(|list| list.limit == limit) {
            return Some(list);
        }
        let list = List { limit, first: NONE, last: NONE };
        if self.lists.len() < MAX_LISTS {
            self.lists.push(list);
            return Some(self.lists.len() - 1);
        }
        let unused = self.lists.iter().position(|list| list.first == NONE)?;
        self.lists[unused] = list;
        Some(unused)
    }
}
