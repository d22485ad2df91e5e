//! The status codes of failures, as `lib/pool/collection.js` and `lib/pool/dead-letters.js` read them.
//!
//! A code never changes its meaning: both sides of the binding know it as a number.

use super::time::to_ms;
use crate::isolate::{Fault, FaultKind};
use crate::pool::Answer;
use crate::scheduler::Failure;

/// A failure with its status code.
pub(super) struct Failed {
    pub status: u8,
    /// A limit, or a time in milliseconds, as the status says.
    pub figure: f64,
    /// The error in the wire format; empty if the status says all.
    pub error: Vec<u8>,
}

impl From<Failure<Answer>> for Failed {
    fn from(failure: Failure<Answer>) -> Self {
        let plain = |status, figure| Self { status, figure, error: Vec::new() };
        match failure {
            Failure::Failed(Answer::Fault(Fault { kind, error })) => {
                let status = match kind {
                    FaultKind::Thrown => 1,
                    FaultKind::Syntax => 2,
                    FaultKind::NoHandler => 3,
                    FaultKind::DataClone => 4,
                };
                Self { status, figure: 0.0, error }
            }
            Failure::Failed(Answer::Value(error) | Answer::Moved(error, _)) => {
                Self { status: 1, figure: 0.0, error }
            }
            Failure::QueueFull { limit } => plain(5, limit as f64),
            Failure::QueueTimeout { waited } => plain(6, to_ms(waited)),
            Failure::Timeout { limit } => plain(7, to_ms(limit)),
            Failure::MemoryLimit => plain(8, 0.0),
            Failure::Aborted => plain(9, 0.0),
            Failure::WorkerLost => plain(10, 0.0),
            Failure::Closed => plain(11, 0.0),
            Failure::CircuitOpen { retry_after } => plain(12, to_ms(retry_after)),
        }
    }
}
