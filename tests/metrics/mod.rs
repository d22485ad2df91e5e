//! What the recorder says of settled tasks.

use std::time::{Duration, Instant};

use isolane::metrics::{Figures, Recorder, TaskTimes};

const SECOND: Duration = Duration::from_secs(1);

fn ran(ms: u64) -> TaskTimes {
    let ran = Duration::from_millis(ms);
    TaskTimes { ran: Some(ran), waited: ran * 2, total: ran * 3 }
}

#[test]
fn nothing_recorded_is_zero_throughout() {
    let now = Instant::now();
    assert_eq!(Recorder::new(now).figures(now), Figures::default());
}

#[test]
fn quantiles_are_right_to_two_digits() {
    let now = Instant::now();
    let mut recorder = Recorder::new(now);
    for ms in 1..=1000 {
        recorder.record(&ran(ms), now);
    }
    let Figures { run, wait, total, .. } = recorder.figures(now);
    for (measured, expected) in [
        (run.min, 1.0),
        (run.p50, 500.0),
        (run.p95, 950.0),
        (run.p99, 990.0),
        (run.max, 1000.0),
        (run.mean, 500.5),
        (wait.p50, 1000.0),
        (total.max, 3000.0),
    ] {
        assert!((measured / expected - 1.0).abs() < 0.01, "{measured} is not {expected}");
    }
}

#[test]
fn a_task_that_never_started_has_no_run_time() {
    let now = Instant::now();
    let mut recorder = Recorder::new(now);
    recorder.record(&TaskTimes { ran: None, ..ran(5) }, now);
    let figures = recorder.figures(now + SECOND);
    assert_eq!((figures.run.max, figures.tasks_per_second), (0.0, 1.0));
}

#[test]
fn the_rate_forgets_what_is_ten_seconds_old() {
    let start = Instant::now();
    let mut recorder = Recorder::new(start);
    for _ in 0..100 {
        recorder.record(&ran(1), start);
    }
    assert!(recorder.figures(start + SECOND).tasks_per_second >= 100.0);
    assert!((recorder.figures(start + 5 * SECOND).tasks_per_second - 20.0).abs() < 0.1);
    assert!(recorder.figures(start + 11 * SECOND).tasks_per_second.abs() < f64::EPSILON);
}
