use isolane::scheduler::{Input, Outcome};

use super::rig::{Rig, config, task};

#[test]
fn nothing_starts_while_paused_and_what_runs_ends() {
    let mut rig = Rig::new(config());
    rig.submit(task(1));
    rig.tell(Input::Pause);
    rig.submit(task(2));
    rig.finish(0, 1, 1, Outcome::Done("ok"));
    assert_eq!(rig.settled(), [(1, Ok("ok"))]);
    assert_eq!(rig.assigned(), []);
    rig.tell(Input::Resume);
    assert_eq!(rig.assigned(), [(0, 2, 1)]);
}

#[test]
fn a_submission_waits_though_a_worker_is_free() {
    let mut rig = Rig::new(config());
    rig.tell(Input::Pause);
    rig.submit(task(1));
    assert_eq!(rig.assigned(), []);
    assert_eq!(rig.scheduler.stats().queued, 1);
}
