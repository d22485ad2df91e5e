//! Functions of the process, without a pool.

use napi::{Error, Result, Status};
use napi_derive::napi;

use crate::isolate;

/// Makes isolates start from a snapshot file, see `lib/native/snapshot.js`. Returns false if there is none for
/// this build.
#[napi]
#[must_use]
#[allow(clippy::needless_pass_by_value, reason = "napi makes the string for this call")]
pub fn load_snapshot(file: String) -> bool {
    isolate::load_snapshot(file.as_ref()).unwrap_or(false)
}

/// Writes the snapshot file of this build, for `tools/snapshot.mjs`. The process must not be used for anything
/// else afterwards.
///
/// # Errors
/// If the snapshot cannot be made or written.
#[napi]
#[allow(clippy::needless_pass_by_value, reason = "napi makes the string for this call")]
pub fn write_snapshot(file: String) -> Result<()> {
    isolate::write_snapshot(file.as_ref())
        .map_err(|error| Error::new(Status::GenericFailure, error.to_string()))
}

/// Returns the version of this build.
#[napi]
#[must_use]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The versions of what is inside.
#[napi(object)]
pub struct NativeVersions {
    /// That of V8, such as `13.7.152.14`.
    pub v8: String,
    /// The crates that embed it, as `name/version`, separated by spaces.
    pub engine: String,
}

/// Returns the versions of V8 and of the crates that embed it.
#[napi]
#[must_use]
pub fn versions() -> NativeVersions {
    let engine = env!("ISOLANE_ENGINE");
    NativeVersions { v8: isolate::v8_version().to_owned(), engine: engine.to_owned() }
}
