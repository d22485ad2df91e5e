//! Limits: memory, interrupts, heartbeats, fatal errors.

pub mod buffers;
pub mod fatal;
pub mod heartbeat;
pub mod interrupt;
pub mod interrupter;
pub mod memory;
pub mod resident;
