//! The task whose code runs: whose it is, and how its end is put into words.

use deno_core::v8;

use super::ledger::Ledger;
use super::natives::{Natives, number, string};
use super::pages::{Borrower, Lent};
use super::wire::CodecError;
use super::{Ended, Fault, FaultKind, Pages, Parcel, codec};

/// The task that runs now, and how its end is put into words.
pub(super) struct Running<'a> {
    pub natives: &'a Natives,
    pub ledger: &'a Ledger,
    pub ticket: u64,
}

pub(super) type CatchScope<'s, 'p> = v8::TryCatch<'s, v8::HandleScope<'p>>;

impl Running<'_> {
    /// A value that was returned. Encoding it may run code of the user: getters, proxies.
    pub fn done<'s>(
        &self,
        scope: &mut CatchScope<'_, 's>,
        value: v8::Local<'s, v8::Value>,
        filter_scope: Option<v8::Local<'s, v8::Value>>,
    ) -> Ended {
        let value = match filter_scope {
            None => value,
            Some(_) if !value.boolean_value(scope) => v8::null(scope).into(),
            Some(_) if value.is_object() && !value.is_function() => value,
            Some(args) => {
                let key = string(scope, "inputs").into();
                let args: Option<v8::Local<v8::Object>> = args.try_into().ok();
                args.and_then(|args| args.get(scope, key))
                    .unwrap_or_else(|| v8::undefined(scope).into())
            }
        };
        if let Ok(ended) = self.encode(scope, value) {
            return ended;
        }
        if let Some(ended) = self.ended_by_force(scope) {
            return ended;
        }
        let why = scope.exception().map_or_else(String::new, |error| {
            let text = error.to_rust_string_lossy(scope);
            text.strip_prefix("Error: ").unwrap_or(&text).to_owned()
        });
        scope.reset();
        let path = self.natives.path_of_uncloneable(scope, value, "result");
        scope.reset();
        let path = path.unwrap_or_else(|| "result".into());
        Self::fault(FaultKind::DataClone, &format!("{path} cannot be cloned: {why}"))
    }

    /// Makes ArrayBuffers of what was moved in for the task. `None` where there is no memory for it.
    pub fn receive<'s>(
        &self,
        scope: &mut CatchScope<'_, 's>,
        pages: Vec<Pages>,
    ) -> Option<Vec<v8::Local<'s, v8::ArrayBuffer>>> {
        let mut buffers = Vec::with_capacity(pages.len());
        for pages in pages {
            let lent = Lent::new(pages);
            let store = self.ledger.buffers.store(scope, Borrower(lent.clone()))?;
            let buffer = v8::ArrayBuffer::with_backing_store(scope, &store);
            self.ledger.movable.arrived(scope, self.ticket, buffer, lent);
            buffers.push(buffer);
        }
        Some(buffers)
    }

    fn encode<'s>(
        &self,
        scope: &mut CatchScope<'_, 's>,
        value: v8::Local<'s, v8::Value>,
    ) -> Result<Ended, CodecError> {
        // A realm that is kept is for those to come, and what it has is theirs as well.
        let is_last = !self.natives.is_warm.get();
        let candidates = self.ledger.movable.candidates(scope, self.ticket, value, is_last);
        // A text that is there once is written as often as it is referred to.
        let is_too_large = |bytes: &[u8]| self.ledger.buffers.is_too_large(bytes.len());
        if candidates.buffers.is_empty() {
            let bytes = codec::encode(scope, self.natives, value)?;
            return Ok(if is_too_large(&bytes) { Ended::MemoryLimit } else { Ended::Done(bytes) });
        }
        let (bytes, moved) = codec::encode_moving(scope, self.natives, value, &candidates.buffers)?;
        if is_too_large(&bytes) {
            return Ok(Ended::MemoryLimit);
        }
        let pages = candidates.leave(&moved);
        Ok(Ended::Moved(bytes, Parcel::new(pages)))
    }

    /// The exception that is pending.
    pub fn failed(&self, scope: &mut CatchScope<'_, '_>, kind: FaultKind) -> Ended {
        if let Some(ended) = self.ended_by_force(scope) {
            return ended;
        }
        let Some(exception) = scope.exception() else {
            // An isolate without memory for an exception.
            self.ledger.spent.set(true);
            return Ended::MemoryLimit;
        };
        let exception = v8::Global::new(scope, exception);
        scope.reset();
        let exception = v8::Local::new(scope, exception);
        let ended = self.thrown(scope, exception, kind);
        self.unless_ended(scope, ended)
    }

    /// Something that was thrown.
    pub fn thrown<'s>(
        &self,
        scope: &mut CatchScope<'_, 's>,
        error: v8::Local<'s, v8::Value>,
        kind: FaultKind,
    ) -> Ended {
        let mut bytes = codec::encode(scope, self.natives, error);
        if bytes.is_err() {
            // A getter of it may have run until its time was over, and would do so again.
            if let Some(ended) = self.ended_by_force(scope) {
                return ended;
            }
            // It cannot be cloned as it is: it is a function, or a getter of it throws.
            scope.reset();
            let replica = self.natives.replica_of(scope, error).ok_or(CodecError);
            bytes = replica.and_then(|replica| codec::encode(scope, self.natives, replica));
        }
        if let Some(ended) = self.ended_by_force(scope) {
            return ended;
        }
        scope.reset();
        let bytes = bytes.unwrap_or_default();
        if self.ledger.buffers.is_too_large(bytes.len()) {
            return Ended::MemoryLimit;
        }
        Ended::Failed(Fault { kind, error: bytes })
    }

    pub fn undecodable(&self, scope: &mut CatchScope<'_, '_>) -> Ended {
        self.ended_by_force(scope).unwrap_or_else(|| {
            Self::fault(FaultKind::DataClone, "payload cannot be read in the isolate")
        })
    }

    /// Force wins over whatever the task has said last.
    pub fn unless_ended(&self, scope: &mut CatchScope<'_, '_>, ended: Ended) -> Ended {
        self.ended_by_force(scope).unwrap_or(ended)
    }

    /// Whether the task was ended from outside or by its memory; takes V8's termination back.
    pub fn ended_by_force(&self, scope: &mut CatchScope<'_, '_>) -> Option<Ended> {
        if self.ledger.stopped.get() {
            // Another's code was stopped. This task goes on, and runs again elsewhere if it is not done.
            scope.cancel_terminate_execution();
        }
        let memory = self.ledger.take_memory_end(self.ticket);
        let forced = self.ledger.terminated.get() == Some(self.ticket);
        if !forced && !memory {
            return None;
        }
        // Also where it came to its end before the interrupt met it: the next one is not to blame.
        self.ledger.terminated.set(None);
        scope.cancel_terminate_execution();
        scope.reset();
        Some(if memory { Ended::MemoryLimit } else { Ended::Interrupted })
    }

    pub fn fault(kind: FaultKind, text: &str) -> Ended {
        Ended::Failed(Fault { kind, error: text.as_bytes().to_vec() })
    }
}

/// Says whose code runs from here on; promise reactions and timers that it starts inherit it.
pub(super) fn set_running(scope: &mut v8::HandleScope, ticket: Option<u64>) {
    let data = match ticket {
        Some(ticket) => number(scope, ticket),
        None => v8::undefined(scope).into(),
    };
    scope.set_continuation_preserved_embedder_data(data);
}
