//! A small task in an isolate: decode the payload, call the handler, encode the result.

use std::rc::Rc;

use isolane::isolate::{
    Ended, Hooks, Isolate, Isolation, Job, Plan, Script, Spec, Work, initialise,
};
use tokio::runtime::Builder;

use super::{Case, measured};

pub const CASES: &[Case] = &[
    Case { name: "isolate: a number there and back", run: number },
    Case { name: "isolate: a short text there and back", run: text },
    Case { name: "isolate: a small object there, a number back", run: sum },
    Case { name: "isolate: a small object there and back", run: object },
];

const MB: usize = 1 << 20;
/// The runs before the measurement, after which V8 has optimized all code that is called.
const WARM: u32 = 60_000;
const SOME: u32 = 10_000;

fn number(announce: &dyn Fn(u32)) {
    let mut value = vec![4];
    value.extend(1.5_f64.to_le_bytes());
    there_and_back(&value, announce);
}

fn text(announce: &dyn Fn(u32)) {
    let mut value = vec![5];
    value.extend(b"a text of some length");
    there_and_back(&value, announce);
}

/// `{ a: 1, b: 2 }`
const OBJECT: &[u8] = &[9, 7, 2, 5, 1, b'a', 5, 1, b'b', 10, 1, 0, 0, 0, 10, 2, 0, 0, 0];

fn sum(announce: &dyn Fn(u32)) {
    run("({ a, b }) => a + b", OBJECT, &[10, 3, 0, 0, 0], announce);
}

fn object(announce: &dyn Fn(u32)) {
    there_and_back(OBJECT, announce);
}

fn there_and_back(value: &[u8], announce: &dyn Fn(u32)) {
    run("(value) => value", value, value, announce);
}

fn run(handler: &str, payload: &[u8], result: &[u8], announce: &dyn Fn(u32)) {
    initialise();
    let spec = Spec::new(256 * MB);
    let hooks = Hooks { lost: Box::new(|loss| panic!("lost: {loss:?}")), ..Hooks::silent() };
    let tokio = Rc::new(Builder::new_current_thread().enable_time().build().unwrap());
    let _context = tokio.enter();
    let mut isolate = Isolate::new(&spec, tokio.clone(), hooks).unwrap();
    let script =
        Script { path: "/handlers.mjs".into(), text: format!("export default {handler};") };
    isolate.load(&script, &tokio, |_| false).unwrap();
    let job = Job {
        plan: Plan::new(Work::Handler("default".into()), Isolation::Shared).into(),
        number: 1,
        value: payload.into(),
    };
    let mut ticket = 0;
    let mut run = || {
        ticket += 1;
        isolate.begin(ticket, 1, 0, &job)
    };
    assert_eq!(run(), Some(Ended::Done(result.to_vec())), "what the handler is to make of it");
    for _ in 0..WARM {
        run();
    }
    announce(SOME);
    measured(SOME, |_| {
        run();
    });
}
