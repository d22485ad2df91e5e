//! What waits for JavaScript, and whether it knows. It has a lock of its own, which is held for moments: the
//! JavaScript thread does not wait for the scheduler to collect.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use parking_lot::Mutex;

use super::delivery::{Delivery, Topic};
use crate::isolate::ConsoleLine;
use crate::scheduler::{Event, WorkerId};

/// Console lines that wait, and their bytes; what comes on top is dropped and counted.
const CONSOLE_LINES: usize = 10_000;
const CONSOLE_BYTES: usize = 8 << 20;

#[derive(Default)]
pub(super) struct Outbox {
    state: Mutex<State>,
    /// 1 where there is anything, and else 0: JavaScript sees it without a call.
    flag: AtomicU32,
    /// Which of the frequent events are listened to.
    topics: AtomicU8,
}

#[derive(Default)]
struct State {
    deliveries: Vec<Delivery>,
    console_lines: usize,
    console_bytes: usize,
    console_dropped: u64,
    attention: Attention,
}

/// When JavaScript is to be woken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Attention {
    /// For anything.
    #[default]
    Asleep,
    /// For anything but results. For these before the tasks that wait for a worker come to their end, so that
    /// none has nothing to do; it looks by itself soon.
    Dozing,
    /// It was woken, or looks at the flag.
    Awake,
}

/// Results that wake a JavaScript thread that dozes, however many tasks wait.
const MANY: usize = 1024;
/// One for so many tasks that wait does, too: the others keep the workers busy until it has read them and handed
/// over the next ones.
const SHARE: usize = 5;
/// But to be woken for fewer than this takes longer than it brings, unless there are fewer that wait.
const FEW: usize = 8;

impl Outbox {
    pub fn flag(&self) -> &AtomicU32 {
        &self.flag
    }

    /// Takes all of these in, and says whether JavaScript has to be woken for them. `waiting` tasks wait for a
    /// worker.
    pub fn post(&self, deliveries: &mut Vec<Delivery>, waiting: usize) -> bool {
        if deliveries.is_empty() {
            return false;
        }
        let is_result = |delivery: &Delivery| matches!(delivery, Delivery::Settled { .. });
        let are_results = deliveries.iter().all(is_result);
        let mut state = self.state.lock();
        state.deliveries.append(deliveries);
        let enough = (waiting / SHARE).max(waiting.min(FEW)).min(MANY);
        let are_few = state.deliveries.len() < enough;
        if state.attention == Attention::Dozing && are_results && are_few {
            self.flag.store(1, Ordering::Relaxed);
            return false;
        }
        self.announce(&mut state)
    }

    /// Takes a line in, if anybody listens and there is room, and says whether JavaScript has to be woken.
    pub fn print(&self, worker: WorkerId, line: ConsoleLine) -> bool {
        if !self.is_heard(Topic::Console) {
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
        self.announce(&mut state)
    }

    /// Once until JavaScript says that it is not awake.
    fn announce(&self, state: &mut State) -> bool {
        self.flag.store(1, Ordering::Relaxed);
        std::mem::replace(&mut state.attention, Attention::Awake) != Attention::Awake
    }

    pub fn listen(&self, topics: impl IntoIterator<Item = Topic>) {
        let topics = topics.into_iter().fold(0, |bits, topic| bits | topic.bit());
        self.topics.store(topics, Ordering::Relaxed);
    }

    /// Whether an event is to be made at all.
    pub fn wants(&self, event: &Event) -> bool {
        let topic = match event {
            Event::TaskStarted { .. } => Topic::TaskStarted,
            Event::TaskCompleted { .. } => Topic::TaskCompleted,
            Event::TaskFailed { .. } => Topic::TaskFailed,
            Event::TaskRetried { .. } => Topic::TaskRetried,
            Event::TaskDeadLettered { .. } => Topic::TaskDeadLettered,
            _ => return true,
        };
        self.is_heard(topic)
    }

    pub fn is_heard(&self, topic: Topic) -> bool {
        self.topics.load(Ordering::Relaxed) & topic.bit() != 0
    }

    /// Takes everything, and notes how JavaScript waits for what comes next.
    pub fn collect(&self, attention: Attention) -> Vec<Delivery> {
        let mut state = self.state.lock();
        self.flag.store(0, Ordering::Relaxed);
        state.attention = attention;
        state.console_lines = 0;
        state.console_bytes = 0;
        if state.console_dropped > 0 {
            let lines = std::mem::take(&mut state.console_dropped);
            state.deliveries.push(Delivery::ConsoleDropped { lines });
        }
        std::mem::take(&mut state.deliveries)
    }

    /// JavaScript looks at the flag from now on.
    pub fn stay_awake(&self) {
        self.state.lock().attention = Attention::Awake;
    }
}
