//! The worker script: which modules it may import, and what is wrong with it when it does not load.

use deno_core::error::ModuleLoaderError;
use deno_core::{ModuleSpecifier, RequestedModuleType, ResolutionKind};
use rustyscript::module_loader::ImportProvider;

use super::LoadError;

/// Lets modules that came from files import other files, and nothing import anything else: a code
/// task, whose referrer is no file, cannot import at all.
pub(super) struct FileImports;

impl ImportProvider for FileImports {
    fn resolve(
        &mut self,
        specifier: &ModuleSpecifier,
        referrer: &str,
        _: ResolutionKind,
    ) -> Option<Result<ModuleSpecifier, ModuleLoaderError>> {
        // "." is what Rust itself asks for.
        if specifier.scheme() == "file" && (referrer == "." || referrer.starts_with("file:")) {
            return Some(Ok(specifier.clone()));
        }
        if specifier.scheme() == "ext" {
            return None;
        }
        Some(Err(refusal(format!("import of '{specifier}' is not allowed (from {referrer})"))))
    }

    fn import(
        &mut self,
        specifier: &ModuleSpecifier,
        referrer: Option<&ModuleSpecifier>,
        _: bool,
        _: RequestedModuleType,
    ) -> Option<Result<String, ModuleLoaderError>> {
        if specifier.scheme() != "file" {
            return None;
        }
        let path = specifier.to_file_path().ok()?;
        Some(std::fs::read_to_string(&path).map_err(|error| {
            let from = referrer.map_or(String::new(), |r| format!(" (imported from {r})"));
            refusal(format!("cannot read module '{specifier}'{from}: {error}"))
        }))
    }
}

fn refusal(message: String) -> ModuleLoaderError {
    ModuleLoaderError::generic(message)
}

impl From<rustyscript::Error> for LoadError {
    fn from(error: rustyscript::Error) -> Self {
        let rustyscript::Error::JsError(error) = error else {
            return Self::from_message(&error.to_string());
        };
        let frame = error.frames.iter().find(|frame| frame.file_name.is_some());
        let Some(frame) = frame else {
            let mut found = Self::from_message(&error.exception_message);
            found.stack = error.stack;
            return found;
        };
        let number = |n: Option<i64>| n.and_then(|n| u32::try_from(n).ok());
        Self {
            file: frame.file_name.clone(),
            line: number(frame.line_number),
            column: number(frame.column_number),
            stack: error.stack,
            ..Self::from_message(&error.exception_message)
        }
    }
}

impl LoadError {
    /// Reads what deno_core and swc put into the text of an error: a place as `file:…:line:column`.
    pub(super) fn from_message(message: &str) -> Self {
        let message = message.strip_prefix("Uncaught ").unwrap_or(message);
        let message = message.strip_prefix("(in promise) ").unwrap_or(message);
        let place = message.find("file://").and_then(|at| {
            let text = &message[at..];
            let end = text.find(['\n', ')', '\'', '"']).unwrap_or(text.len());
            let mut parts = text[..end].trim_end_matches([',', '.', ' ']).rsplitn(3, ':');
            let column = parts.next()?.parse().ok()?;
            let line = parts.next()?.parse().ok()?;
            Some((parts.next()?.to_owned(), line, column))
        });
        let (file, line, column) = match place {
            Some((file, line, column)) => (Some(file), Some(line), Some(column)),
            None => (None, None, None),
        };
        // deno_core's `ModuleResolutionError::ImportPrefixMissing`, and a file without its extension.
        let needs_bundle = message.contains("not prefixed with / or ./ or ../")
            || message.starts_with("cannot read module");
        Self { message: message.to_owned(), file, line, column, stack: None, needs_bundle }
    }
}
