//! What waits for JavaScript, and whether it knows.

use super::delivery::{Delivery, Topic};
use crate::isolate::ConsoleLine;
use crate::scheduler::{Event, WorkerId};

/// Console lines that wait, and their bytes; what comes on top is dropped and counted.
const CONSOLE_LINES: usize = 10_000;
const CONSOLE_BYTES: usize = 8 << 20;

#[derive(Default)]
pub(super) struct Outbox {
    deliveries: Vec<Delivery>,
    console_lines: usize,
    console_bytes: usize,
    console_dropped: u64,
    /// JavaScript was woken and has not collected since.
    woken: bool,
    /// Which of the frequent events are listened to.
    topics: u8,
}

impl Outbox {
    pub fn push(&mut self, delivery: Delivery) {
        self.deliveries.push(delivery);
    }

    pub fn extend(&mut self, deliveries: impl IntoIterator<Item = Delivery>) {
        self.deliveries.extend(deliveries);
    }

    /// Keeps an event, if anybody listens.
    pub fn emit(&mut self, event: Event) {
        let topic = match event {
            Event::TaskStarted { .. } => Some(Topic::TaskStarted),
            Event::TaskCompleted { .. } => Some(Topic::TaskCompleted),
            Event::TaskFailed { .. } => Some(Topic::TaskFailed),
            Event::TaskRetried { .. } => Some(Topic::TaskRetried),
            Event::TaskDeadLettered { .. } => Some(Topic::TaskDeadLettered),
            _ => None,
        };
        if topic.is_none_or(|topic| self.is_heard(topic)) {
            self.push(Delivery::Event(event));
        }
    }

    /// Keeps a line, if anybody listens and there is room.
    pub fn print(&mut self, worker: WorkerId, line: ConsoleLine) {
        if !self.is_heard(Topic::Console) {
            return;
        }
        let bytes = self.console_bytes + line.text.len();
        if self.console_lines >= CONSOLE_LINES || bytes > CONSOLE_BYTES {
            self.console_dropped += 1;
        } else {
            self.console_lines += 1;
            self.console_bytes = bytes;
            self.push(Delivery::Console { worker, line });
        }
    }

    pub fn listen(&mut self, topics: impl IntoIterator<Item = Topic>) {
        self.topics = topics.into_iter().fold(0, |bits, topic| bits | topic.bit());
    }

    /// Takes everything.
    pub fn collect(&mut self) -> Vec<Delivery> {
        self.woken = false;
        self.console_lines = 0;
        self.console_bytes = 0;
        if self.console_dropped > 0 {
            let lines = std::mem::take(&mut self.console_dropped);
            self.push(Delivery::ConsoleDropped { lines });
        }
        std::mem::take(&mut self.deliveries)
    }

    /// Whether JavaScript has to be woken: once until it collects.
    pub fn call_for_collection(&mut self) -> bool {
        !self.deliveries.is_empty() && !std::mem::replace(&mut self.woken, true)
    }

    fn is_heard(&self, topic: Topic) -> bool {
        self.topics & topic.bit() != 0
    }
}
