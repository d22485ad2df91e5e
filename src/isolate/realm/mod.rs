//! Realms: the contexts in which code of users runs, what they contain, and their way to deno_core.

pub mod bindings;
pub mod bootstrap;
pub mod data;
pub mod engine;
pub mod functions;
pub mod realm;
pub mod snapshot;
pub mod supply;
pub mod transit;
