//! `MovedBuffers`: the memory of ArrayBuffers in transit to their next owner.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::isolate::values::transfer::pages::Pages;

/// The memory of moved buffers, which only the first call of `take` gets. Empty for most tasks.
#[derive(Clone, Debug, Default)]
pub struct MovedBuffers(Option<Arc<Contents>>);

#[derive(Debug)]
struct Contents {
    count: usize,
    pages: Mutex<Vec<Pages>>,
}

impl MovedBuffers {
    /// Wraps the memory of buffers.
    #[must_use]
    pub fn new(pages: Vec<Pages>) -> Self {
        let contents = Contents { count: pages.len(), pages: Mutex::new(pages) };
        Self((contents.count > 0).then(|| Arc::new(contents)))
    }

    /// Returns the number of buffers that were put in.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.as_ref().map_or(0, |contents| contents.count)
    }

    /// Returns the size in bytes of the memory that was not taken.
    #[must_use]
    pub fn weight(&self) -> usize {
        let Some(contents) = &self.0 else { return 0 };
        contents.pages.lock().iter().map(Pages::size).sum()
    }

    /// Takes the memory; `None` where it was taken before.
    #[must_use]
    pub fn take(&self) -> Option<Vec<Pages>> {
        let Some(contents) = &self.0 else { return Some(Vec::new()) };
        let pages = std::mem::take(&mut *contents.pages.lock());
        (pages.len() == contents.count).then_some(pages)
    }
}

impl PartialEq for MovedBuffers {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ref().map(Arc::as_ptr) == other.0.as_ref().map(Arc::as_ptr)
    }
}

impl Eq for MovedBuffers {}
