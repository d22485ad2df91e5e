//! The size of payloads and results in memory.

use std::sync::Arc;

/// A value that knows its approximate size in memory.
pub trait Weigh {
    /// Returns the size in bytes.
    fn weight(&self) -> usize;
}

impl<T: Weigh + ?Sized> Weigh for Arc<T> {
    fn weight(&self) -> usize {
        (**self).weight()
    }
}

impl Weigh for () {
    fn weight(&self) -> usize {
        0
    }
}

impl Weigh for u64 {
    fn weight(&self) -> usize {
        size_of::<Self>()
    }
}

impl Weigh for &str {
    fn weight(&self) -> usize {
        self.len()
    }
}
