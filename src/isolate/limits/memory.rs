//! `Memory`: what an isolate takes of memory at one moment.

/// What an isolate takes of memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    pub heap_used: usize,
    /// That of the pool, for heap and external memory together.
    pub heap_limit: usize,
    /// ArrayBuffers and the memory of WebAssembly.
    pub external: usize,
}

impl Memory {
    /// All that counts for the limit.
    #[must_use]
    pub fn total(&self) -> usize {
        self.heap_used + self.external
    }
}
