use isolane::scheduler::{Config, Exit, Failure, Outcome};

use super::rig::{Rig, config, stubborn, task};

#[test]
fn the_culprit_loses_its_attempt_and_the_others_keep_theirs() {
    let mut rig = Rig::new(Config { tasks_per_worker: 3, ..config() });
    rig.submit(stubborn(1, 0));
    rig.submit(stubborn(2, 1));
    rig.submit(task(3));
    rig.exit(0, Exit::Panicked, Some(2));
    assert_eq!(rig.settled(), []);
    rig.ready(0);
    assert_eq!(rig.assigned(), [(0, 1, 1), (0, 3, 1)]);
    rig.pass(10);
    assert_eq!(rig.assigned(), [(0, 2, 2)]);
}

#[test]
fn a_culprit_without_attempts_left_fails() {
    let mut rig = Rig::new(config());
    rig.submit(task(1));
    rig.exit(0, Exit::Panicked, Some(1));
    assert_eq!(rig.settled(), [(1, Err(Failure::WorkerLost))]);
}

#[test]
fn an_end_that_nobody_asked_for_costs_the_attempt() {
    let mut rig = Rig::new(config());
    rig.submit(stubborn(1, 1));
    rig.finish(0, 1, 1, Outcome::Interrupted);
    rig.pass(10);
    assert_eq!(rig.assigned(), [(0, 1, 2)]);
    rig.finish(0, 1, 2, Outcome::Interrupted);
    assert_eq!(rig.settled(), [(1, Err(Failure::WorkerLost))]);
}

#[test]
fn a_task_given_back_may_run_on_another_worker() {
    let mut rig = Rig::new(Config { size: 2, ..config() });
    rig.submit(task(1));
    rig.exit(0, Exit::Panicked, None);
    assert_eq!(rig.assigned(), [(1, 1, 1)]);
    assert_eq!(rig.spawned(), [(0, 2)]);
}
