//! The dead letters as `lib/pool/dead-letters.js` reads them.

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use super::collection::{Failed, ms};
use crate::isolate::Work;
use crate::pool::{Letter, LetterError};

/// Times are milliseconds before now.
#[napi(object)]
pub struct NativeLetter {
    pub ticket: f64,
    pub priority: u32,
    pub attempts: u32,
    pub submitted: f64,
    pub died: f64,
    /// `handler`, `javascript` or `filter`.
    pub kind: String,
    /// Source text of a code task.
    pub code: Option<String>,
    /// The payload, or `{ inputs, config }`, in the wire format.
    pub value: Buffer,
    /// Buffers that the value has and that are not in its bytes.
    pub moved: u32,
    pub errors: Vec<NativeLetterError>,
}

/// `status`, `figure` and `value` as in a settlement.
#[napi(object)]
pub struct NativeLetterError {
    pub attempt: u32,
    pub worker_id: Option<u32>,
    pub at: f64,
    pub status: u32,
    pub figure: f64,
    pub value: Buffer,
}

impl From<Letter> for NativeLetter {
    fn from(letter: Letter) -> Self {
        let (kind, code) = match &letter.job.plan.work {
            Work::Handler(_) => ("handler", None),
            Work::Code(code) => (code.kind.name(), Some(code.text.to_string())),
        };
        Self {
            ticket: letter.task.0 as f64,
            priority: letter.priority.0.into(),
            attempts: letter.attempts,
            submitted: ms(letter.submitted),
            died: ms(letter.died),
            kind: kind.into(),
            code,
            value: letter.job.value.to_vec().into(),
            moved: letter.job.plan.buffers.count() as u32,
            errors: letter.errors.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<LetterError> for NativeLetterError {
    fn from(error: LetterError) -> Self {
        let Failed { status, figure, error: value } = error.failure.into();
        Self {
            attempt: error.attempt,
            worker_id: error.worker.map(|worker| worker.0),
            at: ms(error.at),
            status: status.into(),
            figure,
            value: value.into(),
        }
    }
}
