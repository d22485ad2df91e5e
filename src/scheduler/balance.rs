//! Which of the workers with room gets the next task.
//!
//! What a task demands of its worker (a capability, an affinity) narrows the candidates before
//! they come here; this decides only among those that would all do.

use super::worker::WorkerId;

/// How tasks are spread over the workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balance {
    /// The next one in turn.
    RoundRobin,
    /// The one with the fewest tasks in flight, and of those the first: it is the warmest.
    LeastLoaded,
}

impl Balance {
    /// Picks one of `candidates`, which come in the order of their ids with their tasks in flight.
    /// `last` had the previous task.
    pub(super) fn pick(
        self,
        candidates: impl Iterator<Item = (WorkerId, usize)>,
        last: WorkerId,
    ) -> Option<WorkerId> {
        let mut best: Option<(WorkerId, usize)> = None;
        for (worker, load) in candidates {
            match self {
                Self::RoundRobin if worker > last => return Some(worker),
                Self::LeastLoaded if load == 0 => return Some(worker),
                Self::RoundRobin => best = best.or(Some((worker, load))),
                Self::LeastLoaded => {
                    if best.is_none_or(|(_, least)| load < least) {
                        best = Some((worker, load));
                    }
                }
            }
        }
        best.map(|(worker, _)| worker)
    }
}
