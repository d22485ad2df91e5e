//! `RealmFunctions`: the functions of a realm's `js/bootstrap.js` that Rust calls. `None` from one
//! of them means that an exception is pending.

use std::cell::Cell;
use std::slice;

use deno_core::v8;

use crate::isolate::primitives::{number, string};
use crate::isolate::values::wire::CodecError;

/// Handles to the functions that the bootstrap of a realm exports to Rust.
pub struct RealmFunctions {
    pub run: v8::Global<v8::Function>,
    pub run_with_factory: v8::Global<v8::Function>,
    pub run_code: v8::Global<v8::Function>,
    /// `Object.prototype` of the realm.
    pub object_prototype: v8::Global<v8::Value>,
    await_result: v8::Global<v8::Function>,
    release: v8::Global<v8::Function>,
    abort: v8::Global<v8::Function>,
    set_env: v8::Global<v8::Function>,
    set_host: v8::Global<v8::Function>,
    collect_errors: v8::Global<v8::Function>,
    replica_of: v8::Global<v8::Function>,
    restore_errors: v8::Global<v8::Function>,
    path_of_uncloneable: v8::Global<v8::Function>,
    detach_causes: v8::Global<v8::Function>,
    restore_causes: v8::Global<v8::Function>,
    check_body: v8::Global<v8::Function>,
    view_of: v8::Global<v8::Function>,
    pub build_error: v8::Global<v8::Function>,
    complete: v8::Global<v8::Function>,
    table_input: v8::Global<v8::Function>,
    read_table: v8::Global<v8::Function>,
    write_table: v8::Global<v8::Function>,
    /// Whether the realm runs many tasks, so that V8 optimizes functions that it calls often.
    pub is_warm: Cell<bool>,
    /// Whether a table is being written.
    is_writing_table: Cell<bool>,
    /// The state that `js/task-resources.js` shares with Rust.
    resource_state: v8::SharedRef<v8::BackingStore>,
}

/// The offset in bytes of the flag `QUEUE_CHANGING` in the shared state.
const QUEUE_CHANGING: usize = 2 * size_of::<u32>();

impl RealmFunctions {
    /// Takes the functions out of `globalThis.isolane`, and deletes it.
    ///
    /// # Panics
    /// When the bootstrap does not match this code.
    pub fn take(scope: &mut v8::HandleScope) -> Self {
        let global = scope.get_current_context().global(scope);
        let name = string(scope, "isolane");
        let object: v8::Local<v8::Object> = global
            .get(scope, name.into())
            .and_then(|value| value.try_into().ok())
            .expect("the bootstrap leaves its functions in globalThis.isolane");
        global.delete(scope, name.into());
        let mut function = |name: &str| {
            let name = string(scope, name);
            let function: v8::Local<v8::Function> = object
                .get(scope, name.into())
                .and_then(|value| value.try_into().ok())
                .expect("the bootstrap defines every function that is taken");
            v8::Global::new(scope, function)
        };
        let (run, run_with_factory) = (function("run"), function("runWithFactory"));
        let run_code = function("runCode");
        let (await_result, release) = (function("awaitResult"), function("release"));
        let abort = function("abort");
        let (set_env, set_host) = (function("setEnv"), function("setHost"));
        let (collect_errors, restore_errors) =
            (function("collectErrors"), function("restoreErrors"));
        let (replica_of, check_body) = (function("replicaOf"), function("checkBody"));
        let (view_of, build_error) = (function("viewOf"), function("buildError"));
        let complete = function("complete");
        let table_input = function("tableInput");
        let (read_table, write_table) = (function("readTable"), function("writeTable"));
        let (detach_causes, restore_causes) = (function("detachCauses"), function("restoreCauses"));
        let path_of_uncloneable = function("pathOfUncloneable");
        let object_prototype =
            v8::Object::new(scope).get_prototype(scope).expect("an object literal has a prototype");
        let object_prototype = v8::Global::new(scope, object_prototype);
        let name = string(scope, "resourceState");
        let resource_state: v8::Local<v8::Uint32Array> = object
            .get(scope, name.into())
            .and_then(|value| value.try_into().ok())
            .expect("the bootstrap counts what belongs to tasks in a Uint32Array");
        let resource_state =
            resource_state.buffer(scope).expect("a typed array has a buffer").get_backing_store();
        Self {
            run,
            run_with_factory,
            run_code,
            object_prototype,
            await_result,
            release,
            abort,
            set_env,
            set_host,
            collect_errors,
            replica_of,
            restore_errors,
            path_of_uncloneable,
            detach_causes,
            restore_causes,
            check_body,
            view_of,
            build_error,
            complete,
            table_input,
            read_table,
            write_table,
            is_warm: Cell::new(false),
            is_writing_table: Cell::new(false),
            resource_state,
        }
    }

