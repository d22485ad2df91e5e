//! The contents of Blobs. They are outside V8's heap, count as buffers, and are dropped with the
//! realm that created them: deno_web drops them when V8 collects the Blob, and the finalizers of a
//! dropped realm never run.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use deno_core::{OpState, op2};
use deno_error::JsErrorBox;
use deno_web::{BlobPart, BlobStore};
use url::Url;
use uuid::Uuid;

use crate::isolate::limits::buffers::{Buffers, Counted};

/// The ops that return the id of a part.
pub const PARTS: [&str; 2] = ["op_blob_create_part", "op_blob_slice_part"];
/// The op that returns an object URL.
pub const URL: &str = "op_blob_create_object_url";

/// The parts and object URLs that a realm has created.
#[derive(Default)]
pub struct Blobs {
    parts: RefCell<HashSet<String>>,
    urls: RefCell<HashSet<String>>,
}

impl Blobs {
    /// Adds a part by its id.
    pub fn add_part(&self, part: String) {
        self.parts.borrow_mut().insert(part);
    }

    /// Adds an object URL.
    pub fn add_url(&self, url: String) {
        self.urls.borrow_mut().insert(url);
    }

    /// Removes all of them from the store.
    pub fn clear(&self, store: &BlobStore) {
        for part in self.parts.take() {
            if let Ok(part) = Uuid::parse_str(&part) {
                store.remove_part(&part);
            }
        }
        for url in self.urls.take() {
            if let Ok(url) = Url::parse(&url) {
                store.remove_object_url(&url);
            }
        }
    }
}

/// The bytes of a part, counted as memory of the isolate.
#[derive(Debug)]
struct CountedPart(Counted);

#[async_trait::async_trait]
impl BlobPart for CountedPart {
    async fn read<'a>(&'a self) -> &'a [u8] {
        self.0.as_ref()
    }

    fn size(&self) -> usize {
        self.0.as_ref().len()
    }
}

/// Replaces deno_web's op, which counts nothing.
#[op2]
#[string]
pub fn op_isolane_create_part(
    state: &mut OpState,
    #[buffer] bytes: &[u8],
) -> Result<String, JsErrorBox> {
    let counted = state.borrow::<Arc<Buffers>>().count(bytes.to_vec());
    let counted =
        counted.ok_or_else(|| JsErrorBox::range_error("Array buffer allocation failed"))?;
    let part = state.borrow::<Arc<BlobStore>>().insert_part(Arc::new(CountedPart(counted)));
    Ok(part.to_string())
}
