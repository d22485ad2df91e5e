use isolane::scheduler::{Config, Exit, Failure, Input, Interruption, Outcome, Retirement, Task};

use super::rig::{Rig, THROWN, config, ms, stubborn, task};

const NOW: Input<(), &str> = Input::Close { drain_until: None };
const ENDED: Exit = Exit::Retired(Retirement::Shutdown);

fn within(rig: &Rig, millis: u64) -> Input<(), &'static str> {
    Input::Close { drain_until: Some(rig.now + ms(millis)) }
}

#[test]
fn an_idle_pool_closes_when_its_workers_are_gone() {
    let mut rig = Rig::new(Config { size: 2, ..config() });
    rig.tell(NOW);
    assert_eq!(rig.retired(), [(0, Retirement::Shutdown), (1, Retirement::Shutdown)]);
    rig.exit(0, ENDED, None);
    assert!(!rig.closed());
    rig.exit(1, ENDED, None);
    assert!(rig.closed());
    assert_eq!(rig.next_tick(), None);
}

#[test]
fn new_tasks_are_refused() {
    let mut rig = Rig::new(config());
    rig.tell(within(&rig, 1_000));
    rig.submit(task(1));
    assert_eq!(rig.settled(), [(1, Err(Failure::Closed))]);
    rig.exit(0, ENDED, None);
    assert!(rig.closed());
    rig.submit(task(2));
    assert_eq!(rig.settled(), [(2, Err(Failure::Closed))]);
}

#[test]
fn accepted_tasks_may_run_delayed_and_retried_ones_too() {
    let mut rig = Rig::new(config());
    rig.submit(stubborn(1, 1));
    rig.submit(Task { delay: ms(50), ..task(2) });
    rig.tell(within(&rig, 1_000));
    rig.finish(0, 1, 1, THROWN);
    rig.pass(10);
    assert_eq!(rig.assigned(), [(0, 1, 2)]);
    rig.finish(0, 1, 2, Outcome::Done("ok"));
    assert_eq!(rig.retired(), []);
    rig.pass(40);
    rig.finish(0, 2, 1, Outcome::Done("ok"));
    assert_eq!(rig.retired(), [(0, Retirement::Shutdown)]);
    rig.exit(0, ENDED, None);
    assert!(rig.closed());
}

#[test]
fn what_is_left_when_the_time_is_over_is_ended() {
    let mut rig = Rig::new(config());
    rig.submit(task(1));
    rig.submit(task(2));
    rig.tell(within(&rig, 1_000));
    assert_eq!(rig.next_tick(), Some(1_000));
    rig.pass(1_000);
    assert_eq!(rig.settled(), [(1, Err(Failure::Closed)), (2, Err(Failure::Closed))]);
    assert_eq!(rig.interrupted(), [(1, Interruption::Shutdown, true)]);
    rig.finish(0, 1, 1, Outcome::Interrupted);
    assert_eq!(rig.retired(), [(0, Retirement::Shutdown)]);
    rig.exit(0, ENDED, None);
    assert!(rig.closed());
}

#[test]
fn a_second_close_ends_the_drain() {
    let mut rig = Rig::new(config());
    rig.submit(task(1));
    rig.tell(within(&rig, 1_000_000));
    rig.tell(NOW);
    assert_eq!(rig.settled(), [(1, Err(Failure::Closed))]);
    rig.tell(NOW);
    assert!(rig.effects.is_empty());
}

#[test]
fn workers_that_do_not_answer_are_abandoned() {
    let mut rig = Rig::cold(Config { size: 3, ..config() });
    rig.ready(0);
    rig.ready(1);
    rig.submit(task(1));
    rig.tell(NOW);
    assert_eq!(rig.retired(), [(1, Retirement::Shutdown), (2, Retirement::Shutdown)]);
    rig.pass(1_000);
    let mut abandoned = rig.abandoned();
    abandoned.sort_unstable();
    assert_eq!(abandoned, [0, 1, 2]);
    assert!(rig.closed());
}

#[test]
fn a_paused_pool_drains_too() {
    let mut rig = Rig::new(config());
    rig.tell(Input::Pause);
    rig.submit(task(1));
    rig.tell(within(&rig, 1_000));
    assert_eq!(rig.assigned(), [(0, 1, 1)]);
    rig.tell(Input::Pause);
    rig.finish(0, 1, 1, Outcome::Done("ok"));
    assert_eq!(rig.retired(), [(0, Retirement::Shutdown)]);
}

#[test]
fn an_aborted_task_that_hangs_does_not_hold_the_end_up() {
    let mut rig = Rig::new(config());
    rig.submit(task(1));
    rig.tell(Input::Abort(isolane::scheduler::TaskId(1)));
    rig.tell(NOW);
    assert_eq!(rig.interrupted(), [(1, Interruption::Shutdown, true)]);
    rig.pass(1_000);
    assert!(rig.closed());
}

#[test]
fn a_pool_without_workers_closes_at_once() {
    let mut rig = Rig::new(Config { auto_restart: false, ..config() });
    rig.exit(0, Exit::Panicked, None);
    rig.tell(NOW);
    assert!(rig.closed());
}

#[test]
fn nothing_restarts_or_grows_at_the_end() {
    let mut rig = Rig::new(config());
    rig.submit(task(1));
    rig.tell(NOW);
    rig.tell(Input::Scale(8));
    rig.tell(Input::Restart(isolane::scheduler::WorkerId(0)));
    assert!(rig.effects.is_empty());
    rig.exit(0, Exit::Panicked, None);
    assert_eq!(rig.spawned(), []);
    assert!(rig.closed());
}
