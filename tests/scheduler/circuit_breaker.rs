use std::time::Duration;

use isolane::scheduler::{
    BreakerRules, BreakerState, BreakerView, Config, Event, Exit, Failure, Input, Outcome, Task,
    TaskId,
};

use super::rig::{Rig, THROWN, config, ms, stubborn, task};

const OK: Outcome<&str> = Outcome::Done("ok");
const WRONG: Outcome<&str> = Outcome::Failed { error: "wrong", retryable: false };

fn guarded(failure_threshold: u32, reset: Duration) -> Rig {
    let breaker = Some(BreakerRules { failure_threshold, reset });
    Rig::new(Config { breaker, size: 2, ..config() })
}

fn other(id: u64) -> Task<()> {
    Task { kind: "other".into(), ..task(id) }
}

/// Opens at the third failure.
fn open() -> Rig {
    let mut rig = guarded(3, ms(1_000));
    for id in 0..3 {
        rig.submit(task(id));
        rig.finish(0, id, 1, THROWN);
    }
    rig
}

fn half_open() -> Rig {
    let mut rig = open();
    rig.pass(1_000);
    rig.submit(task(3));
    assert_eq!(rig.assigned(), [(0, 3, 1)]);
    rig
}

fn refused(rig: &mut Rig, id: u64) -> Option<Duration> {
    rig.submit(task(id));
    match rig.settled().pop() {
        Some((_, Err(Failure::CircuitOpen { retry_after }))) => Some(retry_after),
        _ => None,
    }
}

fn view(state: BreakerState, failures: u32) -> Vec<BreakerView> {
    vec![BreakerView { kind: "kind".into(), state, failures }]
}

#[test]
fn it_opens_at_the_threshold_and_refuses_its_kind_alone() {
    let mut rig = open();
    let retry_after = ms(1_000);
    let opened = Event::CircuitOpened { kind: "kind".into(), failures: 3, retry_after };
    assert!(rig.events().contains(&opened));
    assert_eq!(rig.breakers(), view(BreakerState::Open { retry_after }, 3));
    rig.pass(400);
    assert_eq!(refused(&mut rig, 4), Some(ms(600)));
    assert_eq!(rig.scheduler.stats().rejected, 1);
    assert_eq!(rig.dead_lettered(), [(4, false)], "refused, it never was a task");
    rig.submit(other(5));
    assert_eq!(rig.assigned(), [(0, 5, 1)]);
    assert_eq!(rig.scheduler.stats().circuits_opened, 1);
}

#[test]
fn only_failures_in_a_row_count() {
    let mut rig = guarded(2, ms(1_000));
    for (id, outcome) in [(0, THROWN), (1, OK), (2, THROWN), (3, OK)] {
        rig.submit(task(id));
        rig.finish(0, id, 1, outcome);
    }
    assert_eq!(rig.breakers(), []);
    rig.submit(task(4));
    rig.finish(0, 4, 1, THROWN);
    assert_eq!(rig.breakers(), view(BreakerState::Closed, 1));
}

#[test]
fn each_attempt_counts_and_each_way_to_fail() {
    let mut rig = guarded(3, ms(1_000));
    rig.submit(stubborn(1, 5));
    rig.finish(0, 1, 1, THROWN);
    rig.pass(10);
    rig.finish(0, 1, 2, Outcome::MemoryLimit);
    rig.pass(20);
    rig.exit(0, Exit::Panicked, Some(1));
    assert!(rig.events().iter().any(|e| matches!(e, Event::CircuitOpened { failures: 3, .. })));
}

#[test]
fn what_says_nothing_of_its_kind_does_not_count() {
    let mut rig = guarded(1, ms(1_000));
    rig.submit(task(1));
    rig.finish(0, 1, 1, WRONG);
    rig.submit(task(2));
    rig.tell(Input::Abort(TaskId(2)));
    rig.finish(0, 2, 1, Outcome::Interrupted);
    rig.submit(task(3));
    rig.exit(0, Exit::Panicked, None);
    assert_eq!(rig.breakers(), []);
    rig.finish(1, 3, 1, THROWN);
    assert_eq!(rig.breakers().len(), 1);
}

#[test]
fn half_open_it_lets_one_try() {
    let mut rig = half_open();
    assert_eq!(rig.breakers(), view(BreakerState::HalfOpen, 3));
    assert_eq!(refused(&mut rig, 4), Some(ms(1_000)));
}

#[test]
fn before_its_time_it_lets_none_try() {
    let mut rig = open();
    rig.pass(999);
    assert_eq!(refused(&mut rig, 4), Some(ms(1)));
}

#[test]
fn a_success_closes_it() {
    let mut rig = half_open();
    rig.finish(0, 3, 1, OK);
    assert!(rig.events().contains(&Event::CircuitClosed { kind: "kind".into() }));
    assert_eq!(rig.breakers(), []);
    for id in 4..6 {
        rig.submit(task(id));
        rig.finish(0, id, 1, THROWN);
    }
    assert_eq!(refused(&mut rig, 6), None, "it counts from the start");
}

#[test]
fn a_failure_opens_it_for_another_time() {
    let mut rig = half_open();
    rig.pass(10);
    rig.finish(0, 3, 1, THROWN);
    let retry_after = ms(1_000);
    assert_eq!(rig.breakers(), view(BreakerState::Open { retry_after }, 4));
    assert_eq!(rig.scheduler.stats().circuits_opened, 2);
}

