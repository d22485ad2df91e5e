//! Code of users: code tasks, modules, TypeScript, handlers and stack traces.

pub mod code_cache;
pub mod code_compiler;
pub mod compile;
pub mod handlers;
pub mod import;
pub mod library;
pub mod load_error;
pub mod module_text;
pub mod realm_modules;
pub mod stack;
pub mod typescript;
