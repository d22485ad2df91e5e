//! `Shapes`: decodes payloads that are small objects with known keys.
//!
//! A function of the realm creates the objects of one shape: V8 compiles an object literal for it,
//! whereas adding the properties one by one would look up a map transition for each.

use std::cell::RefCell;

use deno_core::v8;

use crate::isolate::primitives::string;
use crate::isolate::realm::functions::RealmFunctions;
use crate::isolate::values::codec;
use crate::isolate::values::tree_reader::Reader;
use crate::isolate::values::wire::{CodecError, TREE};

/// The maximum number of keys: `runWithFactory` takes as many values.
const MAX_KEYS: usize = 8;
/// The maximum number of arguments: a factory and its values.
pub const MAX_ARGUMENTS: usize = 1 + MAX_KEYS;
/// The maximum number of shapes for each realm. A new shape replaces the oldest one.
const MAX_SHAPES: usize = 16;

/// The factories of a realm that is used for many tasks.
#[derive(Default)]
pub struct Shapes(RefCell<ShapeTable>);

#[derive(Default)]
struct ShapeTable {
    shapes: Vec<Shape>,
    /// The head of the last payload whose shape is unknown. A factory is compiled for a head that
    /// comes twice in a row: keys that are data, such as ids, come once.
    last_unknown_head: Vec<u8>,
    /// The index of the shape that the next one replaces.
    next: usize,
}

struct Shape {
    /// The bytes of an object of this shape up to its first value: the number of keys, and the
    /// keys.
    head: Box<[u8]>,
    keys: usize,
    factory: v8::Global<v8::Function>,
}

/// The arguments by which `run` or `runWithFactory` of the bootstrap get the payload.
pub struct Payload<'s> {
    arguments: [v8::Local<'s, v8::Value>; MAX_ARGUMENTS],
    count: usize,
    /// Whether the arguments are a factory and its values, for `runWithFactory`.
    pub has_factory: bool,
}

impl<'s> Payload<'s> {
    /// Returns the arguments.
    pub fn arguments(&self) -> &[v8::Local<'s, v8::Value>] {
        &self.arguments[..self.count]
    }
}

impl Shapes {
    /// Decodes a payload, up to its values where its shape is known.
    ///
    /// # Errors
    /// When the bytes do not represent a value, or there is no memory for it.
    pub fn read<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        functions: &RealmFunctions,
        bytes: &[u8],
        buffers: &[v8::Local<'s, v8::ArrayBuffer>],
    ) -> Result<Payload<'s>, CodecError> {
        let mut arguments = [v8::undefined(scope).into(); MAX_ARGUMENTS];
        if functions.is_warm.get()
            && let Some((&TREE, tree)) = bytes.split_first()
            && let Some(shape) = self.0.borrow_mut().find(scope, tree)
        {
            arguments[0] = v8::Local::new(scope, &shape.factory).into();
            let mut reader = Reader::new(&tree[shape.head.len()..]);
            for value in &mut arguments[1..=shape.keys] {
                *value = reader.value(scope)?;
            }
            reader.end()?;
            return Ok(Payload { arguments, count: 1 + shape.keys, has_factory: true });
        }
        arguments[0] = codec::decode_moved(scope, functions, bytes, buffers)?;
        Ok(Payload { arguments, count: 1, has_factory: false })
    }
}

impl ShapeTable {
    fn find(&mut self, scope: &mut v8::HandleScope, tree: &[u8]) -> Option<&Shape> {
        let index = self.shapes.iter().position(|shape| tree.starts_with(&shape.head));
        let index = index.or_else(|| self.add(scope, tree))?;
        self.shapes.get(index)
    }

    /// Adds the shape of a payload where its head came twice in a row, and returns its index.
    fn add(&mut self, scope: &mut v8::HandleScope, tree: &[u8]) -> Option<usize> {
        let (keys, values) = Reader::new(tree).keys(MAX_KEYS as u32)?;
        let head = &tree[..tree.len() - values.len()];
        if self.last_unknown_head != head {
            self.last_unknown_head.clear();
            self.last_unknown_head.extend_from_slice(head);
            return None;
        }
        let factory = compile_factory(scope, &keys)?;
        let factory = v8::Global::new(scope, factory);
        let shape = Shape { head: head.into(), keys: keys.len(), factory };
        let index = self.next;
        self.next = (index + 1) % MAX_SHAPES;
        match self.shapes.get_mut(index) {
            Some(old) => *old = shape,
            None => self.shapes.push(shape),
        }
        Some(index)
    }
}

/// Compiles the factory of objects with these keys. `None` where a key is not plain ASCII or is
/// `__proto__`, which an object literal treats differently.
fn compile_factory<'s>(
    scope: &mut v8::HandleScope<'s>,
    keys: &[&[u8]],
) -> Option<v8::Local<'s, v8::Function>> {
    const NAMES: [&str; MAX_KEYS] = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let mut text = "return{".to_owned();
    for (key, name) in keys.iter().zip(NAMES) {
        let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        if !key.iter().all(is_plain) || *key == b"__proto__" {
            return None;
        }
        text.push('"');
        text.extend(key.iter().copied().map(char::from));
        text.push_str("\":");
        text.push_str(name);
        text.push(',');
    }
    text.push('}');
    let names: Vec<_> = NAMES[..keys.len()].iter().map(|name| string(scope, name)).collect();
    let text = string(scope, &text);
    let source = &mut v8::script_compiler::Source::new(text, None);
    v8::script_compiler::compile_function(
        scope,
        source,
        &names,
        &[],
        v8::script_compiler::CompileOptions::NoCompileOptions,
        v8::script_compiler::NoCacheReason::NoReason,
    )
}
