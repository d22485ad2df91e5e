//! The number of workers, where the scheduler may choose it: more while tasks queue up, fewer while
//! workers have nothing to do.

use std::time::Duration;

use super::super::Effect;
use super::super::letters::Weigh;
use super::super::moment::{Moment, later};
use super::super::worker::WorkerState;
use super::closing::Lifetime;
use super::{Alarm, Scheduler};

/// A queue has to be long for this long: a burst that the workers are through with by then needs none.
const PATIENCE: Duration = Duration::from_millis(100);

#[derive(Default)]
pub(super) struct Scaling {
    /// The queue is too long since, without a break.
    pressed_since: Option<Moment>,
    /// No change before.
    rests_until: Option<Moment>,
    /// When the size is looked at next.
    review: Option<Moment>,
}

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    /// Notices when the queue gets too long, and when it no longer is.
    pub(super) fn watch_queue(&mut self) {
        let Some(rules) = self.config.auto_scale else { return };
        // Of a paused pool it says nothing, and at the end no worker is added.
        let counts = !self.paused && self.lifetime == Lifetime::Open;
        if !counts || self.depth() < rules.queue_depth.max(1) {
            self.scaling.pressed_since = None;
        } else if self.scaling.pressed_since.is_none() {
            self.scaling.pressed_since = Some(self.now);
            self.plan_review();
        }
    }

    pub(super) fn review_size(&mut self, out: &mut Vec<Effect<P, R>>) {
        self.silence_review();
        let Some(rules) = self.config.auto_scale else { return };
        if self.lifetime != Lifetime::Open {
            return;
        }
        let (size, depth) = (self.size, self.depth());
        if self.scaling.rests_until.is_none_or(|until| until <= self.now) {
            let tasks = rules.queue_depth.max(1);
            if depth >= tasks && self.is_pressed_long() && !self.is_crowded() {
                let to = size.saturating_add((depth / tasks).min(size));
                self.scale(to, true, out);
            } else if depth == 0 && self.has_idled(rules.idle) {
                self.scale(size - 1, true, out);
            }
        }
        if self.size != size {
            self.scaling.rests_until = Some(later(self.now, rules.cooldown));
            // The new size has to show what it can do.
            self.scaling.pressed_since = None;
        }
        self.plan_review();
    }

    /// Looks at the size again as soon as it may be wrong.
    pub(super) fn plan_review(&mut self) {
        self.silence_review();
        let Some(rules) = self.config.auto_scale else { return };
        let rest = self.scaling.rests_until.unwrap_or(self.now);
        // What was not changed though it was time stays so for now.
        let soon = later(self.now, PATIENCE);
        let pressed = self.scaling.pressed_since.filter(|_| self.size < self.clamp(usize::MAX));
        let more = pressed.map(|since| later(since, PATIENCE).max(rest));
        let more = more.map(|at| if at > self.now { at } else { soon });
        let fewer = (self.size > self.clamp(0)).then(|| {
            let idle = self.slots.iter().filter(|slot| slot.is_idle());
            let since = idle.map(|slot| slot.idle_since).min().unwrap_or(self.now);
            later(since, rules.idle).max(rest).max(soon)
        });
        // While tasks wait none can go.
        if let Some(at) = more.or(fewer) {
            self.scaling.review = Some(at);
            self.set_alarm(at, Alarm::Scaling);
        }
    }

    /// Tasks that a free worker would take.
    fn depth(&self) -> usize {
        self.queue.len() - self.queue.delayed()
    }

    fn is_pressed_long(&self) -> bool {
        let since = self.scaling.pressed_since;
        since.is_some_and(|since| self.now.saturating_duration_since(since) >= PATIENCE)
    }

    /// Whether there is a worker too many. Not while some start: the pool has not reached its size yet.
    fn has_idled(&self, span: Duration) -> bool {
        if self.slots.iter().any(|slot| slot.wanted && slot.state == WorkerState::Starting) {
            return false;
        }
        let mut idle = self.slots.iter().filter(|slot| slot.is_idle());
        idle.any(|slot| self.now.saturating_duration_since(slot.idle_since) >= span)
    }

    fn silence_review(&mut self) {
        if let Some(at) = self.scaling.review.take() {
            self.alarms.remove(&(at, Alarm::Scaling));
        }
    }
}
