use isolane::scheduler::{Config, Exit, Outcome, Retirement, WorkerState};

use super::rig::{Rig, config, task};

const PENDING: Option<Retirement> = Some(Retirement::PendingWork);

#[test]
fn a_worn_isolate_takes_no_more_tasks_and_is_replaced() {
    let mut rig = Rig::new(config());
    rig.submit(task(1));
    rig.submit(task(2));
    rig.finish_and_retire(0, 1, 1, Outcome::Done("ok"), PENDING);
    assert_eq!(rig.settled(), [(1, Ok("ok"))]);
    assert_eq!(rig.retired(), [(0, Retirement::PendingWork)]);
    assert_eq!(rig.assigned(), []);
    rig.exit(0, Exit::Retired(Retirement::PendingWork), None);
    assert_eq!(rig.spawned(), [(0, 2)]);
    rig.ready(0);
    assert_eq!(rig.assigned(), [(0, 2, 1)]);
}

#[test]
fn the_other_tasks_on_it_end_first() {
    let mut rig = Rig::new(Config { tasks_per_worker: 2, ..config() });
    rig.submit(task(1));
    rig.submit(task(2));
    rig.finish_and_retire(0, 1, 1, Outcome::Done("ok"), PENDING);
    assert_eq!(rig.retired(), []);
    assert_eq!(rig.state(0), WorkerState::Draining);
    rig.finish(0, 2, 1, Outcome::Done("ok"));
    assert_eq!(rig.settled(), [(2, Ok("ok"))]);
    assert_eq!(rig.retired(), [(0, Retirement::PendingWork)]);
}

#[test]
fn a_worker_is_replaced_after_its_share_of_tasks() {
    let mut rig =
        Rig::new(Config { max_tasks_per_worker: Some(2), tasks_per_worker: 2, ..config() });
    for id in 1..4 {
        rig.submit(task(id));
    }
    rig.finish(0, 1, 1, Outcome::Done("ok"));
    assert_eq!(rig.assigned(), [], "the third would be beyond its share");
    rig.finish(0, 2, 1, Outcome::Done("ok"));
    assert_eq!(rig.retired(), [(0, Retirement::MaxTasks)]);
    rig.exit(0, Exit::Retired(Retirement::MaxTasks), None);
    rig.ready(0);
    assert_eq!(rig.assigned(), [(0, 3, 1)]);
}

#[test]
fn a_retirement_that_is_not_answered_ends_in_abandonment() {
    let mut rig = Rig::new(config());
    rig.submit(task(1));
    rig.finish_and_retire(0, 1, 1, Outcome::Done("ok"), PENDING);
    assert_eq!(rig.next_tick(), Some(1_000));
    rig.pass(1_000);
    assert_eq!(rig.abandoned(), [0]);
    assert_eq!(rig.spawned(), [(0, 2)]);
}

#[test]
fn a_retirement_is_no_failure() {
    let mut rig = Rig::new(config());
    for id in 1..10 {
        rig.submit(task(id));
        rig.finish_and_retire(0, id, 1, Outcome::Done("ok"), PENDING);
        rig.exit(0, Exit::Retired(Retirement::PendingWork), None);
        rig.ready(0);
    }
    assert_eq!(rig.state(0), WorkerState::Ready);
}
