//! Heap, buffers and WebAssembly memory share one limit.

use super::*;

/// Runs each code in an isolate of its own, whose heap must not be exhausted and which must run
/// another task afterwards.
fn each_ends_with_memory_limit(codes: &'static [&'static str]) {
    on_thread(move || {
        for code in codes {
            let mut bench = Bench::new(quiet());
            assert_eq!(bench.run(code), Ended::MemoryLimit, "{code}");
            assert!(!bench.isolate.is_heap_exhausted(), "{code}");
            assert!(!bench.isolate.is_broken(), "{code}");
            assert_eq!(number(&bench.run("return 1")), 1, "after {code}");
            bench.isolate.collect_garbage();
            let memory = bench.isolate.memory();
            assert!(memory.heap_used + memory.external < 24 * MB, "{memory:?} after {code}");
        }
    });
}

#[test]
fn buffers_over_the_limit_end_their_task_and_not_the_isolate() {
    each_ends_with_memory_limit(&[
        "const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1))",
        "const all = []; for (;;) all.push(new ArrayBuffer(1000))",
        "await null; const all = []; for (;;) all.push(new ArrayBuffer(1e6))",
        "return new ArrayBuffer(1e9).byteLength",
        "return new ArrayBuffer(70e6).byteLength",
        "return new Float64Array(1e7).fill(1).length",
        // A task that catches the error.
        "const all = []; for (;;) { try { for (;;) all.push(new ArrayBuffer(1e6)) } catch {} }",
        "try { new ArrayBuffer(1e9) } catch {}; return 1",
        "try { new ArrayBuffer(1e9) } catch {}; await new Promise((go) => setTimeout(go, 5)); return 1",
        "setTimeout(() => { try { new ArrayBuffer(1e9) } catch {} }, 1); await new Promise(() => {})",
        // Buffers that V8 and ops allocate.
        "const all = []; for (;;) all.push(new TextEncoder().encode('x'.repeat(1e6)))",
        "const all = []; for (;;) all.push(structuredClone(new Uint8Array(1e6)))",
        "const all = []; for (;;) all.push(new Uint8Array(1e6).slice().buffer.transfer(2e6))",
    ]);
}

#[test]
fn heap_and_buffers_count_together() {
    on_thread(|| {
        let keep = "let kept;
            export const keep = () => { kept = Array.from({ length: 3e6 }, (_, n) => n + 0.5); return 1 };
            export const let_go = () => { kept = undefined; return 1 };";
        let mut bench = Bench::with_script(quiet(), keep);
        let buffers =
            "const all = []; for (let n = 0; n < 44; n++) all.push(new ArrayBuffer(1e6)); return 1";
        assert_eq!(number(&bench.run(buffers)), 1);
        assert_eq!(number(&bench.handle("keep")), 1);
        assert_eq!(bench.run(buffers), Ended::MemoryLimit);
        assert!(!bench.isolate.is_heap_exhausted());
        assert_eq!(number(&bench.handle("let_go")), 1);
        assert_eq!(number(&bench.run(buffers)), 1);
    });
}

#[test]
fn garbage_is_collected_before_a_buffer_is_refused() {
    on_thread(|| {
        let mut bench = Bench::new(quiet());
        let code = "let sum = 0; for (let n = 0; n < 2000; n++) sum += new Uint8Array(1e6).fill(1)[n]; return sum";
        assert_eq!(number(&bench.run(code)), 2000);
        let code = "const big = 40e6; for (let n = 0; n < 20; n++) new ArrayBuffer(big); return 1";
        assert_eq!(number(&bench.run(code)), 1);
    });
}

#[test]
fn what_a_task_gave_back_is_not_counted_any_more() {
    on_thread(|| {
        let keep = "let kept;
            export const keep = () => { kept = new ArrayBuffer(20e6); return 1 };
            export const let_go = () => { kept = undefined; return 1 };";
        let mut bench = Bench::with_script(quiet(), keep);
        let before = bench.isolate.memory();
        assert_eq!(before.heap_limit, 64 * MB);
        assert_eq!(number(&bench.handle("keep")), 1);
        let during = bench.isolate.memory();
        assert!(during.external >= before.external + 20_000_000, "{during:?}");
        assert!(during.external < before.external + 21_000_000, "{during:?}");
        assert_eq!(number(&bench.handle("let_go")), 1);
        bench.isolate.collect_garbage();
        let after = bench.isolate.memory();
        assert!(after.external <= before.external, "{after:?}, and before {before:?}");
    });
}

