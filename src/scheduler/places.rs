//! Where each waiting task is, by its number, in a byte or two: tasks are numbered in their order, so those of
//! 64 numbers are kept together.

use std::collections::BTreeMap;

use super::{Priority, TaskId};

/// Where a task waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Among the due ones of its priority.
    Due(Priority),
    Delayed,
}

#[derive(Default)]
pub struct Places {
    /// None is empty.
    pages: BTreeMap<u64, Page>,
    /// The page that was written last, with its number; not among the others.
    latest: Option<(u64, Page)>,
    len: usize,
}

#[derive(Clone, Copy)]
struct Page {
    priorities: [u8; PAGE],
    /// Who waits, and who of them is delayed, a bit for each.
    used: u64,
    delayed: u64,
}

const PAGE: usize = u64::BITS as usize;

const EMPTY: Page = Page { priorities: [0; PAGE], used: 0, delayed: 0 };

fn split(task: TaskId) -> (u64, usize) {
    (task.0 / PAGE as u64, (task.0 % PAGE as u64) as usize)
}

impl Places {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn put(&mut self, task: TaskId, place: Place) {
        let (number, at) = split(task);
        let page = self.open(number);
        let bit = 1 << at;
        let is_new = page.used & bit == 0;
        page.used |= bit;
        match place {
            Place::Due(priority) => {
                page.priorities[at] = priority.0;
                page.delayed &= !bit;
            }
            Place::Delayed => page.delayed |= bit,
        }
        self.len += usize::from(is_new);
    }

    /// Has a page be the latest one.
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

    pub fn take(&mut self, task: TaskId) -> Option<Place> {
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
        let place = if page.delayed & bit == 0 {
            Place::Due(Priority(page.priorities[at]))
        } else {
            Place::Delayed
        };
        self.len -= 1;
        if page.used == 0 {
            // The latest one is not there, and stays.
            self.pages.remove(&number);
        }
        Some(place)
    }

    /// The first submitted of all.
    pub fn first(&self) -> Option<TaskId> {
        let latest = self.latest.as_ref().filter(|(_, page)| page.used != 0);
        let latest = latest.map(|(number, page)| (number, page));
        let all = self.pages.first_key_value().into_iter().chain(latest);
        let (number, page) = all.min_by_key(|(number, _)| **number)?;
        Some(TaskId(number * PAGE as u64 + u64::from(page.used.trailing_zeros())))
    }
}
