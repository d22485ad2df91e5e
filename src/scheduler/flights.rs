//! The attempts that a worker has not answered.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::TaskId;
use super::job::Job;
use super::moment::Moment;
use super::timeouts::Ticket;

/// An attempt that a worker has not answered.
pub struct Flight<P> {
    pub task: TaskId,
    pub attempt: u32,
    pub started: Moment,
    pub phase: Phase,
    /// When the phase has lasted too long.
    pub alarm: Option<Limit>,
    /// `None` once the task is settled; the attempt still takes its place on the worker.
    pub job: Option<Job<P>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Running,
    /// Told to end.
    Signalled,
    /// Forced to end. If its task is not settled, its time was over.
    Forced,
}

/// Where the end of a phase is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Among the timeouts.
    Timeout(Ticket),
    /// Among the alarms, at this time.
    Alarm(Moment),
}

/// Those of one worker, each of another task.
pub struct Flights<P> {
    list: Vec<Flight<P>>,
    /// Their places in the list, as long as there are many.
    places: HashMap<TaskId, usize, FxBuildHasher>,
}

/// So many are found faster by looking at each.
const FEW: usize = 16;

impl<P> Default for Flights<P> {
    fn default() -> Self {
        Self { list: Vec::new(), places: HashMap::default() }
    }
}

impl<P> Flights<P> {
    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Flight<P>> {
        self.list.iter()
    }

    pub fn tasks(&self) -> Vec<TaskId> {
        self.list.iter().map(|flight| flight.task).collect()
    }

    pub fn push(&mut self, flight: Flight<P>) {
        if !self.places.is_empty() {
            self.places.insert(flight.task, self.list.len());
        }
        self.list.push(flight);
        if self.list.len() > FEW && self.places.is_empty() {
            self.places = self.list.iter().enumerate().map(|(at, f)| (f.task, at)).collect();
        }
    }

    pub fn get(&self, task: TaskId) -> Option<&Flight<P>> {
        self.list.get(self.place_of(task)?)
    }

    pub fn get_mut(&mut self, task: TaskId) -> Option<&mut Flight<P>> {
        let place = self.place_of(task)?;
        self.list.get_mut(place)
    }

    /// Takes out this attempt, if it is what there is of the task.
    pub fn take(&mut self, task: TaskId, attempt: u32) -> Option<Flight<P>> {
        let place = self.place_of(task)?;
        if self.list[place].attempt != attempt {
            return None;
        }
        let flight = self.list.swap_remove(place);
        if self.list.len() < FEW / 2 {
            self.places.clear();
        } else if !self.places.is_empty() {
            self.places.remove(&task);
            if let Some(moved) = self.list.get(place) {
                self.places.insert(moved.task, place);
            }
        }
        Some(flight)
    }

    pub fn take_all(&mut self) -> Vec<Flight<P>> {
        self.places.clear();
        std::mem::take(&mut self.list)
    }

    fn place_of(&self, task: TaskId) -> Option<usize> {
        if self.places.is_empty() {
            self.list.iter().position(|flight| flight.task == task)
        } else {
            self.places.get(&task).copied()
        }
    }
}
