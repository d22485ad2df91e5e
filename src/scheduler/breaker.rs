//! Holds back kinds of tasks that keep failing: one circuit breaker for each kind.
//!
//! Closed, it counts failures in a row. At the threshold it opens and lets nothing through. After the
//! reset time it is half open: one task may try, and its end closes or opens it. Described by
//! Nygard, "Release It!" (2007).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::TaskId;
use super::moment::{Moment, later};

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerRules {
    /// Failed attempts in a row.
    pub failure_threshold: u32,
    pub reset: Duration,
}

/// The status of one breaker that is not at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerView {
    pub kind: Arc<str>,
    pub state: BreakerState,
    /// In a row.
    pub failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    Closed,
    /// The next one may try after this.
    Open {
        retry_after: Duration,
    },
    /// One is trying, or may try.
    HalfOpen,
}

/// How an attempt ended, as a breaker sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Success,
    Failure,
    /// It says nothing about its kind: it was aborted, given back, or wrong in itself.
    Neither,
}

/// What a verdict has changed.
pub(super) enum Change {
    Opened { failures: u32, retry_after: Duration },
    Closed,
}

pub(super) struct Breakers {
    rules: Option<BreakerRules>,
    /// Only those that are not closed without a failure: there is no end of kinds.
    breakers: BTreeMap<Arc<str>, Breaker>,
}

#[derive(Clone, Copy)]
struct Breaker {
    failures: u32,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Closed,
    Open { until: Moment },
    Trying(TaskId),
}

/// Kinds with failures that are remembered. Beyond it one is forgotten, of the closed ones if there
/// are any.
const MOST: usize = 10_000;

impl Breakers {
    pub fn new(rules: Option<BreakerRules>) -> Self {
        Self { rules, breakers: BTreeMap::new() }
    }

    /// Returns for how long this kind is held back, if it is.
    pub fn refusal(&self, kind: &str, now: Moment) -> Option<Duration> {
        if self.breakers.is_empty() {
            return None;
        }
        let rules = self.rules?;
        match self.breakers.get(kind)?.state {
            State::Closed => None,
            State::Open { until } => {
                let left = until.saturating_duration_since(now);
                (!left.is_zero()).then_some(left)
            }
            // Until the one that tries has ended, nobody knows better.
            State::Trying(_) => Some(rules.reset),
        }
    }

    /// Lets a task start that [`Breakers::refusal`] does not hold back.
    pub fn admit(&mut self, kind: &str, task: TaskId) {
        if !self.breakers.is_empty()
            && let Some(breaker) = self.breakers.get_mut(kind)
            && matches!(breaker.state, State::Open { .. })
        {
            breaker.state = State::Trying(task);
        }
    }

    /// Takes in how an attempt that had started ended.
    pub fn hear(
        &mut self,
        kind: &Arc<str>,
        task: TaskId,
        verdict: Verdict,
        now: Moment,
    ) -> Option<Change> {
        let rules = self.rules?;
        if self.breakers.is_empty() && verdict != Verdict::Failure {
            return None;
        }
        let known = self.breakers.get_mut(kind);
        match (known, verdict) {
            (None, Verdict::Success | Verdict::Neither) => None,
            (None, Verdict::Failure) => {
                self.make_room();
                let breaker = Breaker { failures: 0, state: State::Closed };
                let breaker = self.breakers.entry(kind.clone()).or_insert(breaker);
                breaker.fail(rules, now)
            }
            (Some(breaker), verdict) => match (breaker.state, verdict) {
                (State::Closed, Verdict::Failure) => breaker.fail(rules, now),
                (State::Closed, Verdict::Success) => {
                    self.breakers.remove(kind);
                    None
                }
                (State::Trying(trying), Verdict::Failure) if trying == task => {
                    breaker.fail(rules, now)
                }
                (State::Trying(trying), Verdict::Success) if trying == task => {
                    self.breakers.remove(kind);
                    Some(Change::Closed)
                }
                (State::Trying(trying), Verdict::Neither) if trying == task => {
                    breaker.state = State::Open { until: now };
                    None
                }
                // One that started before it opened.
                _ => None,
            },
        }
    }

    /// Returns those that are not at rest, by kind.
    pub fn views(&self, now: Moment) -> impl Iterator<Item = BreakerView> {
        self.breakers.iter().map(move |(kind, breaker)| {
            let state = match breaker.state {
                State::Closed => BreakerState::Closed,
                State::Open { until } if until > now => {
                    BreakerState::Open { retry_after: until.saturating_duration_since(now) }
                }
                State::Open { .. } | State::Trying(_) => BreakerState::HalfOpen,
            };
            BreakerView { kind: kind.clone(), state, failures: breaker.failures }
        })
    }

    fn make_room(&mut self) {
        if self.breakers.len() < MOST {
            return;
        }
        let closed = self.breakers.iter().find(|(_, b)| matches!(b.state, State::Closed));
        let first = closed.or_else(|| self.breakers.first_key_value());
        if let Some(kind) = first.map(|(kind, _)| kind.clone()) {
            self.breakers.remove(&kind);
        }
    }
}

impl Breaker {
    fn fail(&mut self, rules: BreakerRules, now: Moment) -> Option<Change> {
        self.failures = self.failures.saturating_add(1);
        if self.failures < rules.failure_threshold {
            return None;
        }
        self.state = State::Open { until: later(now, rules.reset) };
        Some(Change::Opened { failures: self.failures, retry_after: rules.reset })
    }
}
