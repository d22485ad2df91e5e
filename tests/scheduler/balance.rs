use isolane::scheduler::{Balance, Config, Outcome, Task};

use super::rig::{Rig, config, task};

fn three(balance: Balance) -> Rig {
    Rig::new(Config { size: 3, tasks_per_worker: 2, balance, ..config() })
}

fn chosen(rig: &mut Rig, ids: std::ops::Range<u64>) -> Vec<u32> {
    let mut workers = Vec::new();
    for id in ids {
        rig.submit(task(id));
        workers.extend(rig.assigned().iter().map(|(worker, ..)| *worker));
    }
    workers
}

#[test]
fn round_robin_takes_each_in_turn() {
    let mut rig = three(Balance::RoundRobin);
    assert_eq!(chosen(&mut rig, 0..4), [0, 1, 2, 0]);
    rig.finish(0, 0, 1, Outcome::Done("ok"));
    rig.finish(0, 3, 1, Outcome::Done("ok"));
    assert_eq!(chosen(&mut rig, 4..7), [1, 2, 0]);
}

#[test]
fn least_loaded_takes_the_one_with_the_fewest_tasks_in_flight() {
    let mut rig = three(Balance::LeastLoaded);
    assert_eq!(chosen(&mut rig, 0..5), [0, 1, 2, 0, 1]);
    rig.finish(1, 1, 1, Outcome::Done("ok"));
    rig.finish(1, 4, 1, Outcome::Done("ok"));
    assert_eq!(chosen(&mut rig, 5..8), [1, 1, 2]);
    rig.finish(2, 2, 1, Outcome::Done("ok"));
    assert_eq!(chosen(&mut rig, 8..9), [2], "of 2, 2 and 1");
}

#[test]
fn least_loaded_prefers_a_lighter_load_to_a_lower_id() {
    let mut rig = Rig::new(Config { size: 2, tasks_per_worker: 4, ..config() });
    assert_eq!(chosen(&mut rig, 0..5), [0, 1, 0, 1, 0]);
    assert_eq!(chosen(&mut rig, 5..6), [1]);
}

#[test]
fn no_worker_has_more_in_flight_than_allowed() {
    for balance in [Balance::RoundRobin, Balance::LeastLoaded] {
        let mut rig = three(balance);
        assert_eq!(chosen(&mut rig, 0..20).len(), 6);
        assert!(rig.scheduler.workers().all(|view| view.in_flight == 2));
    }
}

#[test]
fn a_task_that_wants_a_rested_worker_takes_the_one_that_is_idle_longest() {
    let mut rig = three(Balance::LeastLoaded);
    assert_eq!(chosen(&mut rig, 0..3), [0, 1, 2]);
    for (worker, id) in [(2, 2), (0, 0), (1, 1)] {
        rig.pass(1);
        rig.finish(worker, id, 1, Outcome::Done("ok"));
    }
    rig.submit(Task { longest_idle_first: true, ..task(3) });
    assert_eq!(rig.assigned()[0].0, 2);
    rig.submit(Task { longest_idle_first: true, ..task(4) });
    assert_eq!(rig.assigned()[0].0, 0);
    rig.submit(task(5));
    assert_eq!(rig.assigned()[0].0, 1);
    rig.submit(Task { longest_idle_first: true, ..task(6) });
    assert_eq!(rig.assigned()[0].0, 0, "nobody is idle");
}
