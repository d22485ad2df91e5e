//! The model of the number of workers.

use std::time::{Duration, Instant};

use isolane::scheduler::{AutoScale, Config, Event};

const OVERLOAD_TIME: Duration = Duration::from_millis(100);

pub struct Scaling {
    rules: Option<AutoScale>,
    least: usize,
    most: usize,
    pub size: usize,
    /// A size that was requested and not yet set.
    wanted: Option<usize>,
    overloaded_since: Option<Instant>,
    cooldown_until: Option<Instant>,
    /// Since when a change is due.
    owed_since: Option<Instant>,
}

/// What the number of workers depends on.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// Tasks that wait for a worker.
    pub depth: usize,
    /// Whether there were any since the previous input.
    pub deep: bool,
    /// The longest idle time of a worker.
    pub idle: Option<Duration>,
    /// Whether too many workers were abandoned.
    pub abandoned_limit_reached: bool,
    /// Whether the pool is open.
    pub open: bool,
    /// Tasks that wait, or 0 if the pool is paused.
    pub pressure: usize,
}

impl Scaling {
    pub fn new(config: &Config) -> Self {
        let most = config.max_workers.max(1);
        let least = config.min_workers.clamp(1, most);
        Self {
            rules: config.auto_scale,
            least,
            most,
            size: config.size.clamp(least, most),
            wanted: None,
            overloaded_since: None,
            cooldown_until: None,
            owed_since: None,
        }
    }

    pub fn requested(&mut self, size: usize) {
        let to = size.clamp(self.least, self.most);
        self.wanted = (to != self.size).then_some(to);
        self.owed_since = None;
    }

    pub fn said(&mut self, event: &Event, need: Need, now: Instant) {
        let (&Event::ScaledUp { from, to, automatic } | &Event::ScaledDown { from, to, automatic }) =
            event
        else {
            return;
        };
        assert_eq!(from, self.size);
        assert_eq!(from < to, matches!(event, Event::ScaledUp { .. }));
        if automatic {
            assert!(!self.is_cooling_down(now), "no cooldown");
            assert_eq!(Some(to), self.owed(need, now), "{need:?}");
            let rules = self.rules.expect("it may");
            self.cooldown_until = Some(now + rules.cooldown);
            self.overloaded_since = None;
            self.owed_since = None;
        } else {
            assert_eq!(self.wanted.take(), Some(to));
        }
        assert!((self.least..=self.most).contains(&to), "out of bounds");
        self.size = to;
    }

    fn is_cooling_down(&self, now: Instant) -> bool {
        self.cooldown_until.is_some_and(|until| now < until)
    }

    /// Returns the size that is due.
    fn owed(&self, need: Need, now: Instant) -> Option<usize> {
        let rules = self.rules.filter(|_| need.open && !self.is_cooling_down(now))?;
        let tasks = rules.queue_depth.max(1);
        let overloaded = self.overloaded_since.is_some_and(|since| now >= since + OVERLOAD_TIME);
        let to = if need.depth >= tasks && overloaded && !need.abandoned_limit_reached {
            self.size + (need.depth / tasks).min(self.size)
        } else if need.depth == 0 && need.idle.is_some_and(|idle| idle >= rules.idle) {
            self.size - 1
        } else {
            self.size
        };
        let to = to.clamp(self.least, self.most);
        (to != self.size).then_some(to)
    }

    pub fn check(&mut self, need: Need, now: Instant, next_tick: Option<Instant>) {
        assert_eq!(self.wanted, None, "not scaled as heartbeat_requested");
        let Some(rules) = self.rules else { return };
        if need.open && need.pressure >= rules.queue_depth.max(1) {
            self.overloaded_since.get_or_insert(now);
        } else {
            self.overloaded_since = None;
        }
        let Some(to) = self.owed(need, now) else {
            self.owed_since = None;
            return;
        };
        if to < self.size && need.deep {
            self.owed_since = None;
        }
        let since = *self.owed_since.get_or_insert(now);
        assert!(now < since + OVERLOAD_TIME, "not scaled in time: {need:?}");
        assert!(
            next_tick.is_some_and(|tick| tick <= since + OVERLOAD_TIME),
            "not looked at in time"
        );
    }
}
