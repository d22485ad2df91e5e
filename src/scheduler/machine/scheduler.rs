//! The state of a scheduler, and when it has to act next.
//!
//! Invariant between two inputs: while a due task waits, no worker has room, or the pool is paused. So a
//! submitted task may start at once if no due task waits, and must be queued without a search if one does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::alarm::Alarm;
use super::lifetime::Lifetime;
use super::workers::auto_scale_state::AutoScaleState;
use crate::scheduler::config::Config;
use crate::scheduler::effect::Effect;
use crate::scheduler::event::EventFilter;
use crate::scheduler::policy::breaker::Breakers;
use crate::scheduler::policy::dead_letters::DeadLetters;
use crate::scheduler::policy::weight::Weigh;
use crate::scheduler::queue::queue::Queue;
use crate::scheduler::queue::task_options::Interner;
use crate::scheduler::random::Random;
use crate::scheduler::stats::Stats;
use crate::scheduler::timestamp::Timestamp;
use crate::scheduler::worker::exit::Exit;
use crate::scheduler::worker::id::{Generation, WorkerId};
use crate::scheduler::worker::slot::Slot;
use crate::scheduler::worker::timeouts::Timeouts;

/// Decides for a pool of workers; see the [module](crate::scheduler).
pub struct Scheduler<P, R> {
    pub(super) config: Config,
    pub(super) start: Instant,
    /// The latest time of an input; it never goes back.
    pub(super) now: Timestamp,
    pub(super) queue: Queue<P>,
    pub(super) options: Interner,
    pub(super) dead_letters: DeadLetters<P, R>,
    pub(super) breakers: Breakers,
    pub(super) slots: Vec<Slot<P>>,
    /// Number of slots that are wanted.
    pub(super) size: usize,
    /// A lower bound of when something is due. It may be too early, because what was due then may have
    /// been cancelled.
    pub(super) earliest_due: Timestamp,
    /// Timeouts of running attempts.
    pub(super) timeouts: Timeouts,
    /// All other deadlines.
    pub(super) alarms: BTreeSet<(Timestamp, Alarm)>,
    /// Lost generations whose isolate is still in the process.
    pub(super) abandoned: BTreeMap<(WorkerId, Generation), Exit>,
    /// When heartbeats were last requested.
    pub(super) last_heartbeat_round: Timestamp,
    pub(super) auto_scale: AutoScaleState,
    pub(super) random: Random,
    /// The worker that got the latest task.
    pub(super) last_worker: WorkerId,
    pub(super) paused: bool,
    /// Whether `Backpressure` was emitted, and `Drain` not yet.
    pub(super) under_backpressure: bool,
    /// Whether all wanted workers are down: none runs, or will start without an input.
    pub(super) all_down: bool,
    pub(super) lifetime: Lifetime,
    pub(super) event_filter: EventFilter,
    /// The counters; its gauges are unused.
    pub(super) stats: Stats,
}

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    /// Creates a scheduler and starts its first workers.
    pub fn new(config: Config, now: Instant, out: &mut Vec<Effect<P, R>>) -> Self {
        let random = Random::new(config.seed);
        let dead_letters = DeadLetters::new(config.dead_letters);
        let breakers = Breakers::new(config.breaker);
        let mut scheduler = Self {
            config,
            start: now,
            now: Timestamp::START,
            queue: Queue::new(),
            options: Interner::default(),
            dead_letters,
            breakers,
            slots: Vec::new(),
            size: 0,
            earliest_due: Timestamp::NEVER,
            timeouts: Timeouts::default(),
            alarms: BTreeSet::new(),
            abandoned: BTreeMap::new(),
            last_heartbeat_round: Timestamp::START,
            auto_scale: AutoScaleState::default(),
            random,
            last_worker: WorkerId(u32::MAX),
            paused: false,
            under_backpressure: false,
            all_down: false,
            lifetime: Lifetime::Open,
            event_filter: EventFilter { started: true, completed: true },
            stats: Stats::default(),
        };
        scheduler.size = scheduler.clamp(scheduler.config.size);
        for _ in 0..scheduler.size {
            scheduler.add_slot(out);
        }
        scheduler.schedule_heartbeat_round();
        scheduler.schedule_review();
        scheduler
    }

    /// Returns when [`Input::Tick`](crate::scheduler::Input::Tick) has an effect, if no other input comes
    /// before.
    pub fn next_tick(&self) -> Option<Instant> {
        self.first_due().map(|at| at.to_instant(self.start))
    }

    /// Returns a lower bound of [`next_tick`](Self::next_tick), without a search.
    ///
    /// It is too early if what was due then has been cancelled.
    pub fn next_tick_lower_bound(&self) -> Option<Instant> {
        (self.earliest_due != Timestamp::NEVER).then(|| self.earliest_due.to_instant(self.start))
    }

    pub(super) fn first_due(&self) -> Option<Timestamp> {
        let alarm = self.first_alarm().map(|(at, _)| at);
        let fails_waiting = self.waiting_failure().is_some() && !self.queue.is_empty();
        let failing = fails_waiting.then_some(self.now);
        let times = [alarm, self.queue.next_tick(), self.lifetime.deadline(), failing];
        times.into_iter().flatten().min()
    }

    pub(super) fn first_alarm(&self) -> Option<(Timestamp, Alarm)> {
        let timeout = self.timeouts.first();
        let timeout = timeout.map(|(at, worker, task)| (at, Alarm::Attempt(worker, task)));
        self.alarms.first().copied().into_iter().chain(timeout).min()
    }

    pub(super) fn set_alarm(&mut self, at: Timestamp, alarm: Alarm) {
        self.alarms.insert((at, alarm));
        self.tick_by(at);
    }

    /// Ensures that a tick at `at` looks for what is due.
    pub(super) fn tick_by(&mut self, at: Timestamp) {
        self.earliest_due = self.earliest_due.min(at);
    }
}
