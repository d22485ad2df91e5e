//! Heartbeats that another thread requests.

use super::memory::WASM;
use super::*;

/// Runs a task with an endless loop, requests heartbeats until V8 has answered `answers` of them,
/// and terminates the task. Returns the last sample.
fn answers_while(code: &str) -> Memory {
    let code = code.to_owned();
    let (send, receive) = mpsc::channel::<Interrupter>();
    let thread = std::thread::spawn(move || {
        let mut bench = Bench::new(quiet());
        send.send(bench.isolate.interrupter()).unwrap();
        let ended = bench.run(&code);
        assert_eq!(number(&bench.run("return 1")), 1);
        ended
    });
    let interrupter = receive.recv().unwrap();
    assert_eq!(interrupter.heartbeats(), 0);
    assert!(answered(&interrupter, 10), "{} answers", interrupter.heartbeats());
    let memory = interrupter.sampled();
    interrupter.terminate(1, 1);
    assert_eq!(thread.join().unwrap(), Ended::Interrupted);
    memory
}

fn answered(interrupter: &Interrupter, answers: u64) -> bool {
    let until = Instant::now() + PATIENCE;
    while interrupter.heartbeats() < answers {
        if Instant::now() > until {
            return false;
        }
        interrupter.request_heartbeat();
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

#[test]
fn a_loop_answers() {
    let memory = answers_while("const kept = new ArrayBuffer(1e7); for (;;) kept.n = 1;");
    assert!(memory.heap_used > MB && memory.heap_used < 64 * MB, "{memory:?}");
    assert!(memory.external >= 10_000_000, "{memory:?}");
    assert_eq!(memory.heap_limit, 64 * MB);
}

#[test]
fn a_regular_expression_answers() {
    answers_while("return /^(a+)+$/.test('a'.repeat(60) + 'b')");
}

#[test]
fn a_loop_in_webassembly_answers() {
    answers_while(&format!("new WebAssembly.Instance({WASM}).exports.loop()"));
}

#[test]
fn what_runs_is_not_disturbed() {
    let (send, receive) = mpsc::channel::<Interrupter>();
    let thread = std::thread::spawn(move || {
        let mut bench = Bench::new(quiet());
        send.send(bench.isolate.interrupter()).unwrap();
        let code = "let sum = 0; const until = Date.now() + 1000;
                    while (Date.now() < until) { for (let n = 0; n < 1000; n++) sum += [n].length; sum %= 1000; }
                    await new Promise((go) => setTimeout(go, 50)); return sum";
        (number(&bench.run(code)), number(&bench.run("return 7")))
    });
    let interrupter = receive.recv().unwrap();
    while !thread.is_finished() {
        interrupter.request_heartbeat();
    }
    assert!(interrupter.heartbeats() > 10, "{}", interrupter.heartbeats());
    assert_eq!(thread.join().unwrap(), (0, 7));
}

#[test]
fn a_thread_that_waits_in_native_code_does_not_answer() {
    let (send, receive) = mpsc::channel::<Interrupter>();
    let (called, waits) = mpsc::channel::<()>();
    let (wake, sleep) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        let console = Box::new(move |_: ConsoleLine| {
            called.send(()).unwrap();
            sleep.recv().unwrap();
        });
        let mut bench = Bench::new(Hooks { console, lost: Box::new(|_| {}), ..quiet() });
        send.send(bench.isolate.interrupter()).unwrap();
        bench.run("console.log('sleep'); for (;;);")
    });
    let interrupter = receive.recv().unwrap();
    waits.recv().unwrap();
    for _ in 0..50 {
        interrupter.request_heartbeat();
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(interrupter.heartbeats(), 0);
    wake.send(()).unwrap();
    assert!(answered(&interrupter, 3));
    interrupter.terminate(1, 1);
    assert_eq!(thread.join().unwrap(), Ended::Interrupted);
}
