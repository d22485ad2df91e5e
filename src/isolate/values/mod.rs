//! Values that cross the boundary of an isolate: the wire format, and memory that is moved instead
//! of copied.

pub mod codec;
pub mod data_clone;
pub mod ordinary;
pub mod scan;
pub mod shapes;
pub mod text;
pub mod transfer;
pub mod tree_reader;
pub mod tree_writer;
pub mod varint;
pub mod wire;
