use isolane::scheduler::{Failure, Input, Outcome, Task};

use super::rig::{Rig, THROWN, config, ms, stubborn, task};

#[test]
fn a_task_that_waits_too_long_fails() {
    let mut rig = Rig::new(config());
    rig.submit(task(0));
    rig.submit(Task { queue_timeout: Some(ms(50)), ..task(1) });
    assert_eq!(rig.next_tick(), Some(50));
    rig.pass(49);
    assert_eq!(rig.settled(), []);
    rig.pass(1);
    assert_eq!(rig.settled(), [(1, Err(Failure::QueueTimeout { waited: ms(50) }))]);
    rig.finish(0, 0, 1, Outcome::Done("ok"));
    assert_eq!(rig.assigned(), []);
}

#[test]
fn the_delay_does_not_count() {
    let mut rig = Rig::cold(config());
    rig.submit(Task { queue_timeout: Some(ms(50)), delay: ms(100), ..task(1) });
    rig.pass(149);
    assert_eq!(rig.settled(), []);
    rig.pass(1);
    assert_eq!(rig.settled(), [(1, Err(Failure::QueueTimeout { waited: ms(50) }))]);
}

#[test]
fn it_counts_to_the_first_start_only() {
    let mut rig = Rig::new(config());
    rig.submit(Task { queue_timeout: Some(ms(50)), ..stubborn(0, 1) });
    rig.submit(task(1));
    rig.finish(0, 0, 1, THROWN);
    rig.pass(1_000);
    assert_eq!(rig.settled(), []);
    rig.finish(0, 1, 1, Outcome::Done("ok"));
    assert_eq!(rig.assigned(), [(0, 0, 2)]);
}

#[test]
fn it_runs_while_paused() {
    let mut rig = Rig::new(config());
    rig.tell(Input::Pause);
    rig.submit(Task { queue_timeout: Some(ms(50)), ..task(1) });
    rig.pass(50);
    assert_eq!(rig.settled(), [(1, Err(Failure::QueueTimeout { waited: ms(50) }))]);
}
