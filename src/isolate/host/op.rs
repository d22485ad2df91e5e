//! The op by which a task calls the parent.

use std::future::{Future, ready};
use std::rc::Rc;

use deno_core::futures::future::Either;
use deno_core::{OpState, op2};

use crate::isolate::host::calls::Refused;
use crate::isolate::state::IsolateState;

/// Its name in JavaScript. A realm does not say whose call it is: the airlock puts the ticket of the task that
/// runs in the place of the first argument.
pub const CALL: &str = "op_isolane_call";

// What the op gives in place of a reply, which is never that short.
const TOO_MANY: u8 = 0;
const TOO_LARGE: u8 = 1;
const NO_TASK: u8 = 2;

/// Calls the parent for the task `ticket`. Gives the reply in the wire format, one byte that says why the
/// call was refused, or nothing where the task is over and nobody is to hear of it.
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
            // A later attempt may be here by now, under the same ticket.
            let goes_on = isolate.attempt_of(attempt.0) == Some(attempt);
            reply.ok().filter(|_| goes_on).unwrap_or_default()
        }),
    }
}
