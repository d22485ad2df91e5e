//! The workers: their starts, losses, replacement and number.

pub mod auto_scale_state;
pub mod blame;

mod auto_scale;
mod heartbeats;
mod lifecycle;
mod retirement;
mod scaling;
mod slots;
