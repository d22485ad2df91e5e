use isolane::scheduler::{Exit, Generation, Input, Outcome, Retirement, TaskId, WorkerId};

use super::rig::{Rig, THROWN, config, stubborn, task};

fn answer(generation: u32, task: u64, attempt: u32) -> Input<(), &'static str> {
    Input::Finished {
        worker: WorkerId(0),
        generation: Generation(generation),
        task: TaskId(task),
        attempt,
        outcome: Outcome::Done("late"),
        retire: Some(Retirement::PendingWork),
    }
}

fn changes_nothing(rig: &mut Rig, input: Input<(), &'static str>) {
    let state = |rig: &Rig| (rig.scheduler.stats(), rig.scheduler.workers().collect::<Vec<_>>());
    let before = state(rig);
    rig.tell(input);
    assert!(rig.effects.is_empty());
    assert_eq!(state(rig), before);
}

#[test]
fn the_answer_of_a_replaced_worker_is_dropped() {
    let mut rig = Rig::new(config());
    rig.submit(stubborn(1, 1));
    rig.exit(0, Exit::Panicked, Some(1));
    rig.ready(0);
    rig.pass(10);
    assert_eq!(rig.assigned(), [(0, 1, 2)]);
    changes_nothing(&mut rig, answer(1, 1, 1));
    changes_nothing(&mut rig, answer(1, 1, 2));
}

#[test]
fn a_second_answer_is_dropped() {
    let mut rig = Rig::new(config());
    rig.submit(task(1));
    rig.finish(0, 1, 1, Outcome::Done("ok"));
    changes_nothing(&mut rig, answer(1, 1, 1));
}

#[test]
fn a_second_answer_is_not_taken_for_that_of_the_retry() {
    let mut rig = Rig::new(config());
    rig.submit(stubborn(1, 1));
    rig.finish(0, 1, 1, THROWN);
    rig.pass(10);
    assert_eq!(rig.assigned(), [(0, 1, 2)]);
    changes_nothing(&mut rig, answer(1, 1, 1));
}

#[test]
fn reports_of_an_ended_or_unknown_worker_are_dropped() {
    let mut rig = Rig::new(config());
    rig.exit(0, Exit::Panicked, None);
    let exited = |worker, generation| Input::Exited {
        worker: WorkerId(worker),
        generation: Generation(generation),
        exit: Exit::Panicked,
        culprit: None,
    };
    changes_nothing(&mut rig, exited(0, 1));
    changes_nothing(&mut rig, exited(0, 3));
    changes_nothing(&mut rig, exited(9, 1));
    changes_nothing(&mut rig, Input::Ready { worker: WorkerId(0), generation: Generation(1) });
    changes_nothing(&mut rig, Input::Restart(WorkerId(9)));
}