    /// Whether any task has a timer or a message port, or was interrupted in a timer callback.
    pub fn has_task_resources(&self) -> bool {
        self.resource_state.iter().any(|byte| byte.get() != 0)
    }

    /// Whether an interrupt left the timer queue inconsistent.
    pub fn is_inconsistent(&self) -> bool {
        self.resource_state.iter().skip(QUEUE_CHANGING).any(|byte| byte.get() != 0)
    }

    /// Reports the end of the current task when its promise settles.
    pub fn await_result(
        &self,
        scope: &mut v8::HandleScope,
        ticket: u64,
        promise: v8::Local<v8::Value>,
    ) -> Option<()> {
        let ticket = number(scope, ticket);
        call(scope, &self.await_result, &[ticket, promise]).map(drop)
    }

    /// Releases what a task that is over owns in the realm.
    pub fn release(&self, scope: &mut v8::HandleScope, ticket: u64) -> Option<()> {
        let ticket = number(scope, ticket);
        call(scope, &self.release, &[ticket]).map(drop)
    }

    /// Aborts the signal of a task. `name` is that of the reason, a DOMException.
    pub fn abort(
        &self,
        scope: &mut v8::HandleScope,
        ticket: u64,
        message: &str,
        name: &str,
    ) -> Option<()> {
        let ticket = number(scope, ticket);
        let (message, name) = (string(scope, message), string(scope, name));
        call(scope, &self.abort, &[ticket, message.into(), name.into()]).map(drop)
    }

    /// Completes a realm that may come from a snapshot.
    pub fn complete(&self, scope: &mut v8::HandleScope) -> Option<()> {
        call(scope, &self.complete, &[]).map(drop)
    }

    /// Sets `ctx.env`.
    pub fn set_env(&self, scope: &mut v8::HandleScope, env: v8::Local<v8::Value>) -> Option<()> {
        call(scope, &self.set_env, &[env]).map(drop)
    }

    /// Sets the host functions.
    pub fn set_host(&self, scope: &mut v8::HandleScope, host: v8::Local<v8::Value>) -> Option<()> {
        call(scope, &self.set_host, &[host]).map(drop)
    }

