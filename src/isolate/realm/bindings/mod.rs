//! The bindings: functions of Rust that the bootstrap modules of a realm call, for what only V8 can
//! answer or do. They run in the realm, called by trusted code only, and create values of the
//! realm.

pub mod bytes;
pub mod inspect;
pub mod list;
pub mod structured_clone;
pub mod tasks;
pub mod text;
pub mod wire;
