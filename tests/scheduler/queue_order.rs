use isolane::scheduler::{Outcome, Priority};

use super::rig::{Rig, THROWN, config, stubborn, task};

#[test]
fn a_submission_starts_at_once_on_a_worker_with_room() {
    let mut rig = Rig::new(config());
    rig.submit(task(1));
    assert_eq!(rig.assigned(), [(0, 1, 1)]);
}

#[test]
fn a_submission_waits_for_the_first_worker_to_be_ready() {
    let mut rig = Rig::cold(config());
    rig.submit(task(1));
    assert_eq!(rig.assigned(), []);
    rig.ready(0);
    assert_eq!(rig.assigned(), [(0, 1, 1)]);
}

#[test]
fn within_a_priority_the_first_submitted_is_first() {
    let mut rig = Rig::new(config());
    for id in 0..50 {
        rig.submit(task(id));
    }
    for id in 0..49 {
        rig.finish(0, id, 1, Outcome::Done("ok"));
        assert_eq!(rig.assigned(), [(0, id + 1, 1)]);
    }
}

#[test]
fn the_lower_number_is_more_urgent() {
    let mut rig = Rig::new(config());
    rig.submit(task(0));
    for (id, priority) in [(1, 100), (2, 10), (3, 0), (4, 10)] {
        let mut task = task(id);
        task.priority = Priority(priority);
        rig.submit(task);
    }
    assert_eq!(
        rig.scheduler.by_priority().collect::<Vec<_>>(),
        [(Priority(0), 1), (Priority(10), 2), (Priority(100), 1)]
    );
    for (before, after) in [(0, 3), (3, 2), (2, 4), (4, 1)] {
        rig.finish(0, before, 1, Outcome::Done("ok"));
        assert_eq!(rig.assigned(), [(0, after, 1)]);
    }
}

#[test]
fn a_retried_task_keeps_its_place() {
    let mut rig = Rig::new(config());
    rig.submit(stubborn(0, 1));
    rig.submit(task(1));
    rig.submit(task(2));
    rig.finish(0, 0, 1, THROWN);
    assert_eq!(rig.assigned(), [(0, 1, 1)]);
    rig.pass(10);
    rig.finish(0, 1, 1, Outcome::Done("ok"));
    assert_eq!(rig.assigned(), [(0, 0, 2)]);
}

#[test]
fn the_worker_that_reports_gets_its_next_task_in_the_same_call() {
    let mut rig = Rig::new(isolane::scheduler::Config { size: 3, ..config() });
    for id in 0..6 {
        rig.submit(task(id));
    }
    rig.finish(2, 2, 1, Outcome::Done("ok"));
    assert_eq!(rig.settled(), [(2, Ok("ok"))]);
    assert_eq!(rig.assigned(), [(2, 3, 1)]);
}
