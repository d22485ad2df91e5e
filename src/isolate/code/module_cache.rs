//! V8's code caches of users' modules, for all isolates of the process: a restarted worker and a fresh isolate do not
//! compile the worker script again.
//!
//! A module is found by a hash of its text: V8 itself compares nothing but the length of a text with its cache.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

/// Bytes of code caches that are kept for the process. Beyond it the cache starts anew.
const MAX_BYTES: usize = 64 << 20;

/// Identifies a text. Two hashes with random keys: whoever writes texts cannot find two that have the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TextKey(u64, u64);

/// V8's code cache of a module.
#[derive(Clone)]
pub struct CachedCode {
    pub bytes: Arc<[u8]>,
    /// It has functions that ran in tasks, and not only those that ran when the module was evaluated.
    pub is_warm: bool,
}

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

/// Keeps the code cache of a text, in the place of an earlier one.
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
