use isolane::scheduler::{Config, Event, Exit, Input, Outcome, Retirement, WorkerState};

use super::rig::{Rig, config, task};

const GOES: Retirement = Retirement::ScaleDown;

fn sized(size: usize) -> Rig {
    Rig::new(Config { size, min_workers: 1, max_workers: 4, tasks_per_worker: 2, ..config() })
}

#[test]
fn the_wanted_size_is_clamped_to_the_bounds() {
    let mut rig = sized(2);
    rig.tell(Input::Scale(100));
    assert_eq!(rig.spawned(), [(2, 1), (3, 1)]);
    assert_eq!(rig.events(), [Event::ScaledUp { from: 2, to: 4, automatic: false }]);
    rig.tell(Input::Scale(0));
    assert!(rig.events().contains(&Event::ScaledDown { from: 4, to: 1, automatic: false }));
}

#[test]
fn starting_workers_go_before_idle_ones_and_idle_before_loaded() {
    let mut rig = sized(3);
    rig.tell(Input::Scale(4));
    for id in 0..5 {
        rig.submit(task(id));
    }
    rig.finish(1, 1, 1, Outcome::Done("ok"));
    rig.finish(1, 4, 1, Outcome::Done("ok"));
    rig.tell(Input::Scale(3));
    assert_eq!(rig.retired(), [(3, GOES)]);
    rig.tell(Input::Scale(2));
    assert_eq!(rig.retired(), [(1, GOES)]);
    rig.tell(Input::Scale(1));
    assert_eq!(rig.retired(), []);
    assert_eq!((rig.state(0), rig.state(2)), (WorkerState::Ready, WorkerState::Draining));
}

#[test]
fn a_worker_ends_its_tasks_before_it_goes_and_is_not_replaced() {
    let mut rig = sized(2);
    rig.submit(task(0));
    rig.submit(task(1));
    rig.tell(Input::Scale(1));
    assert_eq!(rig.retired(), []);
    rig.finish(1, 1, 1, Outcome::Done("ok"));
    assert_eq!(rig.settled(), [(1, Ok("ok"))]);
    assert_eq!(rig.retired(), [(1, GOES)]);
    rig.exit(1, Exit::Retired(GOES), None);
    assert_eq!(rig.spawned(), []);
    assert_eq!(rig.state(1), WorkerState::Gone);
}

#[test]
fn a_draining_worker_is_taken_back_when_it_is_wanted_again() {
    let mut rig = sized(2);
    rig.submit(task(0));
    rig.submit(task(1));
    rig.tell(Input::Scale(1));
    rig.tell(Input::Scale(2));
    assert_eq!(rig.spawned(), []);
    assert_eq!(rig.state(1), WorkerState::Ready);
}

#[test]
fn a_worker_on_its_way_out_is_replaced_when_it_is_wanted_again() {
    let mut rig = sized(2);
    rig.tell(Input::Scale(1));
    assert_eq!(rig.retired(), [(1, GOES)]);
    rig.tell(Input::Scale(2));
    assert_eq!(rig.spawned(), [], "one live thread a slot");
    rig.exit(1, Exit::Retired(GOES), None);
    assert_eq!(rig.spawned(), [(1, 2)]);
}

#[test]
fn a_slot_is_used_again_with_its_next_generation() {
    let mut rig = sized(2);
    rig.tell(Input::Scale(1));
    rig.exit(1, Exit::Retired(GOES), None);
    rig.tell(Input::Scale(2));
    assert_eq!(rig.spawned(), [(1, 2)]);
    assert_eq!(rig.scheduler.stats().workers_restarted, 0);
}

#[test]
fn a_slot_that_is_down_goes_first() {
    let mut rig = Rig::new(Config { size: 2, auto_restart: false, ..config() });
    rig.exit(0, Exit::Panicked, None);
    assert_eq!(rig.state(0), WorkerState::Down);
    rig.tell(Input::Scale(1));
    assert_eq!(rig.state(0), WorkerState::Gone);
    assert_eq!(rig.state(1), WorkerState::Ready);
}
