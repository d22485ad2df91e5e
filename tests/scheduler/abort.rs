use isolane::scheduler::{Failure, Input, Interruption, Outcome, Task, TaskId};

use super::rig::{Rig, config, ms, stubborn, task};

const ABORT: Input<(), &str> = Input::Abort(TaskId(1));

#[test]
fn a_waiting_task_is_settled_and_never_starts() {
    let mut rig = Rig::new(config());
    rig.submit(task(0));
    rig.submit(task(1));
    rig.tell(ABORT);
    assert_eq!(rig.settled(), [(1, Err(Failure::Aborted))]);
    rig.finish(0, 0, 1, Outcome::Done("ok"));
    assert_eq!(rig.assigned(), []);
}

#[test]
fn a_delayed_task_is_settled_and_its_time_forgotten() {
    let mut rig = Rig::new(config());
    rig.submit(Task { delay: ms(50), queue_timeout: Some(ms(10)), ..task(1) });
    rig.tell(ABORT);
    assert_eq!(rig.settled(), [(1, Err(Failure::Aborted))]);
    assert_eq!(rig.next_tick(), None);
}

#[test]
fn a_running_task_is_settled_at_once_told_then_forced_and_then_abandoned() {
    let mut rig = Rig::new(config());
    rig.submit(stubborn(1, 3));
    rig.submit(task(2));
    rig.tell(ABORT);
    assert_eq!(rig.settled(), [(1, Err(Failure::Aborted))]);
    assert_eq!(rig.interrupted(), [(1, Interruption::Abort, false)]);
    assert_eq!(rig.assigned(), [], "its place is taken until the worker answers");
    rig.pass(100);
    assert_eq!(rig.interrupted(), [(1, Interruption::Abort, true)]);
    rig.pass(1_000);
    assert_eq!(rig.abandoned(), [0]);
    assert_eq!(rig.settled(), []);
    rig.ready(0);
    assert_eq!(rig.assigned(), [(0, 2, 1)]);
}

#[test]
fn the_answer_to_an_abort_frees_the_place_and_settles_nothing() {
    for outcome in [Outcome::Interrupted, Outcome::Done("too late"), Outcome::MemoryLimit] {
        let mut rig = Rig::new(config());
        rig.submit(stubborn(1, 3));
        rig.submit(task(2));
        rig.tell(ABORT);
        rig.finish(0, 1, 1, outcome);
        assert_eq!(rig.settled(), []);
        assert_eq!(rig.assigned(), [(0, 2, 1)]);
        assert_eq!(rig.next_tick(), None);
    }
}

#[test]
fn an_abort_after_a_timeout_does_not_interrupt_twice() {
    let mut rig = Rig::new(config());
    rig.submit(Task { timeout: Some(ms(50)), ..stubborn(1, 3) });
    rig.pass(50);
    rig.tell(ABORT);
    assert_eq!(rig.settled(), [(1, Err(Failure::Aborted))]);
    assert_eq!(rig.interrupted(), []);
    rig.pass(1_000);
    assert_eq!(rig.abandoned(), [0]);
}

#[test]
fn an_abort_of_a_settled_or_unknown_task_does_nothing() {
    let mut rig = Rig::new(config());
    rig.tell(ABORT);
    assert!(rig.effects.is_empty());
    rig.submit(task(1));
    rig.tell(ABORT);
    rig.tell(ABORT);
    assert!(rig.effects.is_empty());
}
