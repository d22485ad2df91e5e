//! `Memory`: a measurement of the memory that an isolate uses.

/// The memory that an isolate uses, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    pub heap_used: usize,
    /// The limit of heap and external memory together.
    pub heap_limit: usize,
    /// ArrayBuffers and WebAssembly memory.
    pub external: usize,
}

impl Memory {
    /// Returns the sum that is compared with the limit.
    #[must_use]
    pub fn total(&self) -> usize {
        self.heap_used + self.external
    }
}
