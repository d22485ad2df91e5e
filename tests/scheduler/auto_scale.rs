use std::time::Duration;

use isolane::scheduler::{
    AutoScale, Config, Event, Exit, Input, Outcome, Retirement, Task, WorkerState,
};

use super::rig::{Rig, config, ms, task};

const IDLE: u64 = 5_000;
const COOLDOWN: u64 = 2_000;

fn rules() -> AutoScale {
    AutoScale { queue_depth: 2, idle: ms(IDLE), cooldown: ms(COOLDOWN) }
}

fn scaled(size: usize) -> Config {
    Config { size, auto_scale: Some(rules()), ..config() }
}

fn up(from: usize, to: usize) -> Event {
    Event::ScaledUp { from, to, automatic: true }
}

fn down(from: usize, to: usize) -> Event {
    Event::ScaledDown { from, to, automatic: true }
}

/// Busy workers, and this many waiting tasks.
fn overloaded(config: Config, waiting: u64) -> Rig {
    let mut rig = Rig::new(config);
    let size = rig.scheduler.size() as u64;
    for id in 0..size + waiting {
        rig.submit(task(id));
    }
    rig
}

fn has_scaled(rig: &Rig) -> bool {
    rig.events().iter().any(|e| matches!(e, Event::ScaledUp { .. } | Event::ScaledDown { .. }))
}

#[test]
fn a_long_queue_that_lasts_brings_workers() {
    let mut rig = overloaded(scaled(1), 2);
    assert_eq!(rig.next_tick(), Some(100));
    rig.pass(99);
    assert!(!has_scaled(&rig));
    rig.pass(1);
    assert!(rig.events().contains(&up(1, 2)));
    assert_eq!(rig.spawned(), [(1, 1)]);
    assert_eq!(rig.scheduler.size(), 2);
}

#[test]
fn a_shorter_queue_brings_none() {
    let mut rig = overloaded(scaled(1), 1);
    rig.pass(100_000);
    assert!(!has_scaled(&rig));
}

#[test]
fn a_burst_brings_none() {
    let mut rig = overloaded(scaled(1), 2);
    rig.pass(99);
    rig.finish(0, 0, 1, Outcome::Done("ok"));
    rig.submit(task(3));
    rig.pass(99);
    assert!(!has_scaled(&rig), "the queue was short in between");
    rig.pass(1);
    assert!(has_scaled(&rig));
}

#[test]
fn delayed_tasks_count_when_they_are_due() {
    let mut rig = Rig::new(scaled(1));
    for id in 0..3 {
        rig.submit(Task { delay: ms(1_000), ..task(id) });
    }
    rig.pass(999);
    assert!(!has_scaled(&rig));
    assert_eq!(rig.pass_until(has_scaled), 101);
}

#[test]
fn the_size_at_most_doubles() {
    let steps = [(1, 3, 2), (2, 20, 4), (2, 4, 4), (2, 2, 3), (3, 100, 6), (5, 100, 8)];
    for (size, waiting, to) in steps {
        let mut rig = overloaded(scaled(size), waiting);
        rig.pass(100);
        assert!(rig.events().contains(&up(size, to)), "{size} with {waiting}");
    }
}

#[test]
fn after_a_change_it_rests() {
    let mut rig = overloaded(scaled(1), 90);
    rig.pass(100);
    assert!(rig.events().contains(&up(1, 2)));
    assert_eq!(rig.pass_until(has_scaled), COOLDOWN);
    assert!(rig.events().contains(&up(2, 4)));
    assert_eq!(rig.pass_until(has_scaled), COOLDOWN);
    assert!(rig.events().contains(&up(4, 8)));
    rig.pass(100_000);
    assert!(!has_scaled(&rig), "there are as many as there may be");
}

#[test]
fn without_a_cooldown_a_new_size_has_to_show_what_it_can_do() {
    let auto_scale = Some(AutoScale { cooldown: ms(0), ..rules() });
    let mut rig = overloaded(Config { auto_scale, ..scaled(1) }, 90);
    rig.pass(1_000);
    assert_eq!(rig.scheduler.size(), 2);
    assert_eq!(rig.pass_until(has_scaled), 100);
    assert_eq!(rig.scheduler.size(), 4);
}

#[test]
fn an_idle_worker_goes() {
    let mut rig = Rig::new(scaled(3));
    assert_eq!(rig.next_tick(), Some(u128::from(IDLE)));
    rig.pass(IDLE);
    assert!(rig.events().contains(&down(3, 2)));
    assert_eq!(rig.retired(), [(2, Retirement::ScaleDown)]);
    rig.exit(2, Exit::Retired(Retirement::ScaleDown), None);
    assert_eq!(rig.next_tick(), Some(u128::from(COOLDOWN)));
    rig.pass(COOLDOWN);
    assert!(rig.events().contains(&down(2, 1)));
    rig.exit(1, Exit::Retired(Retirement::ScaleDown), None);
    assert_eq!(rig.next_tick(), None, "one stays");
}

