//! Work that a task left running does not run during later tasks.

use isolane::isolate::Leftover;

use super::*;

/// Runs a handler whose leftover work increments a counter, and fails if the counter still changes
/// some time after the end of the task.
fn comes_to_rest(code: &str) {
    let script = format!(
        "let count = 0;
         export const leave = () => {{ {code}; return 1 }};
         export const look = () => count;"
    );
    on_thread(move || {
        let mut bench = Bench::with_script(quiet(), &script);
        assert_eq!(number(&bench.handle("leave")), 1, "{script}");
        bench.turn(Duration::from_millis(100), |_| false);
        let count = number(&bench.handle("look"));
        bench.turn(Duration::from_millis(200), |_| false);
        assert_eq!(number(&bench.handle("look")), count, "{script}");
        assert_eq!(bench.isolate.leftovers(), None, "{script}");
        assert!(!bench.isolate.is_broken(), "{script}");
    });
}

#[test]
fn timers() {
    comes_to_rest("const again = () => { count++; setTimeout(again, 1) }; again()");
    comes_to_rest("setInterval(() => count++, 1)");
    // Set only after the task has ended.
    comes_to_rest(
        "crypto.subtle.digest('SHA-256', new Uint8Array(8)).then(() => setInterval(() => count++, 1))",
    );
    comes_to_rest(
        "const again = () => { count++; AbortSignal.timeout(1).addEventListener('abort', again) }; again()",
    );
}

#[test]
fn asynchronous_operations() {
    for step in [
        "crypto.subtle.digest('SHA-256', new Uint8Array(8))",
        "crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])",
        "new Promise((go) => setTimeout(go, 1))",
        "new Promise((go) => AbortSignal.timeout(1).addEventListener('abort', go))",
    ] {
        comes_to_rest(&format!("(async () => {{ for (;;) {{ await {step}; count++ }} }})()"));
    }
}

#[test]
fn message_ports() {
    comes_to_rest(
        "const { port1, port2 } = new MessageChannel();
         port1.onmessage = () => { count++; port1.postMessage(1) };
         port2.onmessage = () => { count++; port2.postMessage(1) };
         port1.postMessage(1)",
    );
}

#[test]
fn a_task_that_goes_on_keeps_what_it_began() {
    on_thread(|| {
        let mut bench = Bench::new(quiet());
        let (going, none) = bench.begin(
            "let n = 0;
             for (; n < 20; n++) {
               await crypto.subtle.digest('SHA-256', new Uint8Array(8));
               await new Promise((go) => setTimeout(go, 1));
               await new Promise((go) => {
                 const { port1, port2 } = new MessageChannel();
                 port1.onmessage = go;
                 port2.postMessage(1);
               });
             }
             return n",
        );
        assert_eq!(none, None);
        for _ in 0..10 {
            assert_eq!(
                number(&bench.run("await new Promise((go) => setTimeout(go, 1)); return 1")),
                1
            );
        }
        assert_eq!(number(&bench.end_of(going)), 20);
        bench.turn(Duration::from_millis(50), |_| false);
        assert_eq!(bench.isolate.leftovers(), None);
    });
}

#[test]
fn an_operation_under_way_is_known_until_it_is_done() {
    on_thread(|| {
        let mut bench = Bench::new(quiet());
        let code =
            "crypto.subtle.generateKey({ name: 'RSA-OAEP', hash: 'SHA-256', modulusLength: 2048,
            publicExponent: new Uint8Array([1, 0, 1]) }, false, ['encrypt', 'decrypt']); return 1";
        assert_eq!(number(&bench.run(code)), 1);
        assert_eq!(bench.isolate.leftovers(), Some(Leftover::Operations));
        assert!(bench.turn(Duration::from_secs(60), |isolate| isolate.leftovers().is_none()));
    });
}

#[test]
fn a_port_that_was_moved_is_an_operation_under_way() {
    on_thread(|| {
        let mut bench = Bench::new(quiet());
        let code = "const way = new MessageChannel(), moved = new MessageChannel();
            await new Promise((go) => {
              way.port1.onmessage = ({ ports }) => { ports[0].onmessage = () => {}; go() };
              way.port2.postMessage(0, [moved.port1, moved.port2]);
            });
            return 1";
        assert_eq!(number(&bench.run(code)), 1);
        assert_eq!(bench.isolate.leftovers(), Some(Leftover::Operations));
        bench.turn(Duration::from_millis(100), |_| false);
        assert_eq!(bench.isolate.leftovers(), Some(Leftover::Operations));
    });
}

#[test]
fn code_that_runs_on_is_stopped() {
    let (send, receive) = mpsc::channel::<Interrupter>();
    let thread = std::thread::spawn(move || {
        let mut bench = Bench::new(quiet());
        send.send(bench.isolate.interrupter()).unwrap();
        let code = "crypto.subtle.digest('SHA-256', new Uint8Array(8)).then(() => { for (;;); }); return 1";
        assert_eq!(number(&bench.run(code)), 1);
        let stopped = bench.turn(PATIENCE, |isolate| isolate.leftovers() == Some(Leftover::Code));
        (stopped, bench.isolate.is_broken())
    });
    let interrupter = receive.recv().unwrap();
    while !thread.is_finished() {
        interrupter.request_heartbeat();
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(thread.join().unwrap(), (true, true));
}
