use isolane::scheduler::{Priority, Task, TaskId};

use super::rig::{Rig, config, ms, task};

fn delayed(id: u64, millis: u64) -> Task<()> {
    Task { delay: ms(millis), ..task(id) }
}

#[test]
fn a_delayed_task_is_held_until_it_is_due() {
    let mut rig = Rig::new(config());
    rig.submit(delayed(1, 50));
    assert_eq!(rig.next_tick(), Some(50));
    rig.pass(49);
    assert_eq!(rig.assigned(), []);
    rig.pass(1);
    assert_eq!(rig.assigned(), [(0, 1, 1)]);
    assert_eq!(rig.next_tick(), None);
}

#[test]
fn a_task_that_became_due_comes_before_a_new_submission() {
    let mut rig = Rig::new(config());
    rig.submit(Task { priority: Priority(10), ..delayed(1, 50) });
    rig.now += ms(60);
    rig.submit(task(2));
    assert_eq!(rig.assigned(), [(0, 1, 1)]);
}

#[test]
fn a_delay_without_end_is_only_ended_by_the_caller() {
    let mut rig = Rig::new(config());
    rig.submit(Task { delay: std::time::Duration::MAX, ..task(1) });
    rig.pass(1_000 * 86_400 * 365);
    assert_eq!(rig.assigned(), []);
    rig.tell(isolane::scheduler::Input::Abort(TaskId(1)));
    assert_eq!(rig.settled().len(), 1);
}

#[test]
fn the_wait_is_counted_from_the_end_of_the_delay() {
    let mut rig = Rig::cold(config());
    rig.submit(delayed(1, 50));
    rig.pass(80);
    assert_eq!(rig.scheduler.oldest_wait(rig.now), Some(ms(30)));
    rig.ready(0);
    rig.now += ms(5);
    rig.finish(0, 1, 1, isolane::scheduler::Outcome::Done("ok"));
    let timing = rig.timing();
    assert_eq!((timing.waited, timing.ran, timing.total), (ms(30), ms(5), ms(85)));
}
