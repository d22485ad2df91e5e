use std::time::Duration;

use isolane::scheduler::{
    Config, Event, Exit, Failure, Input, Outcome, Retirement, Task, TaskId, WorkerId, WorkerState,
};

use super::rig::{Rig, config, ms, stubborn, task};

/// A heartbeat is requested every 100 ms; a worker that is silent for 1,000 ms is a zombie.
fn watched() -> Config {
    Config { heartbeat: ms(100), zombie_threshold: ms(1_000), tasks_per_worker: 4, ..config() }
}

fn is_zombie(rig: &Rig) -> bool {
    rig.events().iter().any(|event| matches!(event, Event::ZombieDetected { .. }))
}

#[test]
fn workers_are_asked_in_rounds_until_they_answer() {
    let mut rig = Rig::new(Config { size: 2, ..watched() });
    assert_eq!(rig.next_tick(), Some(100));
    rig.pass(99);
    assert!(rig.heartbeat_requests().is_empty());
    rig.pass(1);
    assert_eq!(rig.heartbeat_requests(), [0, 1]);
    rig.heartbeat(1);
    rig.pass(100);
    assert_eq!(rig.heartbeat_requests(), [1], "one answer is enough, and one question");
}

#[test]
fn one_that_stays_silent_is_given_up_and_replaced() {
    let mut rig = Rig::new(watched());
    rig.submit(task(1));
    rig.submit(stubborn(2, 1));
    let passed = rig.pass_until(is_zombie);
    assert_eq!(passed, 1_100);
    let zombie = Event::ZombieDetected {
        worker: WorkerId(0),
        generation: isolane::scheduler::Generation(1),
        silent_for: ms(1_100),
        tasks: vec![TaskId(1), TaskId(2)],
    };
    assert_eq!(rig.events()[0], zombie);
    assert_eq!(rig.abandoned(), [0]);
    assert_eq!(rig.spawned(), [(0, 2)]);
    assert_eq!(rig.settled(), [(1, Err(Failure::WorkerLost))]);
    let view = rig.scheduler.worker(WorkerId(0)).unwrap();
    assert_eq!((view.last_exit, view.last_heartbeat), (Some(Exit::Zombie), rig.now));
    rig.ready(0);
    rig.pass(10);
    assert_eq!(rig.assigned(), [(0, 2, 2)], "it lost an attempt: it may be what stuck");
}

#[test]
fn a_sign_of_life_of_any_kind_is_enough() {
    for sign in 0..2 {
        let mut rig = Rig::new(watched());
        rig.submit(task(1));
        rig.pass(100);
        for _ in 0..9 {
            rig.pass(100);
        }
        match sign {
            0 => rig.heartbeat(0),
            _ => rig.finish(0, 1, 1, Outcome::Done("ok")),
        }
        assert_eq!(rig.scheduler.worker(WorkerId(0)).unwrap().last_heartbeat, rig.now);
        assert_eq!(rig.pass_until(is_zombie), 1_100);
    }
}

#[test]
fn rounds_are_short_enough_for_the_threshold() {
    for heartbeat in [ms(0), ms(3), ms(10_000), Duration::MAX] {
        let mut rig = Rig::new(Config { heartbeat, zombie_threshold: ms(400), ..config() });
        let passed = rig.pass_until(is_zombie);
        assert!((400..=500).contains(&passed), "{passed}");
    }
}

#[test]
fn spans_of_nothing_and_without_end_are_borne() {
    let zero = Config { heartbeat: ms(0), zombie_threshold: ms(0), ..config() };
    let mut rig = Rig::new(zero);
    assert_eq!(rig.pass_until(is_zombie), 2);
    let mut rig = Rig::new(config());
    rig.pass(1_000 * 86_400 * 365);
    assert!(rig.heartbeat_requests().is_empty());
}

#[test]
fn a_process_that_stood_still_has_no_zombies() {
    let mut rig = Rig::new(watched());
    rig.pass(100);
    assert_eq!(rig.heartbeat_requests(), [0]);
    rig.pass(86_400_000);
    assert!(!is_zombie(&rig), "it had no chance to answer");
    assert_eq!(rig.pass_until(is_zombie), 800);
    rig.ready(0);
    rig.pass(86_400_000);
    rig.heartbeat(0);
    rig.pass(86_400_000);
    assert!(!is_zombie(&rig));
}

