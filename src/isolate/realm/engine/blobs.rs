//! The contents of Blobs: outside V8's heap, counted with the buffers, and gone with the realm that made
//! them. deno_web lets go of them when V8 collects the Blob, which a realm that is gone never hears of.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use deno_core::{OpState, op2};
use deno_error::JsErrorBox;
use deno_web::{BlobPart, BlobStore};
use url::Url;
use uuid::Uuid;

use crate::isolate::limits::buffers::{Buffers, Counted};

/// Ops whose result is the number of a part, and the one whose result is a URL.
pub const PARTS: [&str; 2] = ["op_blob_create_part", "op_blob_slice_part"];
pub const URL: &str = "op_blob_create_object_url";

/// What a realm has made and not let go of.
#[derive(Default)]
pub struct Blobs {
    parts: RefCell<HashSet<String>>,
    urls: RefCell<HashSet<String>>,
}

impl Blobs {
    pub fn add_part(&self, part: String) {
        self.parts.borrow_mut().insert(part);
    }

    pub fn add_url(&self, url: String) {
        self.urls.borrow_mut().insert(url);
    }

    /// Lets go of all.
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

/// Contents of a Blob that count as memory of the isolate.
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

/// In place of deno_web's, which counts nothing.
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
