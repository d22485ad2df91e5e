//! The kit as a file has it: a line of JSON, then the texts of its modules, one after another. They are not read
//! before V8 does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::kit::Kit;
use super::text::Text;

#[derive(Serialize, Deserialize)]
struct Index<'a> {
    /// Names and lengths.
    #[serde(borrow)]
    modules: Vec<(&'a str, usize)>,
    eager: Vec<&'a str>,
    ops: Vec<&'a str>,
    async_ops: Vec<&'a str>,
}

/// Writes a kit.
///
/// # Panics
/// Never: there is nothing in it that JSON has not.
pub(super) fn pack(kit: &Kit, out: &mut Vec<u8>) {
    let index = Index {
        modules: kit.modules.iter().map(|(name, text)| (*name, text.len())).collect(),
        eager: kit.eager.clone(),
        ops: kit.ops.clone(),
        async_ops: kit.async_ops.iter().copied().collect(),
    };
    serde_json::to_writer(&mut *out, &index).expect("it is made of strings and numbers");
    out.push(b'\n');
    for text in kit.modules.values() {
        out.extend_from_slice(text.as_bytes());
    }
}

/// Reads a kit and gives what is behind it. `None` where there is none.
///
/// # Safety
/// [`pack`] has to have written it.
pub(super) unsafe fn open(bytes: &'static [u8]) -> Option<(Kit, &'static [u8])> {
    let line = bytes.iter().position(|byte| *byte == b'\n')?;
    let index: Index = serde_json::from_slice(&bytes[..line]).ok()?;
    let mut rest = &bytes[line + 1..];
    let mut modules = BTreeMap::new();
    for (name, length) in index.modules {
        let (text, behind) = rest.split_at_checked(length)?;
        // SAFETY: what was packed is ASCII.
        modules.insert(name, unsafe { Text::of_ascii(text) });
        rest = behind;
    }
    let async_ops = index.async_ops.into_iter().collect();
    Some((Kit { modules, eager: index.eager, ops: index.ops, async_ops }, rest))
}
