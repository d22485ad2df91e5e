//! Values across the boundary: the wire format, and memory that is moved instead of copied.

pub mod codec;
#[cfg(target_os = "linux")]
mod mapping;
pub mod moved_buffers;
pub mod ordinary;
pub mod pages;
pub mod scan;
pub mod shapes;
pub mod transfer;
pub mod tree_reader;
pub mod tree_writer;
pub mod varint;
pub mod wire;
