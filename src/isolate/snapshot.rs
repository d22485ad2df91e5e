//! The snapshot that isolates start from: deno_core's context and a realm, as they are before any code of a
//! user. It spares both the evaluation of their modules.
//!
//! It is made once after a build, in a process of its own: V8 sets flags for that. Where there is none that
//! fits this build, isolates start without, and slower. The file begins with the kit (`kit_file.rs`), whose texts
//! the snapshot refers to.

use std::path::Path;
use std::rc::Rc;
use std::sync::OnceLock;
use std::{fs, io};

use deno_core::v8;
use memmap2::Mmap;
use rustyscript::tokio::runtime::Runtime as Tokio;
use rustyscript::{RuntimeOptions, SnapshotBuilder};

use super::buffers::Buffers;
use super::calls::Calls;
use super::extension;
use super::kit::{kit, put_kit};
use super::ledger::Ledger;
use super::platform::initialise;
use super::{kit_file, stack};

/// Where deno_core leaves room for a context of somebody else.
const REALM: usize = 0;

/// Changes with every change of what the snapshot holds and refers to.
const BUILD: &str = env!("ISOLANE_BUILD");

static FILE: OnceLock<Mmap> = OnceLock::new();
static SNAPSHOT: OnceLock<&'static [u8]> = OnceLock::new();

/// The snapshot for new isolates, if one was loaded.
pub(super) fn snapshot() -> Option<&'static [u8]> {
    SNAPSHOT.get().copied()
}

/// A context of the snapshot that this isolate started from.
pub(super) fn realm<'s>(scope: &mut v8::HandleScope<'s, ()>) -> Option<v8::Local<'s, v8::Context>> {
    snapshot()?;
    v8::Context::from_snapshot(scope, REALM, v8::ContextOptions::default())
}

/// Has isolates that are made from now on start from a file; only the first call does something. False
/// where the file is not of this build, or V8 has other flags or another processor than it was made with.
///
/// The file is mapped, so that processes share its memory.
///
/// # Errors
/// When it cannot be read.
pub fn load_snapshot(file: &Path) -> io::Result<bool> {
    // SAFETY: as with the library itself, nobody writes to the file that is there: a new one takes its place.
    let bytes = unsafe { Mmap::map(&fs::File::open(file)?)? };
    initialise();
    let head = head();
    if !bytes.starts_with(head.as_bytes()) {
        return Ok(false);
    }
    let file = FILE.get_or_init(|| bytes);
    // SAFETY: it is of this build, which has written nothing else.
    let Some((kit, snapshot)) = (unsafe { kit_file::open(&file[head.len()..]) }) else {
        return Ok(false);
    };
    put_kit(kit);
    SNAPSHOT.get_or_init(|| snapshot);
    Ok(true)
}

/// Takes the file's pages out of the process until they are read again.
pub(super) fn let_go_of_snapshot() {
    #[cfg(target_os = "linux")]
    if let Some(file) = FILE.get() {
        // SAFETY: nobody writes to it, so that what is read again is the same.
        let _ = unsafe { file.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
    }
}

/// Makes the snapshot of this build and writes it. The process is good for nothing else after that.
///
/// # Errors
/// When the runtime does not start, or the file cannot be written.
///
/// # Panics
/// When the modules of realms do not evaluate.
pub fn write_snapshot(file: &Path) -> io::Result<()> {
    initialise();
    // Before V8 gets the flags that it makes snapshots with.
    let mut bytes = head().into_bytes();
    kit_file::pack(kit(), &mut bytes);
    let tokio = Rc::new(Tokio::new()?);
    let calls = Calls::new(0, 0, Box::new(|_, _| {}));
    let ledger = Rc::new(Ledger::new(Buffers::new(usize::MAX >> 1), calls, Box::new(|_| {})));
    let options =
        RuntimeOptions { extensions: extension::extensions(ledger), ..Default::default() };
    let mut builder =
        SnapshotBuilder::with_tokio_runtime(options, tokio).map_err(io::Error::other)?;
    {
        let isolate = builder.deno_runtime().v8_isolate();
        // deno_core's asks the context for what is in none but its own.
        isolate.set_prepare_stack_trace_callback(stack::prepare);
        isolate.set_promise_reject_callback(ignore_rejection);
        let scope = &mut v8::HandleScope::new(isolate);
        let context = v8::Context::new(scope, v8::ContextOptions::default());
        let modules = kit().evaluate(&mut v8::ContextScope::new(scope, context));
        for module in modules.eager() {
            let module = v8::Local::new(scope, module);
            scope.add_context_data(context, module);
        }
        let place = scope.add_context(context);
        assert_eq!(place, REALM, "deno_core adds its own context after this");
    }
    bytes.extend_from_slice(&builder.finish());
    // Not into the old one, which may be mapped.
    let fresh = file.with_extension("fresh");
    fs::write(&fresh, bytes)?;
    fs::rename(fresh, file)
}

unsafe extern "C" fn ignore_rejection(_: v8::PromiseRejectMessage) {}

/// What a file must begin with to be of use.
fn head() -> String {
    format!("isolane {BUILD} {:08x}\n", v8::script_compiler::cached_data_version_tag())
}