#[test]
fn an_end_that_says_nothing_lets_the_next_one_try() {
    for end in 0..3 {
        let mut rig = half_open();
        match end {
            0 => rig.finish(0, 3, 1, WRONG),
            1 => rig.tell(Input::Abort(TaskId(3))),
            _ => rig.exit(0, Exit::Panicked, None),
        }
        assert_eq!(rig.breakers(), view(BreakerState::HalfOpen, 3));
        if end == 2 {
            assert_eq!(rig.assigned(), [(1, 3, 1)], "it is its turn again");
        } else {
            rig.submit(task(4));
            assert_eq!(rig.settled(), []);
        }
    }
}

#[test]
fn what_started_before_it_opened_neither_closes_nor_opens_it() {
    for outcome in [OK, THROWN, WRONG] {
        let mut rig = guarded(1, ms(1_000));
        rig.submit(task(1));
        rig.submit(task(2));
        rig.finish(0, 1, 1, THROWN);
        rig.pass(1_000);
        rig.submit(task(3));
        assert_eq!(rig.assigned(), [(0, 3, 1)]);
        let before = rig.breakers();
        rig.finish(1, 2, 1, outcome);
        assert_eq!(rig.breakers(), before);
        assert!(refused(&mut rig, 4).is_some(), "the one that tries has not ended");
    }
}

#[test]
fn a_task_that_waited_fails_at_its_turn_and_is_kept() {
    let mut rig = guarded(1, ms(1_000));
    rig.submit(task(1));
    rig.submit(other(2));
    rig.submit(task(3));
    rig.pass(5);
    rig.finish(0, 1, 1, THROWN);
    let retry_after = ms(1_000);
    let failure = Failure::CircuitOpen { retry_after };
    assert_eq!(rig.settled(), [(1, Err(Failure::Failed("thrown"))), (3, Err(failure))]);
    assert_eq!(rig.dead_letters(), [1, 3]);
    assert_eq!(rig.scheduler.stats().failed, 2);
    let letter = rig.scheduler.dead_letters().last().unwrap();
    assert_eq!((letter.failures[0].attempt, letter.failures[0].worker), (0, None));
}

#[test]
fn a_retry_waits_until_it_may_try() {
    let mut rig = guarded(1, ms(1_000));
    rig.submit(stubborn(1, 1));
    rig.finish(0, 1, 1, THROWN);
    rig.pass(10);
    assert_eq!((rig.assigned(), rig.settled()), (vec![], vec![]));
    assert_eq!(rig.next_tick(), Some(990));
    assert_eq!(rig.scheduler.stats().delayed, 1);
    rig.pass(990);
    assert_eq!(rig.assigned(), [(0, 1, 2)]);
}

#[test]
fn a_reset_of_no_time_lets_one_after_the_other_try() {
    let mut rig = guarded(0, ms(0));
    rig.submit(stubborn(1, 1));
    rig.submit(stubborn(2, 1));
    rig.finish(0, 1, 1, THROWN);
    rig.finish(1, 2, 1, THROWN);
    rig.pass(10);
    assert_eq!(rig.assigned(), [(0, 1, 2)]);
    assert_eq!(rig.next_tick(), Some(1), "the other one does not come back at once for ever");
}

#[test]
fn one_without_end_never_closes() {
    let mut rig = guarded(1, Duration::MAX);
    rig.submit(stubborn(1, 1));
    rig.finish(0, 1, 1, THROWN);
    rig.pass(1_000 * 86_400 * 365);
    assert!(refused(&mut rig, 2).is_some());
    assert_eq!(rig.assigned(), []);
}

#[test]
fn a_letter_of_its_kind_stays_until_it_may_try() {
    let mut rig = open();
    let retry = |task| Input::RetryDeadLetter { dead_letter: TaskId(0), task: TaskId(task) };
    rig.tell(retry(4));
    assert!(matches!(rig.settled()[..], [(4, Err(Failure::CircuitOpen { .. }))]));
    assert_eq!(rig.dead_letters(), [0, 1, 2]);
    rig.pass(1_000);
    rig.tell(retry(5));
    assert_eq!(rig.assigned(), [(0, 5, 1)]);
    assert_eq!(rig.dead_letters(), [1, 2]);
}

#[test]
fn the_kinds_that_are_remembered_are_limited() {
    for threshold in [1, 2] {
        let mut rig = guarded(threshold, ms(1_000));
        for id in 0..10_010 {
            rig.submit(Task { kind: format!("kind {id}").into(), ..task(id) });
            rig.finish(0, id, 1, THROWN);
        }
        assert_eq!(rig.breakers().len(), 10_000);
    }
}

#[test]
fn an_open_one_is_not_forgotten_for_a_failure_elsewhere() {
    let mut rig = guarded(2, ms(1_000));
    for id in 0..10_010 {
        let first = id < 2;
        let kind = if first { "a".into() } else { format!("kind {id}").into() };
        rig.submit(Task { kind, ..task(id) });
        rig.finish(0, id, 1, THROWN);
    }
    assert!(matches!(rig.breakers()[0].state, BreakerState::Open { .. }));
}

#[test]
fn a_pool_closes_with_one_half_open() {
    let mut rig = half_open();
    rig.tell(Input::Close { drain_until: Some(rig.now + ms(50)) });
    rig.pass(50);
    assert_eq!(rig.settled(), [(3, Err(Failure::Closed))]);
    rig.pass(1_000);
    assert!(rig.closed());
    assert_eq!(rig.next_tick(), None);
}
