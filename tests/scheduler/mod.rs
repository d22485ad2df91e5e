//! One promise for each test, one behaviour for each file.

mod abandoned;
mod abort;
mod auto_scale;
mod backpressure;
mod balance;
mod circuit_breaker;
mod dead_letters;
mod delay;
mod late_answers;
mod long_queue;
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
mod zombies;
