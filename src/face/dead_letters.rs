//! The dead letters, as `lib/pool/dead-letters.js` reads them.
//!
//! Only converts: which dead letters are kept is decided by the scheduler.

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use super::failure::Failed;
use super::time::to_ms;
use crate::isolate::Work;
use crate::pool::{DeadLetter, DeadLetterError};

/// The failure of an attempt. `status`, `figure` and `value` are as in a settlement.
#[napi(object, js_name = "NativeLetterError")]
pub struct NativeDeadLetterError {
    pub attempt: u32,
    pub worker_id: Option<u32>,
    pub at: f64,
    pub status: u32,
    pub figure: f64,
    pub value: Buffer,
}

/// A dead letter. Times are in milliseconds before now.
#[napi(object, js_name = "NativeLetter")]
pub struct NativeDeadLetter {
    pub ticket: f64,
    pub priority: u32,
    pub attempts: u32,
    pub submitted: f64,
    #[napi(js_name = "died")]
    pub failed: f64,
    /// `handler`, `javascript` or `filter`.
    pub kind: String,
    /// Source text of a code task.
    pub code: Option<String>,
    /// The payload, or `{ inputs, config }`, in the wire format.
    pub value: Buffer,
    /// Number of buffers that the value refers to and that are not in its bytes.
    pub moved: u32,
    pub errors: Vec<NativeDeadLetterError>,
}

impl From<DeadLetter> for NativeDeadLetter {
    fn from(letter: DeadLetter) -> Self {
        let (kind, code) = match &letter.job.plan.work {
            Work::Handler(_) => ("handler", None),
            Work::Code(code) => (code.kind.name(), Some(code.text.to_string())),
        };
        Self {
            ticket: letter.task.0 as f64,
            priority: letter.priority.0.into(),
            attempts: letter.attempts,
            submitted: to_ms(letter.submitted),
            failed: to_ms(letter.failed),
            kind: kind.into(),
            code,
            value: letter.job.value.to_vec().into(),
            moved: letter.job.plan.buffers.count() as u32,
            errors: letter.errors.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<DeadLetterError> for NativeDeadLetterError {
    fn from(error: DeadLetterError) -> Self {
        let Failed { status, figure, error: value } = error.failure.into();
        Self {
            attempt: error.attempt,
            worker_id: error.worker.map(|worker| worker.0),
            at: to_ms(error.at),
            status: status.into(),
            figure,
            value: value.into(),
        }
    }
}
