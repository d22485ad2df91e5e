//! The model of the dead letters.

use isolane::scheduler::{
    DeadLetter, DeadLetterLimits, Event, FailedAttempt, Failure, Scheduler, TaskId,
};

pub struct DeadLetters {
    rules: DeadLetterLimits,
    /// Oldest first.
    dead: Vec<Dead>,
    /// Events of the scheduler since the last settlement.
    said: Vec<Event>,
    pub dropped: u64,
}

struct Dead {
    task: TaskId,
    failures: Vec<FailedAttempt<u64>>,
}

impl DeadLetters {
    pub fn new(rules: DeadLetterLimits) -> Self {
        Self { rules, dead: Vec::new(), said: Vec::new(), dropped: 0 }
    }

    pub fn tasks(&self) -> Vec<TaskId> {
        self.dead.iter().map(|dead| dead.task).collect()
    }

    pub fn len(&self) -> usize {
        self.dead.len()
    }

    pub fn clear(&mut self) {
        self.dead.clear();
    }

    pub fn remove(&mut self, task: TaskId) {
        self.dead.retain(|dead| dead.task != task);
    }

    pub fn said(&mut self, event: &Event) {
        self.said.push(event.clone());
    }

    /// Takes the settlement of a task, with its failures if it failed for good.
    pub fn settled(
        &mut self,
        task: TaskId,
        failures: Option<Vec<FailedAttempt<u64>>>,
        dead_lettered: bool,
    ) {
        let (mut expected, mut keeps) = (Vec::new(), false);
        if let Some(failures) = failures.filter(|_| self.rules.max > 0) {
            let attempt = failures.last().expect("one at least").attempt;
            let dead = Dead { task, failures };
            if dead.weight() > self.rules.max_weight {
                expected.push(Event::DeadLetterDropped { task });
            } else {
                keeps = true;
                self.dead.push(dead);
                let mut gone = Vec::new();
                while self.is_over() {
                    gone.push(Event::DeadLetterDropped { task: self.dead.remove(0).task });
                }
                let dead_letters = self.dead.len();
                expected.push(Event::TaskDeadLettered { task, attempt, dead_letters });
                expected.append(&mut gone);
            }
        }
        let is_drop = |event: &&Event| matches!(event, Event::DeadLetterDropped { .. });
        self.dropped += expected.iter().filter(is_drop).count() as u64;
        assert_eq!(std::mem::take(&mut self.said), expected);
        assert_eq!(dead_lettered, keeps, "{task:?} is said to be dead_lettered, or not");
    }

    fn is_over(&self) -> bool {
        let weight: usize = self.dead.iter().map(Dead::weight).sum();
        self.dead.len() > self.rules.max || weight > self.rules.max_weight
    }

    pub fn check(&self, scheduler: &Scheduler<u64, u64>) {
        assert!(self.said.is_empty(), "{:?} without a death", self.said);
        assert_eq!(scheduler.dead_letters().count(), self.dead.len());
        for (letter, dead) in scheduler.dead_letters().zip(&self.dead) {
            assert_eq!(letter.job.id, dead.task);
            assert_eq!(letter.failures, dead.failures);
            assert_eq!(letter.failed_at, dead.failures[dead.failures.len() - 1].at);
            assert!(scheduler.has_dead_letter(dead.task));
        }
    }
}

impl Dead {
    fn weight(&self) -> usize {
        let errors = self.failures.iter().filter(|l| matches!(l.failure, Failure::Failed(_)));
        size_of::<DeadLetter<u64, u64>>()
            + size_of::<u64>()
            + self.failures.len() * size_of::<FailedAttempt<u64>>()
            + errors.count() * size_of::<u64>()
    }
}
