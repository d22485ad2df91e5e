//! One promise a test, one behaviour a file.

mod abort;
mod backpressure;
mod balance;
mod delay;
mod late_answers;
mod lost_workers;
mod pause;
mod queue_order;
mod queue_timeout;
mod restart;
mod retirement;
mod retry;
mod rig;
mod scale;
mod shutdown;
mod stats;
mod timeout;