#[test]
fn a_worker_that_starts_has_more_time() {
    let mut rig = Rig::cold(watched());
    assert_eq!(rig.pass_until(is_zombie), 30_100);
    let mut rig = Rig::cold(Config { zombie_threshold: ms(60_000), ..watched() });
    assert_eq!(rig.pass_until(is_zombie), 60_100);
}

#[test]
fn a_start_is_a_heartbeat() {
    let mut rig = Rig::cold(watched());
    rig.pass(20_000);
    rig.ready(0);
    assert_eq!(rig.pass_until(is_zombie), 1_100);
}

#[test]
fn one_that_is_told_to_end_can_be_a_zombie_too() {
    let slow = Config { terminate_grace: ms(50_000), ..watched() };
    let mut rig = Rig::new(Config { size: 2, ..slow });
    rig.tell(Input::Scale(1));
    rig.tell(Input::Restart(WorkerId(0)));
    assert_eq!((rig.state(0), rig.state(1)), (WorkerState::Retiring, WorkerState::Retiring));
    rig.pass_until(is_zombie);
    assert_eq!(rig.scheduler.stats().zombies_detected, 2);
    assert_eq!((rig.state(0), rig.state(1)), (WorkerState::Starting, WorkerState::Gone));
    rig.tell(Input::Close { drain_until: None });
    rig.exit(0, Exit::Retired(Retirement::Shutdown), None);
    assert!(rig.closed());
    assert_eq!(rig.next_tick(), None, "nothing is left of its grace");
}

#[test]
fn a_draining_one_can_be_a_zombie_too() {
    let mut rig = Rig::new(watched());
    rig.submit(stubborn(1, 1));
    rig.tell(Input::Restart(WorkerId(0)));
    assert_eq!(rig.state(0), WorkerState::Draining);
    rig.pass_until(is_zombie);
    assert_eq!(rig.state(0), WorkerState::Starting);
}

#[test]
fn the_deadlines_of_its_tasks_are_forgotten() {
    let mut rig = Rig::new(watched());
    rig.submit(Task { timeout: Some(ms(1_150)), ..stubborn(1, 0) });
    rig.pass_until(is_zombie);
    rig.ready(0);
    rig.heartbeat(0);
    rig.pass(60);
    assert_eq!((rig.interrupted(), rig.settled()), (vec![], vec![]));
}

#[test]
fn a_task_whose_time_was_over_has_timed_out() {
    let mut rig = Rig::new(Config { terminate_grace: ms(5_000), ..watched() });
    rig.submit(Task { timeout: Some(ms(50)), ..task(1) });
    rig.pass_until(is_zombie);
    assert_eq!(rig.settled(), [(1, Err(Failure::Timeout { limit: ms(50) }))]);
}

#[test]
fn a_settled_task_is_none_of_its_tasks() {
    let mut rig = Rig::new(Config { abort_grace: ms(5_000), ..watched() });
    rig.submit(stubborn(1, 5));
    rig.tell(Input::Abort(TaskId(1)));
    rig.pass_until(is_zombie);
    assert!(matches!(&rig.events()[0], Event::ZombieDetected { tasks, .. } if tasks.is_empty()));
    assert_eq!(rig.settled(), []);
}

#[test]
fn the_beat_of_a_replaced_worker_says_nothing_of_the_new_one() {
    let mut rig = Rig::new(watched());
    let generation = rig.generation(0);
    rig.exit(0, Exit::Panicked, None);
    rig.ready(0);
    let last_heartbeat = rig.now;
    rig.pass(500);
    rig.tell(Input::Heartbeat { worker: WorkerId(0), generation });
    assert_eq!(rig.scheduler.worker(WorkerId(0)).unwrap().last_heartbeat, last_heartbeat);
}

#[test]
fn the_rounds_end_with_the_pool() {
    let mut rig = Rig::new(watched());
    rig.tell(Input::Close { drain_until: None });
    rig.exit(0, Exit::Retired(Retirement::Shutdown), None);
    assert!(rig.closed());
    assert_eq!(rig.scheduler.next_tick(), None);
}
