//! The bootstrap modules, of which every realm is made: their texts, their evaluation, and their
//! form in the snapshot's file.

pub mod bootstrap;
pub mod file;
pub mod install;
pub mod modules;
mod source_scan;
pub mod source_text;
