//! The model of the circuit breakers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use isolane::scheduler::{BreakerRules, BreakerState, BreakerView, Event, Scheduler, TaskId};

pub struct Breakers {
    rules: Option<BreakerRules>,
    kinds: BTreeMap<Arc<str>, Record>,
    /// Events that the scheduler has to emit.
    expected: Vec<Event>,
    pub opened: u64,
}

#[derive(Default)]
struct Record {
    failures: u32,
    open_until: Option<Instant>,
    probe: Option<TaskId>,
}

#[derive(Clone, Copy)]
pub enum End {
    Good,
    Bad,
    Neither,
}

impl Breakers {
    pub fn new(rules: Option<BreakerRules>) -> Self {
        Self { rules, kinds: BTreeMap::new(), expected: Vec::new(), opened: 0 }
    }

    /// Returns for how long a task of this kind must be held back, if it must.
    pub fn refusal(&self, kind: &str, now: Instant) -> Option<Duration> {
        let record = self.kinds.get(kind)?;
        if record.probe.is_some() {
            return self.rules.map(|rules| rules.reset);
        }
        record.open_until.filter(|until| *until > now).map(|until| until - now)
    }

    pub fn started(&mut self, kind: &str, task: TaskId, now: Instant) {
        assert_eq!(self.refusal(kind, now), None, "starts what is held back");
        if let Some(record) = self.kinds.get_mut(kind)
            && record.open_until.take().is_some()
        {
            record.probe = Some(task);
        }
    }

    pub fn ended(&mut self, kind: &Arc<str>, task: TaskId, end: End, now: Instant) {
        let Some(rules) = self.rules else { return };
        let record = self.kinds.entry(kind.clone()).or_default();
        let probe = record.probe.is_some();
        if record.open_until.is_none() && record.probe.is_none_or(|probe| probe == task) {
            record.probe = None;
            match end {
                End::Bad => {
                    record.failures += 1;
                    if probe || record.failures >= rules.failure_threshold.max(1) {
                        record.open_until = Some(now + rules.reset);
                        self.opened += 1;
                        self.expected.push(Event::CircuitOpened {
                            kind: kind.clone(),
                            failures: record.failures,
                            retry_after: rules.reset,
                        });
                    }
                }
                End::Good => {
                    record.failures = 0;
                    if probe {
                        self.expected.push(Event::CircuitClosed { kind: kind.clone() });
                    }
                }
                End::Neither if probe => record.open_until = Some(now),
                End::Neither => {}
            }
        }
        self.kinds.retain(|_, record| {
            record.failures > 0 || record.open_until.is_some() || record.probe.is_some()
        });
    }

    pub fn said(&mut self, event: &Event) {
        let place = self.expected.iter().position(|expected| expected == event);
        self.expected.remove(place.unwrap_or_else(|| panic!("{event:?} for no reason")));
    }

    pub fn check(&self, scheduler: &Scheduler<u64, u64>, now: Instant) {
        assert_eq!(self.expected, [], "left unsaid");
        let views = self.kinds.iter().map(|(kind, record)| {
            let state = match (record.probe, self.refusal(kind, now), record.open_until) {
                (None, Some(retry_after), _) => BreakerState::Open { retry_after },
                (None, None, None) => BreakerState::Closed,
                _ => BreakerState::HalfOpen,
            };
            BreakerView { kind: kind.clone(), state, failures: record.failures }
        });
        assert!(scheduler.breakers(now).eq(views), "other breakers");
    }
}
