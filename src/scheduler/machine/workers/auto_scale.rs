//! Automatic scaling: adds workers while the queue is too long, and removes workers that are idle.
//!
//! Never changes the number twice within the cooldown, nor beyond the limits.

use std::time::Duration;

use crate::scheduler::effect::Effect;
use crate::scheduler::machine::alarm::Alarm;
use crate::scheduler::machine::lifetime::Lifetime;
use crate::scheduler::machine::scheduler::Scheduler;
use crate::scheduler::policy::weight::Weigh;
use crate::scheduler::timestamp::Timestamp;
use crate::scheduler::worker::status::WorkerState;

/// Time for which the queue has to be too long: a burst that the workers finish by then needs no more of
/// them.
const OVERLOAD_TIME: Duration = Duration::from_millis(100);

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    /// Tracks since when the queue is too long.
    pub(in crate::scheduler) fn track_queue_depth(&mut self) {
        let Some(rules) = self.config.auto_scale else { return };
        // The queue of a paused pool is no sign of load, and during the shutdown no worker is added.
        let counts = !self.paused && self.lifetime == Lifetime::Open;
        if !counts || self.waiting() < rules.queue_depth.max(1) {
            self.auto_scale.overloaded_since = None;
        } else if self.auto_scale.overloaded_since.is_none() {
            self.auto_scale.overloaded_since = Some(self.now);
            self.schedule_review();
        }
    }

    pub(in crate::scheduler) fn review_size(&mut self, out: &mut Vec<Effect<P, R>>) {
        self.cancel_review();
        let Some(rules) = self.config.auto_scale else { return };
        if self.lifetime != Lifetime::Open {
            return;
        }
        let (size, depth) = (self.size, self.waiting());
        if self.auto_scale.cooldown_until.is_none_or(|until| until <= self.now) {
            let tasks = rules.queue_depth.max(1);
            let is_overloaded = depth >= tasks && self.is_overload_sustained();
            if is_overloaded && !self.is_abandoned_limit_reached() {
                let to = size.saturating_add((depth / tasks).min(size));
                self.scale(to, true, out);
            } else if depth == 0 && self.has_surplus_worker(rules.idle) {
                self.scale(size - 1, true, out);
            }
        }
        if self.size != size {
            self.auto_scale.cooldown_until = Some(self.now.saturating_add(rules.cooldown));
            // The load is measured anew with the new size.
            self.auto_scale.overloaded_since = None;
        }
        self.schedule_review();
    }

    /// Schedules the next review for the earliest time at which the size may have to change.
    pub(in crate::scheduler) fn schedule_review(&mut self) {
        self.cancel_review();
        let Some(rules) = self.config.auto_scale else { return };
        let cooldown_until = self.auto_scale.cooldown_until.unwrap_or(self.now);
        // A size that was just reviewed and not changed is not reviewed again before this.
        let soon = self.now.saturating_add(OVERLOAD_TIME);
        let can_grow = self.size < self.clamp(usize::MAX);
        let overloaded_since = self.auto_scale.overloaded_since.filter(|_| can_grow);
        let grow =
            overloaded_since.map(|since| since.saturating_add(OVERLOAD_TIME).max(cooldown_until));
        let grow = grow.map(|at| if at > self.now { at } else { soon });
        let shrink = (self.size > self.clamp(0)).then(|| {
            let idle = self.slots.iter().filter(|slot| slot.is_idle());
            let since = idle.map(|slot| slot.idle_since).min().unwrap_or(self.now);
            since.saturating_add(rules.idle).max(cooldown_until).max(soon)
        });
        // While the queue is too long, no worker is removed.
        if let Some(at) = grow.or(shrink) {
            self.auto_scale.review = Some(at);
            self.set_alarm(at, Alarm::AutoScale);
        }
    }

    fn is_overload_sustained(&self) -> bool {
        let is_long = |since: Timestamp| self.now.saturating_duration_since(since) >= OVERLOAD_TIME;
        self.auto_scale.overloaded_since.is_some_and(is_long)
    }

    /// Returns whether a worker has been idle for `span`.
    ///
    /// False while workers start, because the pool has not reached its size yet.
    fn has_surplus_worker(&self, span: Duration) -> bool {
        if self.slots.iter().any(|slot| slot.wanted && slot.state == WorkerState::Starting) {
            return false;
        }
        let mut idle = self.slots.iter().filter(|slot| slot.is_idle());
        idle.any(|slot| self.now.saturating_duration_since(slot.idle_since) >= span)
    }

    fn cancel_review(&mut self) {
        if let Some(at) = self.auto_scale.review.take() {
            self.alarms.remove(&(at, Alarm::AutoScale));
        }
    }
}
