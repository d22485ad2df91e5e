//! The deno_core extension that turns a bare runtime into isolane's: web APIs, console, timers.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use deno_core::{Extension, ExtensionFileSource, FastStaticString, ascii_str, extension, op2, v8};

use super::ledger::{Ledger, Stray};

/// Modules of `deno_web` that have no use in an isolate.
const LEFT_OUT: [&str; 4] = [
    "ext:deno_web/10_filereader.js",
    "ext:deno_web/12_location.js",
    "ext:deno_web/14_compression.js",
    "ext:deno_web/16_image_data.js",
];

extension!(
    isolane,
    deps = [deno_web, deno_crypto],
    ops = [op_isolane_console, op_isolane_report, op_isolane_settled, op_isolane_is_over],
    esm_entry_point = "ext:isolane/bootstrap.js",
    esm = [dir "src/isolate/js", "bootstrap.js", "belongings.js", "timers.js"],
    options = { ledger: Rc<Ledger> },
    state = |state, options| {
        state.put(CoarseClock);
        state.put(options.ledger);
    },
);

/// The guarded ops and the modules that use them: the same for every isolate, so they are made once.
static SOURCES: OnceLock<[Vec<ExtensionFileSource>; 3]> = OnceLock::new();

/// Makes `performance.now()` coarse: a fine clock is a tool for side channels.
struct CoarseClock;

impl deno_web::TimersPermission for CoarseClock {
    fn allow_hrtime(&mut self) -> bool {
        false
    }
}

/// All extensions of an isolate, in the order in which they depend on each other.
pub(super) fn extensions(ledger: Rc<Ledger>) -> Vec<Extension> {
    let mut web = deno_web::deno_web::init::<CoarseClock>(Arc::default(), None);
    web.esm_files = web
        .esm_files
        .iter()
        .filter(|file| !LEFT_OUT.contains(&file.specifier))
        .cloned()
        .collect::<Vec<_>>()
        .into();
    web.lazy_loaded_esm_files = Cow::Borrowed(&[]);
    let mut crypto = deno_crypto::deno_crypto::init(None);

    let [guard, web_files, crypto_files] = SOURCES
        .get_or_init(|| [vec![guarded_ops(&[&web, &crypto])], guarded(&web), guarded(&crypto)]);
    web.esm_files = Cow::Borrowed(web_files);
    crypto.esm_files = Cow::Borrowed(crypto_files);

    let mut ours = isolane::init(ledger);
    ours.esm_files.to_mut().push(ExtensionFileSource::new(
        "ext:isolane/clone.js",
        ascii_str!(concat!(
            "const module = {};\n",
            include_str!("../../lib/clone.js"),
            "export default module.exports;\n"
        )),
    ));
    ours.esm_files.to_mut().extend(guard.iter().cloned());
    vec![web, crypto, ours]
}

/// The module with all ops, and that which keeps a task that is over from beginning any.
const OPS: &str = "\"ext:core/ops\"";
const GUARDED_OPS: &str = "\"ext:isolane/ops.js\"";

/// Where deno_web reports what a listener of an event throws. It would make an event of it for a global
/// object that is a target of events, which ours is not, and tell deno_core, which stops everything.
const REPORT: &str = "function reportException(error) {";
const OWN_REPORT: &str =
    "function reportException(error) {\n  return globalThis_.reportException(error);";

/// Makes the module that puts a guard before every asynchronous op of these extensions.
fn guarded_ops(extensions: &[&Extension]) -> ExtensionFileSource {
    let mut text = format!(
        "import * as ops from {OPS};\n\
         import {{ createPorts, guard }} from \"ext:isolane/belongings.js\";\n\
         export * from {OPS};\n\
         export {{ createPorts as op_message_port_create_entangled }};\n"
    );
    let ops = extensions.iter().flat_map(|extension| extension.ops.iter());
    for name in ops.filter(|op| op.is_async).map(|op| op.name) {
        text.extend(["export const ", name, " = guard(ops.", name, ");\n"]);
    }
    ExtensionFileSource::new("ext:isolane/ops.js", lasting(text))
}

/// The modules of an extension, with their ops taken from [`guarded_ops`] and errors reported to us.
fn guarded(extension: &Extension) -> Vec<ExtensionFileSource> {
    let guard = |file: &ExtensionFileSource| {
        let text = file.load().expect("the modules of deno's extensions are in the binary");
        let text = text.as_str();
        if !text.contains(OPS) && !text.contains(REPORT) {
            return file.clone();
        }
        let text = text.replace(OPS, GUARDED_OPS).replace(REPORT, OWN_REPORT);
        ExtensionFileSource::new(file.specifier, lasting(text))
    };
    extension.esm_files.iter().map(guard).collect()
}

/// Keeps an ASCII text for the rest of the process, as V8 wants it to use it without a copy.
fn lasting(text: String) -> FastStaticString {
    let text = String::leak(text).as_bytes();
    let text = FastStaticString::create_external_onebyte_const(text);
    FastStaticString::new(Box::leak(Box::new(text)))
}

/// A line of a task's console; `ticket` is negative for code of no task.
#[op2(fast)]
fn op_isolane_console(
    #[state] ledger: &Rc<Ledger>,
    #[string] level: &str,
    #[string] text: &str,
    ticket: f64,
) {
    ledger.print(level, text, ticket_of(ticket));
}

/// An error that no code of the user caught.
#[op2]
fn op_isolane_report(
    #[state] ledger: &Rc<Ledger>,
    #[global] error: v8::Global<v8::Value>,
    ticket: f64,
) {
    ledger.strays.borrow_mut().push(Stray { ticket: ticket_of(ticket), error });
}

/// The promise of a task settled.
#[op2]
fn op_isolane_settled(
    #[state] ledger: &Rc<Ledger>,
    ticket: f64,
    fulfilled: bool,
    #[global] value: v8::Global<v8::Value>,
) {
    if let Some(ticket) = ticket_of(ticket) {
        ledger.settled.borrow_mut().push((ticket, fulfilled, value));
    }
}

/// Whether a task is over: nothing of it is to go on.
#[op2(fast)]
fn op_isolane_is_over(#[state] ledger: &Rc<Ledger>, ticket: f64) -> bool {
    ticket_of(ticket).is_some_and(|ticket| !ledger.is_in_flight(ticket))
}

fn ticket_of(number: f64) -> Option<u64> {
    // Tickets count from 1 and stay far below 2^53.
    (number >= 0.0).then_some(number as u64)
}
