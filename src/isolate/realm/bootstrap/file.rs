//! The bootstrap modules in the snapshot's file: a line of JSON, then the texts one after another.
//! Pages of a text are read only when V8 uses it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::isolate::realm::bootstrap::bootstrap::Bootstrap;
use crate::isolate::realm::bootstrap::source_text::SourceText;

#[derive(Serialize, Deserialize)]
struct Index<'a> {
    /// Names and lengths in bytes, in the order of the texts.
    #[serde(borrow)]
    modules: Vec<(&'a str, usize)>,
    eager: Vec<&'a str>,
    functions: Vec<&'a str>,
    async_ops: Vec<&'a str>,
}

/// Appends the modules to `out`.
///
/// # Panics
/// Never: JSON can represent all of it.
pub fn pack(bootstrap: &Bootstrap, out: &mut Vec<u8>) {
    let index = Index {
        modules: bootstrap.modules.iter().map(|(name, text)| (*name, text.len())).collect(),
        eager: bootstrap.eager.clone(),
        functions: bootstrap.functions.clone(),
        async_ops: bootstrap.async_ops.iter().copied().collect(),
    };
    serde_json::to_writer(&mut *out, &index).expect("it is made of strings and numbers");
    out.push(b'\n');
    for text in bootstrap.modules.values() {
        out.extend_from_slice(text.as_bytes());
    }
}

/// Reads the modules, and returns them with the remaining bytes. `None` where the bytes are
/// malformed.
///
/// # Safety
/// The bytes must have been written by [`pack`].
pub unsafe fn open(bytes: &'static [u8]) -> Option<(Bootstrap, &'static [u8])> {
    let line = bytes.iter().position(|byte| *byte == b'\n')?;
    let index: Index = serde_json::from_slice(&bytes[..line]).ok()?;
    let mut rest = &bytes[line + 1..];
    let mut modules = BTreeMap::new();
    for (name, length) in index.modules {
        let (text, behind) = rest.split_at_checked(length)?;
        // SAFETY: the packed texts are ASCII.
        modules.insert(name, unsafe { SourceText::of_ascii(text) });
        rest = behind;
    }
    let async_ops = index.async_ops.into_iter().collect();
    Some((Bootstrap { modules, eager: index.eager, functions: index.functions, async_ops }, rest))
}
