//! Gives an isolate any bytes as a value, which it decodes and encodes again, or refuses.
#![no_main]

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use isolane::isolate::{
    Ended, Fault, FaultKind, Hooks, Isolate, Isolation, Job, Plan, Script, Spec, Work, initialise,
};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};

const MB: usize = 1 << 20;

struct Mirror {
    isolate: Isolate,
    tokio: Rc<Runtime>,
    tasks: u64,
}

impl Mirror {
    fn new() -> Self {
        initialise();
        let spec = Spec::new(128 * MB);
        let hooks = Hooks { lost: Box::new(|_| std::process::abort()), ..Hooks::silent() };
        let tokio =
            Rc::new(Builder::new_current_thread().enable_time().build().expect("a runtime"));
        let _context = tokio.enter();
        let mut isolate = Isolate::new(&spec, tokio.clone(), hooks).expect("an isolate");
        let text = "export default { echo: (value) => value }".into();
        let script = Script { path: PathBuf::from("/mirror.mjs"), text };
        isolate.load(&script, &tokio, |_| false).expect("a handler");
        Self { isolate, tokio: tokio.clone(), tasks: 0 }
    }

    fn echo(&mut self, value: &[u8]) -> Ended {
        self.tasks += 1;
        let job = Job {
            plan: Plan::new(Work::Handler("echo".into()), Isolation::Shared).into(),
            number: self.tasks,
            value: value.into(),
        };
        let _context = self.tokio.enter();
        self.isolate.begin(self.tasks, 1, 0, &job).expect("it waits for nothing")
    }
}

thread_local! {
    static MIRROR: RefCell<Option<Mirror>> = const { RefCell::new(None) };
}

fuzz_target!(|bytes: &[u8]| {
    MIRROR.with_borrow_mut(|mirror| {
        let it = mirror.get_or_insert_with(Mirror::new);
        match it.echo(bytes) {
            // An encoded value decodes, and encodes to the same bytes.
            Ended::Done(first) => match it.echo(&first) {
                Ended::Done(second) => assert_eq!(first, second),
                other => panic!("{first:02x?} was written and not read: {other:?}"),
            },
            Ended::Failed(Fault { kind: FaultKind::DataClone, .. }) | Ended::MemoryLimit => {}
            other => panic!("{other:?}"),
        }
        if it.isolate.is_heap_exhausted() {
            *mirror = None;
        }
    });
});
