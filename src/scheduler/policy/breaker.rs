//! Circuit breakers: hold back kinds of tasks that keep failing, with one breaker for each kind.
//!
//! A closed breaker counts consecutive failures. At the threshold it opens and lets nothing through. After
//! the reset time it is half open: one task may run as a probe, and its result closes or opens the breaker.
//! Described by Nygard, "Release It!" (2007).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::scheduler::task::TaskId;
use crate::scheduler::timestamp::Timestamp;

/// Configures when a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerRules {
    /// Consecutive failed attempts after which it opens.
    pub failure_threshold: u32,
    /// Time from opening to half open.
    pub reset: Duration,
}

/// The status of a breaker that has recorded a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerView {
    pub kind: Arc<str>,
    pub state: BreakerState,
    /// Consecutive failures.
    pub failures: u32,
}

/// The state of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    Closed,
    /// A probe may run after `retry_after`.
    Open {
        retry_after: Duration,
    },
    /// A probe is running, or may run.
    HalfOpen,
}

/// The result of an attempt, as a breaker counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scheduler) enum Verdict {
    Success,
    Failure,
    /// The result says nothing about the kind: the attempt was aborted or given back, or would fail in
    /// the same way again.
    Ignored,
}

/// A change of the state of a breaker.
pub(in crate::scheduler) enum Transition {
    Opened { failures: u32, retry_after: Duration },
    Closed,
}

pub(in crate::scheduler) struct Breakers {
    rules: Option<BreakerRules>,
    /// Only breakers with a failure, because the number of kinds is unbounded.
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
    Open {
        until: Timestamp,
    },
    /// Half open, with this task as the probe.
    Probing(TaskId),
}

/// Maximum number of kinds with failures. Beyond it, one is removed, preferably a closed one.
const MAX_KINDS: usize = 10_000;

impl Breakers {
    pub fn new(rules: Option<BreakerRules>) -> Self {
        Self { rules, breakers: BTreeMap::new() }
    }

    /// Returns for how long this kind is held back, if it is.
    pub fn retry_after(&self, kind: &str, now: Timestamp) -> Option<Duration> {
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
            // When the probe ends is unknown.
            State::Probing(_) => Some(rules.reset),
        }
    }

    /// Notes the start of a task that [`Breakers::retry_after`] does not hold back. It becomes the probe
    /// of a breaker that is half open.
    pub fn admit(&mut self, kind: &str, task: TaskId) {
        if !self.breakers.is_empty()
            && let Some(breaker) = self.breakers.get_mut(kind)
            && matches!(breaker.state, State::Open { .. })
        {
            breaker.state = State::Probing(task);
        }
    }

    /// Records the result of an attempt.
    pub fn record(
        &mut self,
        kind: &Arc<str>,
        task: TaskId,
        verdict: Verdict,
        now: Timestamp,
    ) -> Option<Transition> {
        let rules = self.rules?;
        if self.breakers.is_empty() && verdict != Verdict::Failure {
            return None;
        }
        let breaker = self.breakers.get_mut(kind);
        match (breaker, verdict) {
            (None, Verdict::Success | Verdict::Ignored) => None,
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
                (State::Probing(probe), Verdict::Failure) if probe == task => {
                    breaker.fail(rules, now)
                }
                (State::Probing(probe), Verdict::Success) if probe == task => {
                    self.breakers.remove(kind);
                    Some(Transition::Closed)
                }
                (State::Probing(probe), Verdict::Ignored) if probe == task => {
                    breaker.state = State::Open { until: now };
                    None
                }
                // The attempt started before the breaker opened.
                _ => None,
            },
        }
    }

    /// Returns the breakers with a failure, by kind.
    pub fn views(&self, now: Timestamp) -> impl Iterator<Item = BreakerView> {
        self.breakers.iter().map(move |(kind, breaker)| {
            let state = match breaker.state {
                State::Closed => BreakerState::Closed,
                State::Open { until } if until > now => {
                    BreakerState::Open { retry_after: until.saturating_duration_since(now) }
                }
                State::Open { .. } | State::Probing(_) => BreakerState::HalfOpen,
            };
            BreakerView { kind: kind.clone(), state, failures: breaker.failures }
        })
    }

    fn make_room(&mut self) {
        if self.breakers.len() < MAX_KINDS {
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
    fn fail(&mut self, rules: BreakerRules, now: Timestamp) -> Option<Transition> {
        self.failures = self.failures.saturating_add(1);
        if self.failures < rules.failure_threshold {
            return None;
        }
        self.state = State::Open { until: now.saturating_add(rules.reset) };
        Some(Transition::Opened { failures: self.failures, retry_after: rules.reset })
    }
}
