//! Functions of Rust that the bootstrap modules of a realm call, for what V8 alone can answer or do. They are called
//! in the realm by its trusted code, and what they make is of the realm.

pub mod bytes;
pub mod inspect;
pub mod list;
pub mod structured_clone;
pub mod tasks;
pub mod text;
pub mod wire;
