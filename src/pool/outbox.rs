//! The messages that wait for JavaScript, and when it is woken for them.
//!
//! Has its own lock, which is held only briefly, so that the JavaScript thread can collect without waiting for
//! the scheduler.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use parking_lot::Mutex;

use super::delivery::{Delivery, Topic};
use crate::isolate::ConsoleLine;
use crate::scheduler::{Event, WorkerId};

/// Limits of the waiting console lines, in number and in bytes. Further lines are dropped and counted.
const CONSOLE_LINES: usize = 10_000;
const CONSOLE_BYTES: usize = 8 << 20;

/// A queue of messages to JavaScript.
#[derive(Default)]
pub struct Outbox {
    state: Mutex<State>,
    /// 1 if there are messages, otherwise 0. JavaScript reads it without a call.
    flag: AtomicU32,
    /// The topics that have a listener, one bit each.
    topics: AtomicU8,
}

#[derive(Default)]
struct State {
    deliveries: Vec<Delivery>,
    console_lines: usize,
    console_bytes: usize,
    console_dropped: u64,
    wake_mode: WakeMode,
}

/// When the JavaScript thread is woken for new messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WakeMode {
    /// For every message.
    #[default]
    Immediate,
    /// For every message except results, and for a batch of results.
    ///
    /// A batch is small enough for the JavaScript thread to submit new tasks before the workers run out of
    /// waiting ones. Meanwhile the JavaScript thread polls at intervals.
    Batched,
    /// Never: it was woken, or polls the flag.
    Polling,
}

/// Maximum size of a batch, however many tasks wait.
const MAX_BATCH: usize = 1024;
/// Number of waiting tasks for each result of a batch: they keep the workers busy until JavaScript has read the
/// results and submitted the next tasks.
const WAITING_PER_RESULT: usize = 5;
/// Minimum size of a batch, unless fewer tasks wait: waking the thread for fewer results costs more than it
/// saves.
const MIN_BATCH: usize = 8;

impl Outbox {
    pub fn flag(&self) -> &AtomicU32 {
        &self.flag
    }

    /// Appends messages, and returns whether JavaScript has to be woken for them. `waiting` is the number of
    /// tasks that wait for a worker.
    pub fn post(&self, deliveries: &mut Vec<Delivery>, waiting: usize) -> bool {
        if deliveries.is_empty() {
            return false;
        }
        let is_result = |delivery: &Delivery| matches!(delivery, Delivery::Settled { .. });
        let are_results = deliveries.iter().all(is_result);
        let mut state = self.state.lock();
        state.deliveries.append(deliveries);
        let batch = (waiting / WAITING_PER_RESULT).max(waiting.min(MIN_BATCH)).min(MAX_BATCH);
        let is_incomplete = state.deliveries.len() < batch;
        if state.wake_mode == WakeMode::Batched && are_results && is_incomplete {
            self.flag.store(1, Ordering::Relaxed);
            return false;
        }
        self.needs_wake(&mut state)
    }

    /// Appends a console line if there is a listener and room, and returns whether JavaScript has to be woken.
    pub fn print(&self, worker: WorkerId, line: ConsoleLine) -> bool {
        if !self.has_listener(Topic::Console) {
            return false;
        }
        let mut state = self.state.lock();
        let bytes = state.console_bytes + line.text.len();
        if state.console_lines >= CONSOLE_LINES || bytes > CONSOLE_BYTES {
            state.console_dropped += 1;
        } else {
            state.console_lines += 1;
            state.console_bytes = bytes;
            state.deliveries.push(Delivery::Console { worker, line });
        }
        self.needs_wake(&mut state)
    }

    /// Returns whether JavaScript has to be woken: once, until it collects.
    fn needs_wake(&self, state: &mut State) -> bool {
        self.flag.store(1, Ordering::Relaxed);
        std::mem::replace(&mut state.wake_mode, WakeMode::Polling) != WakeMode::Polling
    }

    /// Sets the topics that have a listener.
    pub fn listen(&self, topics: impl IntoIterator<Item = Topic>) {
        let topics = topics.into_iter().fold(0, |bits, topic| bits | topic.bit());
        self.topics.store(topics, Ordering::Relaxed);
    }

    /// Returns whether an event has a listener, or is always delivered.
    pub fn wants(&self, event: &Event) -> bool {
        let topic = match event {
            Event::TaskStarted { .. } => Topic::TaskStarted,
            Event::TaskCompleted { .. } => Topic::TaskCompleted,
            Event::TaskFailed { .. } => Topic::TaskFailed,
            Event::TaskRetried { .. } => Topic::TaskRetried,
            Event::TaskDeadLettered { .. } => Topic::TaskDeadLettered,
            _ => return true,
        };
        self.has_listener(topic)
    }

    pub fn has_listener(&self, topic: Topic) -> bool {
        self.topics.load(Ordering::Relaxed) & topic.bit() != 0
    }

    /// Takes all messages, and sets when JavaScript is woken for the next ones.
    pub fn collect(&self, wake_mode: WakeMode) -> Vec<Delivery> {
        let mut state = self.state.lock();
        self.flag.store(0, Ordering::Relaxed);
        state.wake_mode = wake_mode;
        state.console_lines = 0;
        state.console_bytes = 0;
        if state.console_dropped > 0 {
            let lines = std::mem::take(&mut state.console_dropped);
            state.deliveries.push(Delivery::ConsoleDropped { lines });
        }
        std::mem::take(&mut state.deliveries)
    }

    /// Notes that JavaScript polls the flag from now on.
    pub fn start_polling(&self) {
        self.state.lock().wake_mode = WakeMode::Polling;
    }
}
