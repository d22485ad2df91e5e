//! Realms: the contexts in which code of users runs, and what is in them.

pub mod bindings;
pub mod bootstrap;
pub mod data;
pub mod engine;
pub mod functions;
pub mod realm;
pub mod snapshot;
pub mod supply;
pub mod transit;
