use isolane::scheduler::{
    Config, Event, Exit, Failure, Generation, Input, Retirement, Stats, WorkerId, WorkerState,
};

use super::rig::{Rig, config, ms, task};

fn with_max_abandoned(max_abandoned: usize) -> Config {
    Config { max_abandoned, max_restart_attempts: 100, restart_cooldown: ms(10), ..config() }
}

fn counts(rig: &Rig) -> (usize, usize) {
    let Stats { abandoned, zombies, .. } = rig.scheduler.stats();
    (abandoned, zombies)
}

fn comes_back(rig: &mut Rig, generation: u32, exit: Exit) {
    let (worker, generation) = (WorkerId(0), Generation(generation));
    rig.tell(Input::Exited { worker, generation, exit, culprit: None });
}

#[test]
fn what_stays_in_the_process_is_counted() {
    let remains =
        [Exit::Panicked, Exit::OutOfMemory, Exit::Fatal, Exit::Unresponsive, Exit::Zombie];
    for exit in remains {
        let mut rig = Rig::new(config());
        rig.exit(0, exit, None);
        assert_eq!(counts(&rig), (1, usize::from(exit == Exit::Zombie)), "{exit:?}");
    }
    let mut rig = Rig::cold(config());
    rig.exit(0, Exit::StartFailed, None);
    assert_eq!(counts(&rig), (0, 0));
    let mut rig = Rig::new(config());
    rig.tell(Input::Restart(WorkerId(0)));
    rig.exit(0, Exit::Retired(Retirement::Restart), None);
    assert_eq!(counts(&rig), (0, 0));
}

#[test]
fn one_that_comes_back_is_counted_off() {
    let watched = Config { heartbeat: ms(10), zombie_threshold: ms(40), ..config() };
    let mut rig = Rig::new(watched);
    rig.pass_until(|rig| rig.spawned() == [(0, 2)]);
    assert_eq!(counts(&rig), (1, 1));
    comes_back(&mut rig, 1, Exit::Panicked);
    assert_eq!(counts(&rig), (1, 1), "its isolate is still there");
    comes_back(&mut rig, 1, Exit::Retired(Retirement::PendingWork));
    assert_eq!(counts(&rig), (0, 0));
    assert_eq!(rig.scheduler.stats().zombies_detected, 1);
    assert_eq!(rig.state(0), WorkerState::Starting, "its successor has nothing to do with it");
}

#[test]
fn at_the_limit_a_lost_worker_is_not_replaced() {
    let mut rig = Rig::new(Config { size: 2, ..with_max_abandoned(2) });
    rig.exit(0, Exit::Zombie, None);
    assert_eq!(rig.spawned(), [(0, 2)]);
    rig.exit(1, Exit::OutOfMemory, None);
    assert_eq!(rig.spawned(), []);
    assert_eq!(rig.state(1), WorkerState::Down);
    assert!(rig.events().contains(&Event::WorkerDown { worker: WorkerId(1), failures: 1 }));
    rig.exit(0, Exit::StartFailed, None);
    assert_eq!(rig.state(0), WorkerState::Cooling, "it left nothing behind");
}

#[test]
fn one_that_came_back_makes_room_for_a_replacement() {
    let mut rig = Rig::new(with_max_abandoned(2));
    rig.exit(0, Exit::Zombie, None);
    comes_back(&mut rig, 1, Exit::Retired(Retirement::PendingWork));
    rig.exit(0, Exit::Fatal, None);
    assert_eq!(rig.state(0), WorkerState::Cooling);
}

#[test]
fn a_limit_of_none_replaces_none() {
    let mut rig = Rig::new(with_max_abandoned(0));
    rig.submit(task(1));
    rig.exit(0, Exit::Panicked, None);
    assert_eq!(rig.state(0), WorkerState::Down);
    assert_eq!(rig.settled(), [(1, Err(Failure::WorkerLost))]);
    rig.tell(Input::Restart(WorkerId(0)));
    assert_eq!(rig.spawned(), [(0, 2)], "unless it is asked for");
}

#[test]
fn each_generation_counts_once() {
    let mut rig = Rig::new(with_max_abandoned(100));
    for lost in 1..5 {
        rig.exit(0, Exit::Panicked, None);
        assert_eq!(counts(&rig), (lost, 0));
        rig.pass(10);
    }
}
