//! Calls to the parent, from an isolate without a pool.

use std::sync::{Arc, Mutex};

use isolane::isolate::{HostCall, Reply};

use super::*;

/// `{ functions: [['f', null]], maxCalls: 2 }`
const ONE_FUNCTION: &[u8] = b"\x09\
    \x07\x02\x05\x09functions\x05\x08maxCalls\
    \x08\x01\x08\x02\x05\x01f\x01\
    \x0a\x02\0\0\0";

/// `[0, 7, null]`
const SEVEN: &[u8] = b"\x09\x08\x03\x0a\0\0\0\0\x0a\x07\0\0\0\x01";

type Calls = Arc<Mutex<Vec<(HostCall, Reply)>>>;

fn bench() -> (Bench, Calls) {
    let calls = Calls::default();
    let kept = calls.clone();
    let call = Box::new(move |call, reply| kept.lock().unwrap().push((call, reply)));
    let bench = Bench::with_host(Hooks { call, ..quiet() }, ONE_FUNCTION.to_vec(), 2);
    (bench, calls)
}

#[test]
fn a_call_has_its_task_and_its_answer() {
    on_thread(|| {
        let (mut bench, calls) = bench();
        let (ticket, ended) = bench.begin("return host.f()");
        assert_eq!(ended, None);
        let (call, reply) = calls.lock().unwrap().pop().unwrap();
        assert_eq!((call.ticket, call.attempt, &*call.target), (ticket, 1, "host:f"));
        reply.send(SEVEN.to_vec());
        assert_eq!(number(&bench.end_of(ticket)), 7);
    });
}

#[test]
fn more_than_are_allowed_are_refused_here() {
    on_thread(|| {
        let (mut bench, calls) = bench();
        let code = "let n = 0; for (let i = 0; i < 9; i++) host.f().catch(() => n++);
            await new Promise((resolve) => setTimeout(resolve, 1)); return n";
        assert_eq!(number(&bench.run(code)), 7);
        assert_eq!(calls.lock().unwrap().len(), 2);
        // The calls of the previous task do not count for this one.
        assert_eq!(number(&bench.run(code)), 7);
    });
}

#[test]
fn a_late_answer_finds_nobody_and_leaves_nothing_to_do() {
    on_thread(|| {
        let (mut bench, calls) = bench();
        bench.run("host.f().then(() => { for (;;); }); return 1");
        assert!(bench.isolate.leftovers().is_some());
        let (_, reply) = calls.lock().unwrap().pop().unwrap();
        reply.send(SEVEN.to_vec());
        assert!(bench.turn(PATIENCE, |isolate| isolate.leftovers().is_none()));
    });
}

#[test]
fn a_dropped_call_leaves_nothing_to_do() {
    on_thread(|| {
        let (mut bench, calls) = bench();
        bench.run("host.f().finally(() => { for (;;); }); return 1");
        calls.lock().unwrap().clear();
        assert!(bench.turn(PATIENCE, |isolate| isolate.leftovers().is_none()));
    });
}
