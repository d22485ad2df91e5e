use isolane::scheduler::{Config, Event, Exit, Failure, Interruption, Outcome, Task, WorkerState};

use super::rig::{Rig, config, ms, stubborn};

const TIMEOUT: Failure<&str> = Failure::Timeout { limit: std::time::Duration::from_millis(50) };

fn limited(id: u64, max_retries: u32) -> Task<()> {
    Task { timeout: Some(ms(50)), ..stubborn(id, max_retries) }
}

fn overdue(max_retries: u32) -> Rig {
    let mut rig = Rig::new(config());
    rig.submit(limited(1, max_retries));
    assert_eq!(rig.next_tick(), Some(50));
    rig.pass(50);
    assert_eq!(rig.interrupted(), [(1, Interruption::Timeout, true)]);
    assert_eq!(rig.settled(), []);
    rig
}

#[test]
fn an_attempt_over_its_time_is_forced_to_end_and_then_fails() {
    let mut rig = overdue(0);
    rig.finish(0, 1, 1, Outcome::Interrupted);
    assert_eq!(rig.settled(), [(1, Err(TIMEOUT))]);
    assert_eq!(rig.next_tick(), None);
}

#[test]
fn a_timeout_is_retried_and_each_attempt_has_its_own_time() {
    let mut rig = overdue(1);
    rig.finish(0, 1, 1, Outcome::Interrupted);
    assert_eq!(rig.settled(), []);
    rig.pass(10);
    assert_eq!(rig.assigned(), [(0, 1, 2)]);
    rig.pass(49);
    assert_eq!(rig.interrupted(), []);
    rig.pass(1);
    assert_eq!(rig.interrupted(), [(1, Interruption::Timeout, true)]);
}

#[test]
fn a_result_that_crosses_the_interrupt_counts() {
    let mut rig = overdue(3);
    rig.finish(0, 1, 1, Outcome::Done("just in time"));
    assert_eq!(rig.settled(), [(1, Ok("just in time"))]);
}

#[test]
fn a_result_that_comes_with_the_deadline_counts() {
    let mut rig = Rig::new(config());
    rig.submit(limited(1, 0));
    rig.now += ms(60);
    rig.finish(0, 1, 1, Outcome::Done("late tick"));
    assert_eq!(rig.settled(), [(1, Ok("late tick"))]);
    assert_eq!(rig.interrupted(), []);
}

#[test]
fn a_worker_that_does_not_answer_is_abandoned_and_replaced() {
    let mut rig = overdue(0);
    assert_eq!(rig.next_tick(), Some(1_000));
    rig.pass(1_000);
    assert_eq!(rig.abandoned(), [0]);
    assert_eq!(rig.settled(), [(1, Err(TIMEOUT))]);
    assert_eq!(rig.spawned(), [(0, 2)]);
    assert_eq!(rig.state(0), WorkerState::Starting);
    assert!(
        rig.events()
            .iter()
            .any(|e| matches!(e, Event::WorkerExited { exit: Exit::Unresponsive, .. }))
    );
    assert_eq!(rig.scheduler.stats().abandoned, 1);
}

#[test]
fn the_neighbours_on_an_abandoned_worker_keep_their_attempt() {
    let mut rig = Rig::new(Config { tasks_per_worker: 2, ..config() });
    rig.submit(limited(1, 0));
    rig.submit(stubborn(2, 0));
    rig.pass(50);
    rig.pass(1_000);
    assert_eq!(rig.settled(), [(1, Err(TIMEOUT))]);
    rig.ready(0);
    assert_eq!(rig.assigned(), [(0, 2, 1)]);
}

#[test]
fn neighbours_whose_time_was_over_too_lose_their_attempt() {
    let mut rig = Rig::new(Config { tasks_per_worker: 2, ..config() });
    rig.submit(limited(1, 0));
    rig.submit(limited(2, 0));
    rig.pass(50);
    rig.pass(1_000);
    assert_eq!(rig.settled(), [(1, Err(TIMEOUT)), (2, Err(TIMEOUT))]);
}

#[test]
fn a_timeout_without_end_never_strikes() {
    let mut rig = Rig::new(config());
    rig.submit(Task { timeout: Some(std::time::Duration::MAX), ..stubborn(1, 0) });
    rig.pass(1_000 * 86_400 * 365);
    assert_eq!(rig.interrupted(), []);
}
