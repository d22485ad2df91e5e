use std::time::Duration;

use isolane::scheduler::{Event, Failure, Outcome, Random, Retirement, Retry, TaskId};

use super::rig::{Rig, THROWN, config, ms, stubborn};

fn policy(backoff: Duration, max_backoff: Duration, jitter: f64) -> Retry {
    Retry { max_retries: 9, backoff, max_backoff, jitter }
}

#[test]
fn the_delay_doubles_up_to_its_limit() {
    let (retry, mut random) = (policy(ms(100), ms(1_000), 0.0), Random::new(1));
    let delays: Vec<_> = (1..7).map(|n| retry.delay(n, &mut random).as_millis()).collect();
    assert_eq!(delays, [100, 200, 400, 800, 1_000, 1_000]);
}

#[test]
fn no_policy_overflows() {
    let mut random = Random::new(1);
    for backoff in [Duration::ZERO, Duration::from_nanos(1), ms(1), Duration::MAX] {
        for max in [Duration::ZERO, ms(1), Duration::from_secs(1 << 40), Duration::MAX] {
            for jitter in [0.0, 0.5, 1.0, 7.0, -1.0, f64::NAN, f64::INFINITY] {
                for attempt in [0, 1, 2, 31, 32, 33, 64, u32::MAX] {
                    let delay = policy(backoff, max, jitter).delay(attempt, &mut random);
                    assert!(delay <= max);
                    assert!(!backoff.is_zero() || delay.is_zero());
                }
            }
        }
    }
    assert_eq!(
        policy(Duration::from_nanos(1), Duration::MAX, 0.0).delay(41, &mut random).as_nanos(),
        1 << 40
    );
}

#[test]
fn jitter_takes_away_a_random_share_at_most() {
    let (retry, mut random) = (policy(ms(100), ms(100), 0.4), Random::new(1));
    let delays: Vec<_> = (0..1_000).map(|_| retry.delay(1, &mut random)).collect();
    assert!(delays.iter().all(|delay| (ms(60)..=ms(100)).contains(delay)));
    assert!(delays.iter().any(|delay| *delay < ms(62)));
    assert!(delays.iter().any(|delay| *delay > ms(98)));
}

#[test]
fn the_same_seed_gives_the_same_delays() {
    let retry = policy(ms(100), ms(100), 1.0);
    let delays = |seed| {
        let mut random = Random::new(seed);
        (0..10).map(|_| retry.delay(1, &mut random)).collect::<Vec<_>>()
    };
    assert_eq!(delays(7), delays(7));
    assert_ne!(delays(7), delays(8));
}

#[test]
fn a_failed_task_is_tried_again_until_no_attempt_is_left() {
    let mut rig = Rig::new(config());
    rig.submit(stubborn(1, 2));
    for (attempt, delay) in [(1, 10), (2, 20)] {
        rig.finish(0, 1, attempt, THROWN);
        assert_eq!(rig.settled(), []);
        let retried =
            Event::TaskRetried { task: TaskId(1), attempt: attempt + 1, delay: ms(delay) };
        assert!(rig.events().contains(&retried));
        assert_eq!(rig.next_tick(), Some(u128::from(delay)));
        rig.pass(delay);
        assert_eq!(rig.assigned(), [(0, 1, attempt + 1)]);
    }
    rig.finish(0, 1, 3, THROWN);
    assert_eq!(rig.settled(), [(1, Err(Failure::Failed("thrown")))]);
    assert_eq!(rig.timing().attempts, 3);
    assert_eq!(rig.scheduler.stats().retried, 2);
}

#[test]
fn what_would_fail_the_same_way_is_not_retried() {
    let mut rig = Rig::new(config());
    rig.submit(stubborn(1, 2));
    rig.finish(0, 1, 1, Outcome::Failed { error: "syntax", retryable: false });
    assert_eq!(rig.settled(), [(1, Err(Failure::Failed("syntax")))]);
}

#[test]
fn a_memory_limit_is_retried_on_a_new_isolate() {
    let mut rig = Rig::new(config());
    rig.submit(stubborn(1, 1));
    let why = Retirement::MemoryLimit;
    rig.finish_and_retire(0, 1, 1, Outcome::MemoryLimit, Some(why));
    rig.exit(0, isolane::scheduler::Exit::Retired(why), None);
    rig.ready(0);
    rig.pass(10);
    assert_eq!(rig.assigned(), [(0, 1, 2)]);
    rig.finish(0, 1, 2, Outcome::MemoryLimit);
    assert_eq!(rig.settled(), [(1, Err(Failure::MemoryLimit))]);
}
