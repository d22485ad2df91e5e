use isolane::scheduler::{
    Config, DeadLetter, DeadLetterLimits, Event, Exit, FailedAttempt, Failure, Input, Outcome,
    Task, TaskId, WorkerId,
};

use super::rig::{Rig, THROWN, config, ms, stubborn, task};

const CLEAR: Input<(), &str> = Input::ClearDeadLetters;

fn with_limit(max: usize) -> Rig {
    let dead_letters = DeadLetterLimits { max, max_weight: usize::MAX };
    Rig::new(Config { dead_letters, ..config() })
}

fn fail(rig: &mut Rig, id: u64) {
    rig.submit(task(id));
    rig.finish(0, id, 1, THROWN);
}

fn retry(rig: &mut Rig, letter: u64, task: u64) {
    rig.tell(Input::RetryDeadLetter { dead_letter: TaskId(letter), task: TaskId(task) });
}

#[test]
fn a_task_that_failed_for_good_is_kept_with_each_error() {
    let mut rig = with_limit(9);
    rig.submit(Task { timeout: Some(ms(50)), ..stubborn(1, 2) });
    rig.pass(5);
    rig.finish(0, 1, 1, THROWN);
    assert!(rig.dead_letters().is_empty());
    rig.pass(10);
    rig.finish(0, 1, 2, Outcome::MemoryLimit);
    rig.pass(20);
    rig.pass(50);
    rig.finish(0, 1, 3, Outcome::Interrupted);
    let said = Event::TaskDeadLettered { task: TaskId(1), attempt: 3, dead_letters: 1 };
    assert!(rig.events().contains(&said));
    assert_eq!(rig.dead_lettered(), [(1, true)]);
    let letter = rig.scheduler.dead_letters().next().unwrap();
    let failures = letter.failures.iter().map(|l| (l.attempt, l.failure.clone(), l.at - rig.start));
    let expected = [
        (1, Failure::Failed("thrown"), ms(5)),
        (2, Failure::MemoryLimit, ms(15)),
        (3, Failure::Timeout { limit: ms(50) }, ms(85)),
    ];
    assert!(failures.eq(expected));
    assert!(letter.failures.iter().all(|failed| failed.worker == Some(WorkerId(0))));
    assert_eq!(letter.failed_at, rig.now);
    assert!(rig.scheduler.has_dead_letter(TaskId(1)));
    assert_eq!(rig.scheduler.stats().dead_letters, 1);
}

#[test]
fn what_would_fail_the_same_way_is_kept_too() {
    let mut rig = with_limit(9);
    rig.submit(stubborn(1, 2));
    rig.finish(0, 1, 1, Outcome::Failed { error: "syntax", retryable: false });
    assert_eq!(rig.dead_letters(), [1]);
}

#[test]
fn the_loss_of_the_last_worker_is_an_error_of_its_own() {
    let mut rig = Rig::new(Config { auto_restart: false, ..config() });
    rig.submit(stubborn(1, 2));
    rig.finish(0, 1, 1, THROWN);
    rig.exit(0, Exit::Panicked, None);
    assert_eq!(rig.dead_lettered(), [(1, true)]);
    let letter = rig.scheduler.dead_letters().next().unwrap();
    let failures: Vec<_> = letter.failures.iter().map(|l| (l.attempt, l.worker)).collect();
    assert_eq!(failures, [(1, Some(WorkerId(0))), (1, None)]);
}

#[test]
fn an_attempt_that_is_given_back_is_no_error() {
    let mut rig = with_limit(9);
    rig.submit(task(1));
    rig.exit(0, Exit::Panicked, None);
    rig.ready(0);
    rig.finish(0, 1, 1, THROWN);
    assert_eq!(rig.scheduler.dead_letters().next().unwrap().failures.len(), 1);
}