#[test]
fn none_goes_while_all_have_something_to_do() {
    let mut rig = overloaded(scaled(2), 0);
    rig.pass(IDLE + 1_000);
    assert!(!has_scaled(&rig));
    rig.finish(0, 0, 1, Outcome::Done("ok"));
    assert_eq!(rig.pass_until(has_scaled), IDLE);
    assert_eq!(rig.state(0), WorkerState::Retiring, "the idle one goes");
    assert_eq!(rig.state(1), WorkerState::Ready);
}

#[test]
fn none_goes_before_it_was_idle_for_long_without_a_break() {
    let mut rig = Rig::new(scaled(2));
    rig.pass(IDLE - 1);
    for worker in 0..2_u32 {
        rig.submit(task(worker.into()));
    }
    for worker in 0..2_u32 {
        rig.finish(worker, worker.into(), 1, Outcome::Done("ok"));
    }
    assert_eq!(rig.pass_until(has_scaled), IDLE);
}

#[test]
fn a_worker_that_starts_is_not_idle() {
    let mut rig = Rig::cold(scaled(2));
    rig.pass(IDLE - 10);
    for worker in 0..2 {
        rig.ready(worker);
    }
    rig.pass(10);
    rig.pass(IDLE - 11);
    assert!(!has_scaled(&rig));
    rig.pass(1);
    assert!(has_scaled(&rig));
}

#[test]
fn none_goes_while_another_one_starts() {
    let mut rig = Rig::cold(scaled(2));
    rig.ready(0);
    rig.pass(3 * IDLE);
    assert!(!has_scaled(&rig));
    rig.ready(1);
    rig.pass(IDLE);
    assert!(has_scaled(&rig));
}

#[test]
fn the_least_number_stays() {
    let mut rig = Rig::new(Config { min_workers: 2, ..scaled(2) });
    rig.pass(10 * IDLE);
    assert!(!has_scaled(&rig));
    assert_eq!(rig.next_tick(), None);
}

#[test]
fn a_paused_pool_does_not_grow() {
    let mut rig = Rig::new(scaled(1));
    rig.tell(Input::Pause);
    for id in 0..10 {
        rig.submit(task(id));
    }
    rig.pass(100_000);
    assert!(!has_scaled(&rig));
    rig.tell(Input::Resume);
    assert_eq!(rig.pass_until(has_scaled), 100);
}

#[test]
fn a_pause_ends_the_wait() {
    let mut rig = overloaded(scaled(1), 5);
    rig.pass(99);
    rig.tell(Input::Pause);
    rig.pass(50);
    rig.tell(Input::Resume);
    assert_eq!(rig.pass_until(has_scaled), 100);
}

#[test]
fn tasks_that_wait_in_a_paused_pool_keep_its_workers() {
    let mut rig = Rig::new(scaled(2));
    rig.tell(Input::Pause);
    rig.submit(task(1));
    rig.pass(10 * IDLE);
    assert!(!has_scaled(&rig));
}

#[test]
fn a_closing_pool_keeps_its_size() {
    let mut rig = overloaded(scaled(2), 5);
    rig.tell(Input::Close { drain_until: Some(rig.now + ms(50_000)) });
    rig.pass(100);
    rig.pass(20_000);
    assert!(!has_scaled(&rig));
    assert_eq!(rig.next_tick(), Some(29_900), "and does not think of it any more");
}

#[test]
fn a_queue_depth_of_nothing_counts_as_one() {
    let auto_scale = Some(AutoScale { queue_depth: 0, ..rules() });
    let mut rig = Rig::new(Config { auto_scale, ..scaled(1) });
    rig.submit(task(0));
    rig.pass(100_000);
    rig.pass(50);
    assert!(!has_scaled(&rig));
    rig.submit(task(1));
    rig.submit(task(2));
    assert_eq!(rig.pass_until(has_scaled), 100);
    assert_eq!(rig.scheduler.size(), 2);
}

#[test]
fn spans_without_end_never_end() {
    let auto_scale = Some(AutoScale { idle: Duration::MAX, cooldown: Duration::MAX, ..rules() });
    let mut rig = overloaded(Config { auto_scale, ..scaled(2) }, 90);
    rig.pass(100);
    assert_eq!(rig.scheduler.size(), 4);
    rig.pass(1_000 * 86_400 * 365);
    assert!(!has_scaled(&rig));
}

#[test]
fn a_size_that_is_asked_for_is_looked_at_anew() {
    let mut rig = Rig::new(scaled(1));
    rig.pass(1_000);
    rig.tell(Input::Scale(2));
    assert_eq!(rig.events(), [Event::ScaledUp { from: 1, to: 2, automatic: false }]);
    rig.ready(1);
    assert_eq!(rig.pass_until(has_scaled), IDLE - 1_000);
}

#[test]
fn where_too_many_were_given_up_none_is_added() {
    let mut rig = overloaded(Config { max_abandoned: 1, ..scaled(2) }, 90);
    rig.exit(0, Exit::Fatal, None);
    rig.pass(100_000);
    assert!(!has_scaled(&rig));
}

#[test]
fn a_limit_of_none_given_up_is_no_reason_not_to_grow() {
    let mut rig = overloaded(Config { max_abandoned: 0, ..scaled(1) }, 90);
    rig.pass(100);
    assert!(has_scaled(&rig));
}