#[test]
fn a_refusal_is_its_own_tasks_and_no_others() {
    on_thread(|| {
        let wait = "let release;
            export const wait = async () => { await new Promise((go) => { release = go }); return 1 };
            export const go = () => { release(); return 2 };";
        let mut bench = Bench::with_script(quiet(), wait);
        let (waiting, none) = bench.begin_work(Work::Handler("wait".into()));
        assert_eq!(none, None);
        let (hog, none) = bench.begin(
            "await new Promise((go) => setTimeout(go, 1)); try { new ArrayBuffer(1e9) } catch {} await new Promise(() => {})",
        );
        assert_eq!(none, None);
        assert_eq!(bench.end_of(hog), Ended::MemoryLimit);
        assert_eq!(number(&bench.handle("go")), 2);
        if !bench.isolate.is_broken() {
            assert_eq!(number(&bench.end_of(waiting)), 1);
        }
    });
}

/// `(module (memory (export "m") 1) (func (export "loop") (loop (br 0))))`
pub const WASM: &str = "new WebAssembly.Module(new Uint8Array([0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,5,3,1,0,1,7,12,2,1,109,2,0,4,108,111,111,112,0,0,10,9,1,7,0,3,64,12,0,11,11]))";

#[test]
fn memory_of_webassembly_is_seen_while_its_task_runs() {
    let grow = format!(
        "const {{ m }} = new WebAssembly.Instance({WASM}).exports; m.grow(1599);
         new Uint8Array(m.buffer).fill(1); for (;;);"
    );
    let many = "const all = []; for (;;) { all.push(new WebAssembly.Memory({ initial: 16 })); for (let n = 0; n < 1e5; n++); }";
    let resizable =
        "const b = new ArrayBuffer(1, { maxByteLength: 1e9 }); b.resize(1e8); for (;;);";
    for code in [grow, many.into(), resizable.into()] {
        let ended = asked_while(move |bench| {
            let ended = bench.run(&code);
            assert!(!bench.isolate.is_heap_exhausted());
            assert_eq!(number(&bench.run("return 1")), 1);
            ended
        });
        assert_eq!(ended, Ended::MemoryLimit);
    }
}

#[test]
fn memory_of_webassembly_is_external() {
    on_thread(|| {
        let keep = format!(
            "let kept;
             export const keep = () => {{
               kept = new WebAssembly.Instance({WASM}).exports.m;
               kept.grow(159);
               return 1;
             }};"
        );
        let mut bench = Bench::with_script(quiet(), &keep);
        let before = bench.isolate.memory().external;
        assert_eq!(number(&bench.handle("keep")), 1);
        let grown = bench.isolate.memory().external - before;
        assert!((10 * MB..11 * MB).contains(&grown), "{grown}");
    });
}

#[test]
fn a_heap_at_its_limit_spends_the_isolate() {
    on_thread(|| {
        let mut bench = Bench::new(quiet());
        let code = "const all = []; for (;;) all.push({ n: all.length });";
        assert_eq!(bench.run(code), Ended::MemoryLimit);
        assert!(bench.isolate.is_heap_exhausted());
    });
}

/// Requests a heartbeat of the isolate every ten milliseconds while `body` runs.
fn asked_while<T: Send + 'static>(body: impl FnOnce(&mut Bench) -> T + Send + 'static) -> T {
    let (send, receive) = mpsc::channel::<Interrupter>();
    let thread = std::thread::spawn(move || {
        let mut bench = Bench::new(quiet());
        send.send(bench.isolate.interrupter()).unwrap();
        body(&mut bench)
    });
    let interrupter = receive.recv().unwrap();
    while !thread.is_finished() {
        interrupter.request_heartbeat();
        std::thread::sleep(Duration::from_millis(10));
    }
    thread.join().unwrap()
}
