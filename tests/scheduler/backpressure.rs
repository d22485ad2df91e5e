use isolane::scheduler::{Config, Event, Failure, Outcome, Task};

use super::rig::{Rig, THROWN, config, ms, stubborn, task};

fn small() -> Rig {
    Rig::new(Config { max_queue: 2, ..config() })
}

#[test]
fn a_submission_beyond_the_limit_is_refused() {
    let mut rig = small();
    for id in 0..3 {
        rig.submit(task(id));
        assert_eq!(rig.settled(), []);
    }
    rig.submit(task(3));
    assert_eq!(rig.settled(), [(3, Err(Failure::QueueFull { limit: 2 }))]);
}

#[test]
fn delayed_tasks_count_and_a_free_worker_does_not_refuse() {
    let mut rig = small();
    for id in 0..2 {
        rig.submit(Task { delay: ms(50), ..task(id) });
    }
    rig.submit(task(2));
    assert_eq!(rig.assigned(), [(0, 2, 1)]);
    rig.submit(task(3));
    assert_eq!(rig.settled(), [(3, Err(Failure::QueueFull { limit: 2 }))]);
}

#[test]
fn without_a_queue_only_a_free_worker_takes_a_task() {
    let mut rig = Rig::new(Config { max_queue: 0, ..config() });
    rig.submit(task(0));
    assert_eq!(rig.assigned(), [(0, 0, 1)]);
    rig.submit(task(1));
    assert_eq!(rig.settled(), [(1, Err(Failure::QueueFull { limit: 0 }))]);
}

#[test]
fn a_retry_is_never_refused() {
    let mut rig = small();
    rig.submit(stubborn(0, 1));
    rig.submit(task(1));
    rig.submit(task(2));
    rig.finish(0, 0, 1, THROWN);
    assert_eq!(rig.settled(), []);
    assert_eq!(rig.scheduler.stats().delayed, 1);
}

#[test]
fn backpressure_is_said_once_and_drain_when_the_queue_is_empty_again() {
    let mut rig = small();
    let said = |rig: &Rig| {
        let events = rig.events().into_iter();
        events
            .filter(|e| matches!(e, Event::Backpressure { .. } | Event::Drain))
            .collect::<Vec<_>>()
    };
    rig.submit(task(0));
    rig.submit(task(1));
    assert_eq!(said(&rig), []);
    rig.submit(task(2));
    assert_eq!(said(&rig), [Event::Backpressure { depth: 2, limit: 2 }]);
    rig.finish(0, 0, 1, Outcome::Done("ok"));
    assert_eq!(said(&rig), []);
    rig.submit(task(3));
    assert_eq!(said(&rig), []);
    rig.finish(0, 1, 1, Outcome::Done("ok"));
    rig.finish(0, 2, 1, Outcome::Done("ok"));
    assert_eq!(said(&rig), [Event::Drain]);
}