#[test]
fn other_ends_are_not_kept() {
    let mut rig = Rig::new(Config { max_queue: 2, ..config() });
    rig.submit(stubborn(1, 1));
    rig.finish(0, 1, 1, THROWN);
    rig.tell(Input::Abort(TaskId(1)));
    assert_eq!(rig.dead_lettered(), [(1, false)], "aborted");
    rig.submit(stubborn(2, 1));
    rig.finish(0, 2, 1, THROWN);
    rig.pass(10);
    rig.finish(0, 2, 2, Outcome::Done("ok"));
    assert_eq!(rig.dead_lettered(), [(2, false)], "completed");
    rig.submit(task(3));
    rig.submit(Task { queue_timeout: Some(ms(1)), ..task(4) });
    rig.submit(task(5));
    rig.submit(task(6));
    assert_eq!(rig.dead_lettered(), [(6, false)], "refused");
    rig.pass(1);
    assert_eq!(rig.dead_lettered(), [(4, false)], "waited too long");
    rig.tell(Input::Close { drain_until: None });
    assert_eq!(rig.dead_lettered(), [(3, false), (5, false)], "closed");
    assert!(rig.dead_letters().is_empty());
}

#[test]
fn the_oldest_makes_room_for_the_newest() {
    let mut rig = with_limit(2);
    for id in 1..4 {
        fail(&mut rig, id);
    }
    assert_eq!(rig.dead_letters(), [2, 3]);
    let events = rig.events();
    let said = Event::TaskDeadLettered { task: TaskId(3), attempt: 1, dead_letters: 2 };
    assert!(events.ends_with(&[said, Event::DeadLetterDropped { task: TaskId(1) }]));
    assert!(!rig.scheduler.has_dead_letter(TaskId(1)));
    assert_eq!(rig.scheduler.stats().dead_letters_dropped, 1);
}

/// Limits the weight to that of this many dead letters with one error each.
fn weighed(letters: usize) -> Rig {
    let one = size_of::<DeadLetter<(), &str>>() + size_of::<FailedAttempt<&str>>() + "thrown".len();
    let dead_letters = DeadLetterLimits { max: 9, max_weight: letters * one };
    Rig::new(Config { dead_letters, ..config() })
}

#[test]
fn their_weight_is_limited() {
    let mut rig = weighed(2);
    for id in 1..9 {
        fail(&mut rig, id);
    }
    assert_eq!(rig.dead_letters(), [7, 8]);
}

#[test]
fn what_is_gone_weighs_nothing() {
    let mut rig = weighed(2);
    fail(&mut rig, 1);
    fail(&mut rig, 2);
    rig.tell(CLEAR);
    fail(&mut rig, 3);
    fail(&mut rig, 4);
    assert_eq!(rig.dead_letters(), [3, 4]);
    retry(&mut rig, 3, 5);
    rig.finish(0, 5, 1, THROWN);
    assert_eq!(rig.dead_letters(), [4, 5]);
}

#[test]
fn one_that_is_too_large_does_not_drive_the_others_out() {
    let mut rig = weighed(1);
    fail(&mut rig, 1);
    rig.submit(task(2));
    rig.finish(0, 2, 1, Outcome::Failed { error: "thrown!", retryable: true });
    assert_eq!(rig.dead_lettered(), [(2, false)]);
    assert_eq!(rig.dead_letters(), [1]);
    assert!(rig.events().ends_with(&[Event::DeadLetterDropped { task: TaskId(2) }]));
    assert!(!rig.events().iter().any(|e| matches!(e, Event::TaskDeadLettered { .. })));
    assert_eq!(rig.scheduler.stats().dead_letters_dropped, 1);
}

#[test]
fn none_are_kept_where_none_are_wanted() {
    let mut rig = with_limit(0);
    fail(&mut rig, 1);
    assert_eq!(rig.dead_lettered(), [(1, false)]);
    assert_eq!((rig.dead_letters(), rig.scheduler.stats().dead_letters_dropped), (vec![], 0));
}

#[test]
fn of_very_many_errors_the_latest_are_kept() {
    let mut rig = with_limit(9);
    let mut task = stubborn(1, 149);
    task.retry.backoff = ms(0);
    rig.submit(task);
    for attempt in 1..=150 {
        rig.finish(0, 1, attempt, THROWN);
    }
    let letter = rig.scheduler.dead_letters().next().unwrap();
    let attempts: Vec<_> = letter.failures.iter().map(|failed| failed.attempt).collect();
    assert!(attempts.into_iter().eq(50..=150));
}

