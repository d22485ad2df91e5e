//! Load balancing: which of the workers with room gets the next task.
//!
//! Requirements of a task (a capability, an affinity) narrow the candidates before this; it decides only
//! among workers that are all suitable.

use crate::scheduler::worker::id::WorkerId;

/// How tasks are distributed over the workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balance {
    /// The next worker in the order of their ids.
    RoundRobin,
    /// The worker with the fewest tasks in flight; among equals the first, whose caches are the warmest.
    LeastLoaded,
}

impl Balance {
    /// Picks one of `candidates`, which are ordered by id and paired with their number of tasks in
    /// flight. `last` is the worker that got the previous task.
    pub(in crate::scheduler) fn pick(
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
