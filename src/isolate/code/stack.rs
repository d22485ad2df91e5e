//! The text of `error.stack`: V8's format, with source positions mapped back to TypeScript where
//! the user wrote that.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write;
use std::rc::Rc;
use std::sync::Arc;

use deno_core::v8;
use sourcemap::SourceMap;

use crate::isolate::primitives::string;

/// The maximum length of the head, in UTF-16 code units. A longer head is truncated in the stack;
/// the message is complete.
const MAX_HEAD: usize = 1 << 20;

thread_local! {
    static MAPS: RefCell<HashMap<Rc<str>, SourceMapping>> = RefCell::default();
}

/// Maps positions in a script to positions in the text that the user wrote.
#[derive(Clone)]
pub struct SourceMapping {
    pub map: Arc<SourceMap>,
    /// The number of lines of the wrapper before the user's text.
    pub line_offset: u32,
}

impl SourceMapping {
    /// Registers the mapping for stack traces on this thread, by the name of the script.
    pub fn register(self, name: &str) {
        MAPS.with_borrow_mut(|maps| maps.insert(name.into(), self));
    }

    /// Unregisters the mapping of a script.
    pub fn unregister(name: &str) {
        MAPS.with_borrow_mut(|maps| maps.remove(name));
    }

    /// Unregisters all of this thread.
    pub fn unregister_all() {
        MAPS.take();
    }
}

/// Called by V8 on the first access to `error.stack`.
pub fn prepare<'s>(
    scope: &mut v8::HandleScope<'s>,
    error: v8::Local<'s, v8::Value>,
    callsites: v8::Local<'s, v8::Array>,
) -> v8::Local<'s, v8::Value> {
    if let Some((function, receiver)) = users_function(scope) {
        let stack = function.call(scope, receiver, &[error, callsites.into()]);
        return stack.unwrap_or_else(|| v8::undefined(scope).into());
    }
    let scope = &mut v8::TryCatch::new(scope);
    let mut stack = match error.to_string(scope) {
        Some(head) if head.length() <= MAX_HEAD => head.to_rust_string_lossy(scope),
        Some(head) => {
            let mut units = vec![0; MAX_HEAD];
            head.write_v2(scope, 0, &mut units, v8::WriteFlags::empty());
            String::from_utf16_lossy(&units) + "…"
        }
        None => "Error".to_owned(),
    };
    for index in 0..callsites.length() {
        let Some(call) = callsites.get_index(scope, index).and_then(|call| call.to_string(scope))
        else {
            break;
        };
        if call.length() > MAX_HEAD {
            continue;
        }
        stack.push_str("\n    at ");
        push_call(&mut stack, &call.to_rust_string_lossy(scope));
    }
    string(scope, &stack).into()
}

/// Returns `Error.prepareStackTrace` and its receiver, where a user has set it.
fn users_function<'s>(
    scope: &mut v8::HandleScope<'s>,
) -> Option<(v8::Local<'s, v8::Function>, v8::Local<'s, v8::Value>)> {
    let global = scope.get_current_context().global(scope);
    let name = string(scope, "Error").into();
    let error: v8::Local<v8::Object> = global.get(scope, name)?.try_into().ok()?;
    let name = string(scope, "prepareStackTrace").into();
    let function = error.get(scope, name)?.try_into().ok()?;
    Some((function, error.into()))
}

/// Appends a call, such as `f (file:///a.ts:1:2)` or `file:///a.ts:1:2`, with its mapped position.
fn push_call(stack: &mut String, call: &str) {
    let (text, end) = call.strip_suffix(')').map_or((call, ""), |text| (text, ")"));
    let mapped = MAPS.with_borrow(|maps| {
        if maps.is_empty() {
            return None;
        }
        let mut parts = text.rsplitn(3, ':');
        let column: u32 = parts.next()?.parse().ok()?;
        let line: u32 = parts.next()?.parse().ok()?;
        let before = parts.next()?;
        let name = before.rsplit(['(', ' ']).next()?;
        let SourceMapping { map, line_offset } = maps.get(name)?;
        let token = map.lookup_token(line.saturating_sub(1), column.saturating_sub(1))?;
        let line = token.get_src_line().saturating_sub(*line_offset);
        Some((before.to_owned(), line, token.get_src_col()))
    });
    match mapped {
        Some((before, line, column)) => {
            let _ = write!(stack, "{before}:{}:{}{end}", line + 1, column + 1);
        }
        None => stack.push_str(call),
    }
}