    /// Returns what the errors in a value lose in V8's format; empty where they lose nothing.
    pub fn collect_errors<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        value: v8::Local<v8::Value>,
    ) -> Option<v8::Local<'s, v8::Array>> {
        call(scope, &self.collect_errors, &[value])?.try_into().ok()
    }

    /// Creates a view of a buffer. `kind` is its index in `VIEWS` of the bootstrap.
    pub fn view_of<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        kind: u32,
        buffer: v8::Local<v8::Value>,
        offset: f64,
        length: f64,
    ) -> Option<v8::Local<'s, v8::Object>> {
        let kind = v8::Integer::new_from_unsigned(scope, kind).into();
        let offset = v8::Number::new(scope, offset).into();
        let length = v8::Number::new(scope, length).into();
        call(scope, &self.view_of, &[kind, buffer, offset, length])?.try_into().ok()
    }

    /// Throws a `SyntaxError` where a text is not the body of one async function, also where it
    /// closes the function early. Runs nothing of the text; V8 handles interrupts meanwhile.
    pub fn check_body(&self, scope: &mut v8::HandleScope, text: &str) -> Option<()> {
        let text = string(scope, text).into();
        call(scope, &self.check_body, &[text]).map(drop)
    }

    /// Decodes a table.
    pub fn read_table<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        bytes: &[u8],
    ) -> Option<v8::Local<'s, v8::Value>> {
        let length = v8::Number::new(scope, bytes.len() as f64).into();
        let input = call(scope, &self.table_input, &[length])?;
        let input: v8::Local<v8::Uint8Array> = input.try_into().ok()?;
        if input.byte_length() != bytes.len() {
            return None;
        }
        // SAFETY: the array has as many bytes, and only the bootstrap refers to it.
        unsafe { input.data().cast::<u8>().copy_from(bytes.as_ptr(), bytes.len()) };
        call(scope, &self.read_table, &[input.into()])
    }

    /// Encodes a value as a table. `Ok(None)` where it is left to V8's serializer.
    ///
    /// # Errors
    /// When a getter of the value throws; the exception is pending then.
    pub fn write_table(
        &self,
        scope: &mut v8::HandleScope,
        value: v8::Local<v8::Value>,
    ) -> Result<Option<Vec<u8>>, CodecError> {
        if self.is_writing_table.replace(true) {
            // A getter of the value encodes another value.
            return Ok(None);
        }
        let table = call(scope, &self.write_table, &[value]);
        // Also after a termination, which JavaScript cannot catch.
        self.is_writing_table.set(false);
        let Ok(table) = v8::Local::<v8::Uint8Array>::try_from(table.ok_or(CodecError)?) else {
            return Ok(None);
        };
        let length = table.byte_length();
        // SAFETY: the array has as many bytes, and no JavaScript runs while they are copied.
        let bytes = unsafe { slice::from_raw_parts(table.data().cast::<u8>(), length) };
        Ok(Some(bytes.to_vec()))
    }

    /// Removes the causes of these errors, until `restore_causes`.
    pub fn detach_causes(
        &self,
        scope: &mut v8::HandleScope,
        found: v8::Local<v8::Value>,
    ) -> Option<()> {
        call(scope, &self.detach_causes, &[found]).map(drop)
    }

    /// Puts back what `detach_causes` removed.
    pub fn restore_causes(&self, scope: &mut v8::HandleScope) -> Option<()> {
        call(scope, &self.restore_causes, &[]).map(drop)
    }

    /// Returns a copy of a thrown value that can be cloned.
    pub fn replica_of<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        value: v8::Local<v8::Value>,
    ) -> Option<v8::Local<'s, v8::Value>> {
        call(scope, &self.replica_of, &[value])
    }

    /// Gives decoded errors what they lost in V8's format.
    pub fn restore_errors(
        &self,
        scope: &mut v8::HandleScope,
        found: v8::Local<v8::Value>,
    ) -> Option<()> {
        call(scope, &self.restore_errors, &[found]).map(drop)
    }

    /// Returns the path from `root` to the part of a value that cannot be cloned.
    pub fn path_of_uncloneable(
        &self,
        scope: &mut v8::HandleScope,
        value: v8::Local<v8::Value>,
        root: &str,
    ) -> Option<String> {
        let root = string(scope, root);
        let path = call(scope, &self.path_of_uncloneable, &[value, root.into()])?;
        Some(path.to_rust_string_lossy(scope))
    }
}

fn call<'s>(
    scope: &mut v8::HandleScope<'s>,
    function: &v8::Global<v8::Function>,
    arguments: &[v8::Local<v8::Value>],
) -> Option<v8::Local<'s, v8::Value>> {
    let receiver = v8::undefined(scope).into();
    v8::Local::new(scope, function).call(scope, receiver, arguments)
}
