//! deno_core: its extensions, its clock and Blobs, and the airlock, the one way from a realm to its ops.

pub mod airlock;
pub mod blobs;
pub mod clock;
pub mod copy;
pub mod deno;
pub mod extension;
