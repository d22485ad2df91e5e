//! The position of each waiting task, by its id.
//!
//! Takes one or two bytes for each task: ids are consecutive, so the positions of 64 of them share a page.

use std::collections::BTreeMap;

use crate::scheduler::task::{Priority, TaskId};

/// Where a task waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Among the due tasks of this priority.
    Due(Priority),
    /// Among the delayed tasks.
    Delayed,
}

/// A map from task ids to positions.
#[derive(Default)]
pub struct QueueIndex {
    /// No page is empty.
    pages: BTreeMap<u64, Page>,
    /// The page that was written last, with its number. It is not in `pages`, and may be empty.
    latest: Option<(u64, Page)>,
    len: usize,
}

#[derive(Clone, Copy)]
struct Page {
    priorities: [u8; PAGE],
    /// One bit for each task that waits.
    used: u64,
    /// One bit for each of them that is delayed.
    delayed: u64,
}

const PAGE: usize = u64::BITS as usize;

const EMPTY: Page = Page { priorities: [0; PAGE], used: 0, delayed: 0 };

/// Returns the number of the page of a task, and the index in it.
fn split(task: TaskId) -> (u64, usize) {
    (task.0 / PAGE as u64, (task.0 % PAGE as u64) as usize)
}

impl QueueIndex {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn insert(&mut self, task: TaskId, position: Position) {
        let (number, at) = split(task);
        let page = self.open(number);
        let bit = 1 << at;
        let is_new = page.used & bit == 0;
        page.used |= bit;
        match position {
            Position::Due(priority) => {
                page.priorities[at] = priority.0;
                page.delayed &= !bit;
            }
            Position::Delayed => page.delayed |= bit,
        }
        self.len += usize::from(is_new);
    }

    /// Makes a page the latest one.
    fn open(&mut self, number: u64) -> &mut Page {
        if self.latest.as_ref().is_none_or(|(latest, _)| *latest != number) {
            let page = self.pages.remove(&number).unwrap_or(EMPTY);
            if let Some((number, page)) = self.latest.filter(|(_, page)| page.used != 0) {
                self.pages.insert(number, page);
            }
            self.latest = Some((number, page));
        }
        &mut self.latest.get_or_insert((number, EMPTY)).1
    }

    pub fn remove(&mut self, task: TaskId) -> Option<Position> {
        let (number, at) = split(task);
        let page = match &mut self.latest {
            Some((latest, page)) if *latest == number => page,
            _ => self.pages.get_mut(&number)?,
        };
        let bit = 1 << at;
        if page.used & bit == 0 {
            return None;
        }
        page.used &= !bit;
        let position = if page.delayed & bit == 0 {
            Position::Due(Priority(page.priorities[at]))
        } else {
            Position::Delayed
        };
        self.len -= 1;
        if page.used == 0 {
            // The latest page is not in the map, and stays.
            self.pages.remove(&number);
        }
        Some(position)
    }

    /// Returns the task that was submitted first.
    pub fn first(&self) -> Option<TaskId> {
        let latest = self.latest.as_ref().filter(|(_, page)| page.used != 0);
        let latest = latest.map(|(number, page)| (number, page));
        let all = self.pages.first_key_value().into_iter().chain(latest);
        let (number, page) = all.min_by_key(|(number, _)| **number)?;
        Some(TaskId(number * PAGE as u64 + u64::from(page.used.trailing_zeros())))
    }
}
