//! V8's code caches of users' modules, shared by all isolates of the process: a restarted worker or
//! a fresh isolate does not compile the worker script again.
//!
//! The key is a hash of the module's text: V8 itself compares only the length of a text with its
//! cache.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

/// The maximum size in bytes of all code caches; a full cache is cleared.
const MAX_BYTES: usize = 64 << 20;

/// The key of a text: two hashes with random seeds, so that nobody can construct two texts with the
/// same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TextKey(u64, u64);

/// V8's code cache of a module.
#[derive(Clone)]
pub struct CachedCode {
    pub bytes: Arc<[u8]>,
    /// Whether it contains functions that ran in tasks, and not only those that ran when the module
    /// was evaluated.
    pub is_warm: bool,
}

/// The code caches, and the sum of their sizes.
#[derive(Default)]
struct Caches {
    by_key: HashMap<TextKey, CachedCode>,
    bytes: usize,
}

static CACHES: LazyLock<Mutex<Caches>> = LazyLock::new(Mutex::default);
static HASHERS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);

impl TextKey {
    /// Returns the key of a module's JavaScript.
    pub fn of(text: &str) -> Self {
        let [first, second] = &*HASHERS;
        Self(first.hash_one(text), second.hash_one(text))
    }
}

/// Returns the code cache of a text.
pub fn find(key: TextKey) -> Option<CachedCode> {
    CACHES.lock().by_key.get(&key).cloned()
}

/// Stores the code cache of a text, and replaces an earlier one.
pub fn insert(key: TextKey, code: CachedCode) {
    let mut caches = CACHES.lock();
    if caches.bytes + code.bytes.len() > MAX_BYTES {
        *caches = Caches::default();
    }
    caches.bytes += code.bytes.len();
    if let Some(old) = caches.by_key.insert(key, code) {
        caches.bytes -= old.bytes.len();
    }
}
