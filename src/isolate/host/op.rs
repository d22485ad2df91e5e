//! The op by which a task calls the parent.

use std::future::{Future, ready};
use std::rc::Rc;

use deno_core::futures::future::Either;
use deno_core::{OpState, op2};

use crate::isolate::host::calls::Refused;
use crate::isolate::state::IsolateState;

/// The name of the op in JavaScript. A realm does not state the task of a call: the airlock
/// replaces the first argument by the ticket of the current task.
pub const CALL: &str = "op_isolane_call";

// What the op returns instead of a reply. A reply is always longer than one byte.
const TOO_MANY: u8 = 0;
const TOO_LARGE: u8 = 1;
const NO_TASK: u8 = 2;

/// Calls the parent for the task `ticket`. Returns the reply in the wire format, one byte that says
/// why the call was refused, or no bytes where the task is over or the reply was dropped.
#[op2(async)]
#[buffer]
pub fn op_isolane_call(
    state: &mut OpState,
    ticket: f64,
    #[string] target: String,
    #[buffer(copy)] arguments: Vec<u8>,
) -> impl Future<Output = Vec<u8>> + use<> {
    let isolate = state.borrow::<Rc<IsolateState>>().clone();
    let Some(attempt) = isolate.attempt_of(ticket as u64) else {
        return Either::Left(ready(vec![NO_TASK]));
    };
    match isolate.calls.begin(attempt, target, arguments) {
        Err(Refused::TooMany) => Either::Left(ready(vec![TOO_MANY])),
        Err(Refused::TooLarge) => Either::Left(ready(vec![TOO_LARGE])),
        Ok((receiver, slot)) => Either::Right(async move {
            let reply = receiver.await;
            drop(slot);
            // The task may be in a later attempt by now, under the same ticket.
            let is_same_attempt = isolate.attempt_of(attempt.0) == Some(attempt);
            reply.ok().filter(|_| is_same_attempt).unwrap_or_default()
        }),
    }
}
