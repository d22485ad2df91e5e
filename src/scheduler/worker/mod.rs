//! What is known of one worker: its ids, its state, and its attempts in flight.
//!
//! A slot is the position of a worker and outlives it; each start in the slot has a new generation. The
//! transitions between states are in `machine/workers`.

pub mod exit;
pub mod id;
pub mod in_flight;
pub mod slot;
pub mod status;
pub mod timeouts;
