//! `Job`: a task as an isolate receives it. It is small, because a pool may hold millions of them.

use std::ops::Deref;
use std::sync::Arc;

use deno_core::v8;

use crate::isolate::primitives::string;
use crate::isolate::spec::{Isolation, Work};
use crate::isolate::values::transfer::moved_buffers::MovedBuffers;

/// What is run, and its value. Cloned for each attempt.
#[derive(Clone, Debug)]
pub struct Job {
    pub plan: Arc<Plan>,
    /// The number in `ctx.taskId`, `task-<number>`, where the plan has no name.
    pub number: u64,
    /// The payload of a handler, or `{ inputs, config }`, in the wire format.
    pub value: Value,
}

impl Job {
    /// Returns `ctx.taskId`.
    pub(in crate::isolate) fn task_id<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
    ) -> v8::Local<'s, v8::String> {
        if let Some(name) = &self.plan.name {
            return string(scope, name);
        }
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(self.number).as_bytes();
        // `task-` and the 20 digits of the largest u64.
        let mut text = *b"task-00000000000000000000";
        let end = 5 + digits.len();
        text[5..end].copy_from_slice(digits);
        v8::String::new_from_one_byte(scope, &text[..end], v8::NewStringType::Normal)
            .unwrap_or_else(|| v8::String::empty(scope))
    }
}

/// Everything of a task except its value. Tasks without a name or buffers share plans.
#[derive(Debug)]
pub struct Plan {
    pub work: Work,
    pub isolation: Isolation,
    /// `ctx.taskId`.
    pub name: Option<Box<str>>,
    /// The moved ArrayBuffers of the value, in the order of the numbers by which the value refers
    /// to them. The first attempt takes them: a task with buffers cannot start a second time.
    pub buffers: MovedBuffers,
}

impl Plan {
    /// Creates a plan without a name and without buffers.
    #[must_use]
    pub fn new(work: Work, isolation: Isolation) -> Self {
        Self { work, isolation, name: None, buffers: MovedBuffers::default() }
    }
}

/// Immutable bytes. Up to 22 are stored inline; more are shared by the clones.
#[derive(Clone, Debug)]
pub struct Value(Bytes);

/// The number of inline bytes that fit beside the length without making [`Bytes`] larger than a
/// shared slice needs.
const INLINE: usize = 22;

#[derive(Clone, Debug)]
enum Bytes {
    Inline { length: u8, bytes: [u8; INLINE] },
    Shared(Arc<[u8]>),
}

impl From<&[u8]> for Value {
    fn from(all: &[u8]) -> Self {
        let mut bytes = [0; INLINE];
        Self(match bytes.get_mut(..all.len()) {
            Some(target) => {
                target.copy_from_slice(all);
                Bytes::Inline { length: all.len() as u8, bytes }
            }
            None => Bytes::Shared(all.into()),
        })
    }
}

impl Deref for Value {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Bytes::Inline { length, bytes } => &bytes[..usize::from(*length)],
            Bytes::Shared(bytes) => bytes,
        }
    }
}
