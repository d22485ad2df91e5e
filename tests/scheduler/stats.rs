use isolane::scheduler::{Config, Failure, Input, Outcome, Stats, Task, TaskId, WorkerId};

use super::rig::{Rig, THROWN, config, ms, stubborn, task};

#[test]
fn each_task_is_in_one_place() {
    let mut rig = Rig::new(Config { max_queue: 3, ..config() });
    rig.submit(stubborn(0, 1));
    rig.finish(0, 0, 1, THROWN);
    rig.submit(task(1));
    rig.submit(task(2));
    rig.submit(Task { queue_timeout: Some(ms(1)), ..task(3) });
    rig.submit(task(4));
    rig.tell(Input::Abort(TaskId(2)));
    rig.pass(1);
    rig.submit(task(5));
    rig.finish(0, 1, 1, Outcome::Done("ok"));
    rig.finish(0, 5, 1, THROWN);
    rig.submit(task(6));
    rig.submit(task(7));
    assert_eq!(
        rig.scheduler.stats(),
        Stats {
            submitted: 8,
            completed: 1,
            failed: 1,
            retried: 1,
            timed_out: 1,
            aborted: 1,
            rejected: 1,
            queued: 1,
            delayed: 1,
            running: 1,
            dead_letters: 1,
            workers_spawned: 1,
            ..Stats::default()
        }
    );
    assert!(!rig.scheduler.is_idle());
}

#[test]
fn a_worker_is_seen_with_its_work() {
    let mut rig = Rig::new(config());
    for id in 0..3 {
        rig.submit(task(id));
    }
    rig.finish(0, 0, 1, Outcome::Done("ok"));
    let view = rig.scheduler.worker(WorkerId(0)).expect("it is there");
    assert_eq!((view.in_flight, view.tasks_done, view.started, view.failures), (1, 1, 1, 0));
    assert!(rig.scheduler.worker(WorkerId(1)).is_none());
}

#[test]
fn a_clock_that_goes_back_is_borne() {
    let mut rig = Rig::new(config());
    rig.pass(1_000);
    rig.now = rig.start;
    rig.submit(Task { timeout: Some(ms(50)), ..task(1) });
    rig.finish(0, 1, 1, Outcome::Done("ok"));
    assert_eq!(rig.settled(), [(1, Ok::<_, Failure<_>>("ok"))]);
    assert_eq!(rig.timing().total, ms(0));
}
