//! Code of users: code tasks, modules, TypeScript, handlers and stack traces.

pub mod code_cache;
pub mod code_compiler;
pub mod compile;
pub mod handlers;
pub mod load_error;
pub mod modules;
pub mod stack;
pub mod typescript;
