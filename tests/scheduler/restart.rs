use isolane::scheduler::{Config, Event, Exit, Failure, Input, Outcome, WorkerId, WorkerState};

use super::rig::{Rig, THROWN, config, stubborn, task};

const RESTART: Input<(), &str> = Input::Restart(WorkerId(0));

fn down() -> Rig {
    let mut rig = Rig::cold(config());
    rig.exit(0, Exit::StartFailed, None);
    rig.exit(0, Exit::StartFailed, None);
    rig.pass(5_000);
    rig.submit(task(1));
    rig.exit(0, Exit::StartFailed, None);
    rig
}

#[test]
fn the_first_loss_is_replaced_at_once_and_the_next_after_a_cooldown() {
    let mut rig = Rig::cold(config());
    rig.exit(0, Exit::StartFailed, None);
    assert_eq!(rig.spawned(), [(0, 2)]);
    rig.exit(0, Exit::Panicked, None);
    assert_eq!(rig.spawned(), []);
    assert_eq!(rig.state(0), WorkerState::Cooling);
    assert_eq!(rig.next_tick(), Some(5_000));
    rig.pass(5_000);
    assert_eq!(rig.spawned(), [(0, 3)]);
    assert_eq!(rig.scheduler.stats().workers_restarted, 2);
}

#[test]
fn a_slot_that_is_lost_too_often_stays_down() {
    let rig = down();
    assert_eq!(rig.spawned(), []);
    assert_eq!(rig.state(0), WorkerState::Down);
    assert!(rig.events().contains(&Event::WorkerDown { worker: WorkerId(0), failures: 3 }));
}

#[test]
fn without_a_worker_left_no_task_waits() {
    let mut rig = down();
    assert_eq!(rig.settled(), [(1, Err(Failure::WorkerLost))]);
    rig.submit(task(2));
    assert_eq!(rig.settled(), [(2, Err(Failure::WorkerLost))]);
}

#[test]
fn another_worker_lets_the_tasks_wait() {
    let mut rig = Rig::new(Config { size: 2, auto_restart: false, ..config() });
    rig.submit(task(1));
    rig.submit(task(2));
    rig.submit(stubborn(3, 1));
    rig.exit(0, Exit::Panicked, None);
    assert_eq!(rig.settled(), []);
    rig.finish(1, 2, 1, Outcome::Done("ok"));
    assert_eq!(rig.assigned(), [(1, 1, 1)]);
    rig.exit(1, Exit::Panicked, Some(1));
    assert_eq!(rig.settled(), [(1, Err(Failure::WorkerLost)), (3, Err(Failure::WorkerLost))]);
}

#[test]
fn a_restart_brings_a_slot_back_that_was_down() {
    let mut rig = down();
    rig.tell(RESTART);
    assert_eq!(rig.spawned(), [(0, 4)]);
    rig.submit(task(2));
    rig.ready(0);
    assert_eq!(rig.assigned(), [(0, 2, 1)]);
    rig.exit(0, Exit::Panicked, None);
    assert_eq!(rig.spawned(), [(0, 5)], "its failures are forgotten");
}

#[test]
fn an_answer_ends_the_row_of_failures() {
    let mut rig = Rig::new(config());
    rig.submit(stubborn(1, 9));
    for attempt in 1..8 {
        rig.exit(0, Exit::Panicked, None);
        assert_eq!(rig.spawned(), [(0, attempt + 1)]);
        rig.ready(0);
        rig.finish(0, 1, attempt, THROWN);
        rig.pass(1_000);
    }
}

#[test]
fn a_restart_waits_for_the_tasks_in_flight() {
    let mut rig = Rig::new(config());
    rig.submit(task(1));
    rig.submit(task(2));
    rig.tell(RESTART);
    assert_eq!(rig.retired(), []);
    assert_eq!(rig.state(0), WorkerState::Draining);
    rig.finish(0, 1, 1, Outcome::Done("ok"));
    let why = isolane::scheduler::Retirement::Restart;
    assert_eq!(rig.retired(), [(0, why)]);
    assert_eq!(rig.assigned(), []);
    rig.exit(0, Exit::Retired(why), None);
    assert_eq!(rig.spawned(), [(0, 2)]);
    rig.ready(0);
    assert_eq!(rig.assigned(), [(0, 2, 1)]);
}
