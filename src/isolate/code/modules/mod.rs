//! Modules of users: what they may import, their texts, and their evaluation in realms.

pub mod import;
pub mod library;
mod module_cache;
pub mod module_text;
pub mod realm_modules;
