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
