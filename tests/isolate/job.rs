//! The memory that a queued task takes.

use super::*;
use crate::counting;

#[test]
fn a_value_is_the_bytes_it_was_made_of() {
    let bytes: Vec<u8> = (0..100).collect();
    for length in 0..=bytes.len() {
        let value = Value::from(&bytes[..length]);
        assert_eq!(value[..], bytes[..length]);
        assert_eq!(value.clone()[..], bytes[..length]);
    }
}

#[test]
fn a_job_with_a_few_bytes_takes_no_memory_but_its_own() {
    let plan = Arc::new(Plan::new(Work::Handler("default".into()), Isolation::Shared));
    let mut jobs = Vec::with_capacity(1000);
    let before = counting::in_use();
    for number in 0..1000 {
        jobs.push(Job { plan: plan.clone(), number, value: [INTEGER; 22][..].into() });
    }
    assert_eq!(counting::in_use(), before);
    assert!(size_of::<Job>() <= 40, "{}", size_of::<Job>());
}
