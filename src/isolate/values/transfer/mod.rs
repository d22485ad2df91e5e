//! Memory of ArrayBuffers that changes its owner instead of being copied.

#[cfg(target_os = "linux")]
mod mapping;
pub mod moved_buffers;
pub mod pages;
pub mod transfers;
