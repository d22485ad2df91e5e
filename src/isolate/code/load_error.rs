//! `LoadError`: why a worker script cannot be loaded, with the position of the fault where V8 names one.

use std::fmt::Write;

use deno_core::v8;

use crate::isolate::primitives::string;

/// The error of an isolate that could not be prepared: its worker script is at fault.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LoadError {
    pub message: String,
    /// URL of the module at fault.
    pub file: Option<String>,
    /// Counts from 1, as the column does.
    pub line: Option<u32>,
    pub column: Option<u32>,
    pub stack: Option<String>,
    /// Whether the script imports what only a bundler resolves, such as a package by its bare name.
    pub needs_bundle: bool,
}

/// Returns the exception that V8 threw while it compiled, linked or evaluated a module.
pub fn caught(scope: &mut v8::TryCatch<v8::HandleScope>) -> LoadError {
    let Some(error) = scope.exception() else {
        return LoadError { message: "it was ended".to_owned(), ..Default::default() };
    };
    let message = scope.message();
    scope.reset();
    let mut found = LoadError::of(scope, error);
    if let (None, Some(message)) = (&found.file, message) {
        let file = message.get_script_resource_name(scope);
        found.file = file.filter(|file| file.is_string()).map(|f| f.to_rust_string_lossy(scope));
        found.line = message.get_line_number(scope).and_then(|line| u32::try_from(line).ok());
        found.column = u32::try_from(message.get_start_column() + 1).ok();
        if let (Some(file), Some(line), Some(column)) = (&found.file, found.line, found.column) {
            let _ = write!(found.message, " at {file}:{line}:{column}");
        }
    }
    found
}

impl LoadError {
    /// Describes what was thrown while a script was loaded. The position is that of the topmost frame in a file.
    pub(in crate::isolate) fn of(scope: &mut v8::HandleScope, error: v8::Local<v8::Value>) -> Self {
        let scope = &mut v8::TryCatch::new(scope);
        let message = error.to_string(scope).map_or_else(
            || "a value without text was thrown".to_owned(),
            |text| text.to_rust_string_lossy(scope),
        );
        scope.reset();
        let stack = v8::Local::<v8::Object>::try_from(error).ok().and_then(|error| {
            let key = string(scope, "stack").into();
            error.get(scope, key).filter(|stack| stack.is_string())
        });
        scope.reset();
        let stack = stack.map(|stack| stack.to_rust_string_lossy(scope));
        let position =
            stack.as_deref().and_then(|stack| stack.find("\n    at ").map(|at| &stack[at..]));
        let position = position.and_then(first_position);
        let (file, line, column) = match position {
            Some((file, line, column)) => (Some(file), Some(line), Some(column)),
            None => (None, None, None),
        };
        Self { message, file, line, column, stack, needs_bundle: false }
    }
}

/// Returns the first `file:…:line:column` of a text.
fn first_position(text: &str) -> Option<(String, u32, u32)> {
    let text = &text[text.find("file://")?..];
    let end = text.find(['\n', ')']).unwrap_or(text.len());
    let mut parts = text[..end].rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    Some((parts.next()?.to_owned(), line, column))
}
