//! Payloads that are small objects. A function of the realm makes those of one shape: V8 compiles it as the literal
//! that it is, where a call for each property would look for the way from shape to shape every time.

use std::cell::RefCell;

use deno_core::v8;

use crate::isolate::primitives::string;
use crate::isolate::realm::functions::RealmFunctions;
use crate::isolate::values::codec;
use crate::isolate::values::tree_reader::Reader;
use crate::isolate::values::wire::{CodecError, TREE};

/// As many as `runMade` takes.
const MAX_KEYS: usize = 8;
/// The values of these, and the function that makes an object of them.
pub const MAX_ARGUMENTS: usize = 1 + MAX_KEYS;
/// More shapes of payloads than this are made key by key, but for those that came last.
const MAX_SHAPES: usize = 16;

/// The functions of a realm that lasts.
#[derive(Default)]
pub struct Shapes(RefCell<ShapeTable>);

#[derive(Default)]
struct ShapeTable {
    shapes: Vec<Shape>,
    /// Head of the last payload whose shape is not known. One that comes twice in a row is worth a function; keys
    /// that are data, such as ids, come once.
    last_unknown_head: Vec<u8>,
    /// Which one makes room for the next.
    next: usize,
}

struct Shape {
    /// The bytes of such an object up to its first value: the number of its keys, and they.
    head: Box<[u8]>,
    keys: usize,
    factory: v8::Global<v8::Function>,
}

/// What the bootstrap's `run` takes last, or `runMade`.
pub struct Payload<'s> {
    arguments: [v8::Local<'s, v8::Value>; MAX_ARGUMENTS],
    count: usize,
    /// The function that makes it comes first, and the values for that follow.
    pub has_factory: bool,
}

impl<'s> Payload<'s> {
    pub fn arguments(&self) -> &[v8::Local<'s, v8::Value>] {
        &self.arguments[..self.count]
    }
}

impl Shapes {
    /// Reads a payload, as far as it goes.
    ///
    /// # Errors
    /// When the bytes are not a value, or there is no memory for it.
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

    /// Gives the place of a shape that is known from now on.
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

/// Compiles the function that makes objects of these keys. `None` for keys that a literal would have to escape or
/// takes for something else.
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
