//! The V8 snapshot that isolates start from: the engine's context and a realm, before any code of a
//! user runs. It saves evaluating the modules of both.
//!
//! It is created once after a build, in a process of its own, because V8 sets flags for the whole
//! process. Without a snapshot of this build isolates start more slowly. The file begins with the
//! bootstrap modules (`bootstrap/file.rs`), to whose texts the snapshot refers.

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
use crate::isolate::platform::{initialise, v8_version};
use crate::isolate::realm::bootstrap::bootstrap::{bootstrap, set_bootstrap};
use crate::isolate::realm::bootstrap::file;
use crate::isolate::realm::bootstrap::install::make_realm;
use crate::isolate::realm::engine::extension;
use crate::isolate::state::IsolateState;

/// The index of the realm's context in the snapshot: deno_core adds its own context after it.
const REALM: usize = 0;

/// The hash of everything that the snapshot contains and refers to; `build.rs` computes it.
const BUILD: &str = env!("ISOLANE_BUILD");

static FILE: OnceLock<Mmap> = OnceLock::new();
static SNAPSHOT: OnceLock<&'static [u8]> = OnceLock::new();

/// Returns the snapshot for new isolates, if one was loaded.
pub fn snapshot() -> Option<&'static [u8]> {
    SNAPSHOT.get().copied()
}

/// Returns the context of a realm from the snapshot that this isolate started from.
pub fn realm<'s>(scope: &mut v8::HandleScope<'s, ()>) -> Option<v8::Local<'s, v8::Context>> {
    snapshot()?;
    v8::Context::from_snapshot(scope, REALM, v8::ContextOptions::default())
}

/// Makes isolates start from a snapshot file from now on. Only the first call has an effect.
/// Returns false where the file is of another build. The snapshot contains bytecode and no machine
/// code, so it fits any processor that the library runs on.
///
/// The file is mapped, so that processes share its memory.
///
/// # Errors
/// When the file cannot be read.
pub fn load_snapshot(path: &Path) -> io::Result<bool> {
    // SAFETY: as with the library itself, an existing file is never written to: a new file replaces
    // it.
    let bytes = unsafe { Mmap::map(&fs::File::open(path)?)? };
    initialise();
    let header = header();
    if !bytes.starts_with(header.as_bytes()) {
        return Ok(false);
    }
    let mapped = FILE.get_or_init(|| bytes);
    // SAFETY: the header is that of this build, which writes only what `file::pack` produces.
    let Some((bootstrap, snapshot)) = (unsafe { file::open(&mapped[header.len()..]) }) else {
        return Ok(false);
    };
    set_bootstrap(bootstrap);
    SNAPSHOT.get_or_init(|| snapshot);
    Ok(true)
}

/// Releases the mapped pages of the file until they are read again.
pub fn release_pages() {
    #[cfg(target_os = "linux")]
    if let Some(file) = FILE.get() {
        // SAFETY: the file does not change, so the pages are read again unchanged.
        let _ = unsafe { file.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
    }
}

/// Creates the snapshot of this build and writes it. The process cannot be used for anything else
/// afterwards.
///
/// # Errors
/// When the runtime does not start, or the file cannot be written.
///
/// # Panics
/// When the bootstrap modules do not evaluate.
pub fn write_snapshot(path: &Path) -> io::Result<()> {
    initialise();
    // Before V8 sets the flags for creating snapshots.
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
        // deno_core's callback needs what only its own context has.
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
    // Replaces the old file, which may be mapped, by a new one.
    let fresh = path.with_extension("fresh");
    fs::write(&fresh, bytes)?;
    fs::rename(fresh, path)
}

unsafe extern "C" fn ignore_rejection(_: v8::PromiseRejectMessage) {}

/// Returns the first line of a file of this build.
fn header() -> String {
    format!("isolane {BUILD} {}\n", v8_version())
}
