//! The engine: deno_core with its extensions, clock and Blobs, and the airlock, the only way from a
//! realm to its ops.

pub mod airlock;
pub mod blobs;
pub mod clock;
pub mod copy;
pub mod deno;
pub mod extension;