#[test]
fn a_letter_is_submitted_again_as_it_was_and_begins_anew() {
    let mut rig = with_limit(9);
    let first = Task { timeout: Some(ms(50)), delay: ms(7), ..stubborn(1, 1) };
    rig.submit(Task { queue_timeout: Some(ms(60)), ..first });
    rig.pass(7);
    rig.finish(0, 1, 1, THROWN);
    rig.pass(10);
    rig.finish(0, 1, 2, THROWN);
    rig.submit(task(2));
    retry(&mut rig, 1, 3);
    assert!(rig.dead_letters().is_empty());
    rig.pass(59);
    assert_eq!(rig.settled(), []);
    rig.finish(0, 2, 1, Outcome::Done("ok"));
    assert_eq!(rig.assigned(), [(0, 3, 1)]);
    assert_eq!(rig.next_tick(), Some(50));
    rig.finish(0, 3, 1, THROWN);
    rig.pass(10);
    assert_eq!(rig.assigned(), [(0, 3, 2)]);
    rig.finish(0, 3, 2, THROWN);
    assert_eq!(rig.dead_letters(), [3]);
    assert_eq!(rig.scheduler.stats().submitted, 3);
}

#[test]
fn a_letter_that_is_refused_stays() {
    let mut rig = Rig::new(Config { max_queue: 1, ..config() });
    fail(&mut rig, 1);
    rig.submit(task(2));
    rig.submit(task(3));
    retry(&mut rig, 1, 4);
    assert_eq!(rig.settled(), [(4, Err(Failure::QueueFull { limit: 1 }))]);
    assert_eq!(rig.dead_letters(), [1]);
    rig.tell(Input::Close { drain_until: None });
    retry(&mut rig, 1, 5);
    assert_eq!(rig.settled(), [(5, Err(Failure::Closed))]);
    assert_eq!(rig.dead_letters(), [1]);
}

#[test]
fn a_letter_waits_in_a_paused_pool() {
    let mut rig = with_limit(9);
    fail(&mut rig, 1);
    rig.tell(Input::Pause);
    retry(&mut rig, 1, 2);
    assert_eq!((rig.assigned(), rig.dead_letters()), (vec![], vec![]));
    rig.tell(Input::Resume);
    assert_eq!(rig.assigned(), [(0, 2, 1)]);
}

#[test]
fn an_unknown_letter_is_no_task() {
    let mut rig = with_limit(9);
    retry(&mut rig, 1, 2);
    assert!(rig.effects.is_empty());
    assert_eq!(rig.scheduler.stats().submitted, 0);
}

#[test]
fn a_letter_that_is_dropped_in_the_same_moment_is_answered() {
    let mut rig = with_limit(1);
    fail(&mut rig, 1);
    rig.submit(Task { timeout: Some(ms(50)), ..task(2) });
    rig.pass(50);
    rig.now += ms(1_000);
    retry(&mut rig, 1, 3);
    assert_eq!(rig.dead_letters(), [2], "it was abandoned with its worker");
    rig.ready(0);
    assert_eq!(rig.assigned(), [(0, 3, 1)]);
}

#[test]
fn dead_letters_can_be_cleared() {
    let mut rig = with_limit(2);
    fail(&mut rig, 1);
    fail(&mut rig, 2);
    rig.tell(CLEAR);
    assert!(rig.effects.is_empty());
    assert_eq!((rig.dead_letters(), rig.scheduler.stats().dead_letters_dropped), (vec![], 0));
    assert!(!rig.scheduler.has_dead_letter(TaskId(1)));
    fail(&mut rig, 3);
    assert_eq!(rig.dead_letters(), [3]);
}

#[test]
fn the_errors_of_a_task_that_goes_on_outlive_a_clearing() {
    let mut rig = with_limit(2);
    rig.submit(stubborn(1, 1));
    rig.finish(0, 1, 1, THROWN);
    rig.tell(CLEAR);
    rig.pass(10);
    rig.finish(0, 1, 2, THROWN);
    assert_eq!(rig.scheduler.dead_letters().next().unwrap().failures.len(), 2);
}
