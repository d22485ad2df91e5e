//! The snapshot that isolates start from: the engine's context and a realm, as they are before any code of a user
//! runs. It saves evaluating the modules of both.
//!
//! It is made once after a build, in a process of its own, because V8 sets flags for the whole process. Where no
//! snapshot fits this build, isolates start without one, and slower. The file begins with the bootstrap modules
//! (`bootstrap/file.rs`), whose texts the snapshot refers to.

use std::path::Path;
use std::rc::Rc;
use std::sync::OnceLock;
use std::{fs, io};

use deno_core::v8;
use memmap2::Mmap;
use rustyscript::tokio::runtime::Runtime as Tokio;
use rustyscript::{RuntimeOptions, SnapshotBuilder};

use crate::isolate::code::stack;
use crate::isolate::host::calls::Calls;
use crate::isolate::limits::buffers::Buffers;
use crate::isolate::limits::interrupt::on_refusal;
use crate::isolate::platform::initialise;
use crate::isolate::realm::bootstrap::bootstrap::{bootstrap, set_bootstrap};
use crate::isolate::realm::bootstrap::file;
use crate::isolate::realm::bootstrap::install::make_realm;
use crate::isolate::realm::engine::extension;
use crate::isolate::state::IsolateState;

/// The index of the realm among the contexts of the snapshot: deno_core adds its own behind it.
const REALM: usize = 0;

/// Changes with every change of what the snapshot holds and refers to.
const BUILD: &str = env!("ISOLANE_BUILD");

static FILE: OnceLock<Mmap> = OnceLock::new();
static SNAPSHOT: OnceLock<&'static [u8]> = OnceLock::new();

/// Returns the snapshot for new isolates, if one was loaded.
pub fn snapshot() -> Option<&'static [u8]> {
    SNAPSHOT.get().copied()
}

/// Returns a realm's context of the snapshot that this isolate started from.
pub fn realm<'s>(scope: &mut v8::HandleScope<'s, ()>) -> Option<v8::Local<'s, v8::Context>> {
    snapshot()?;
    v8::Context::from_snapshot(scope, REALM, v8::ContextOptions::default())
}

/// Makes isolates start from a file from now on. Only the first call has an effect. Returns false where the file is
/// not of this build, or V8 has other flags or another processor than those it was made with.
///
/// The file is mapped, so that processes share its memory.
///
/// # Errors
/// When it cannot be read.
pub fn load_snapshot(path: &Path) -> io::Result<bool> {
    // SAFETY: as with the library itself, nobody writes to the file that is there: a new one takes its place.
    let bytes = unsafe { Mmap::map(&fs::File::open(path)?)? };
    initialise();
    let header = header();
    if !bytes.starts_with(header.as_bytes()) {
        return Ok(false);
    }
    let mapped = FILE.get_or_init(|| bytes);
    // SAFETY: it is of this build, which has written nothing else.
    let Some((bootstrap, snapshot)) = (unsafe { file::open(&mapped[header.len()..]) }) else {
        return Ok(false);
    };
    set_bootstrap(bootstrap);
    SNAPSHOT.get_or_init(|| snapshot);
    Ok(true)
}

/// Takes the file's pages out of the process until they are read again.
pub fn release_pages() {
    #[cfg(target_os = "linux")]
    if let Some(file) = FILE.get() {
        // SAFETY: nobody writes to it, so that what is read again is the same.
        let _ = unsafe { file.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
    }
}

/// Makes the snapshot of this build and writes it. The process cannot be used for anything else after that.
///
/// # Errors
/// When the runtime does not start, or the file cannot be written.
///
/// # Panics
/// When the modules of realms do not evaluate.
pub fn write_snapshot(path: &Path) -> io::Result<()> {
    initialise();
    // Before V8 gets the flags that it makes snapshots with.
    let mut bytes = header().into_bytes();
    file::pack(bootstrap(), &mut bytes);
    let tokio = Rc::new(Tokio::new()?);
    let calls = Calls::new(0, 0, Box::new(|_, _| {}));
    let state = Rc::new(IsolateState::new(
        Buffers::new(usize::MAX >> 1, on_refusal),
        calls,
        Box::new(|_| {}),
    ));
    let options = RuntimeOptions { extensions: extension::extensions(state), ..Default::default() };
    let mut builder =
        SnapshotBuilder::with_tokio_runtime(options, tokio).map_err(io::Error::other)?;
    {
        let isolate = builder.deno_runtime().v8_isolate();
        // deno_core's callback reads what only its own context has.
        isolate.set_prepare_stack_trace_callback(stack::prepare);
        isolate.set_promise_reject_callback(ignore_rejection);
        let scope = &mut v8::HandleScope::new(isolate);
        let context = v8::Context::new(scope, v8::ContextOptions::default());
        let modules = make_realm(&mut v8::ContextScope::new(scope, context));
        for module in modules.eager() {
            let module = v8::Local::new(scope, module);
            scope.add_context_data(context, module);
        }
        let index = scope.add_context(context);
        assert_eq!(index, REALM, "deno_core adds its own context after this");
    }
    bytes.extend_from_slice(&builder.finish());
    // A new file takes the place of the old one, which may be mapped.
    let fresh = path.with_extension("fresh");
    fs::write(&fresh, bytes)?;
    fs::rename(fresh, path)
}

unsafe extern "C" fn ignore_rejection(_: v8::PromiseRejectMessage) {}

/// Returns the bytes that a file of this build begins with.
fn header() -> String {
    format!("isolane {BUILD} {:08x}\n", v8::script_compiler::cached_data_version_tag())
}
