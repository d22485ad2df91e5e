//! `ModuleText`: a module of a user as JavaScript.

use deno_ast::{EmitOptions, MediaType, ParseParams, SourceMapOption};
use sourcemap::SourceMap;
use url::Url;

use crate::isolate::code::load_error::LoadError;
use crate::isolate::code::modules::module_cache::TextKey;
use crate::isolate::code::stack::SourceMapping;

/// The JavaScript of a module.
pub struct ModuleText {
    pub code: String,
    /// The key of V8's code cache of it.
    pub key: TextKey,
}

impl ModuleText {
    /// Keeps JavaScript as it is. Strips the types of TypeScript, and registers the source map for
    /// stack traces.
    ///
    /// # Errors
    /// When it does not parse as TypeScript.
    pub fn new(url: &str, text: &str) -> Result<Self, LoadError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let specifier = Url::parse(url).map_err(|error| LoadError {
            message: format!("'{url}' is no URL: {error}"),
            ..Default::default()
        })?;
        let media_type = MediaType::from_specifier(&specifier);
        let is_typed = matches!(
            media_type,
            MediaType::TypeScript
                | MediaType::Mts
                | MediaType::Cts
                | MediaType::Tsx
                | MediaType::Jsx
        );
        let code = if is_typed { strip(&specifier, text, media_type)? } else { text.to_owned() };
        Ok(Self::of(code))
    }

    /// Creates a module whose default export is the value of JSON text.
    pub fn json(text: &str) -> Self {
        let text = serde_json::Value::String(text.to_owned());
        Self::of(format!("export default JSON.parse({text});"))
    }

    fn of(code: String) -> Self {
        let key = TextKey::of(&code);
        Self { code, key }
    }
}

fn strip(url: &Url, text: &str, media_type: MediaType) -> Result<String, LoadError> {
    let failed = |message: String| LoadError { message, ..Default::default() };
    let parsed = deno_ast::parse_module(ParseParams {
        specifier: url.clone(),
        text: text.into(),
        media_type,
        capture_tokens: false,
        scope_analysis: false,
        maybe_syntax: None,
    })
    .map_err(|error| {
        let at = error.display_position();
        let message =
            format!("{} at {url}:{}:{}", error.kind.msg(), at.line_number, at.column_number);
        LoadError {
            file: Some(url.to_string()),
            line: u32::try_from(at.line_number).ok(),
            column: u32::try_from(at.column_number).ok(),
            ..failed(message)
        }
    })?;
    let emit = EmitOptions {
        source_map: SourceMapOption::Separate,
        inline_sources: false,
        ..Default::default()
    };
    let source = parsed
        .transpile(&Default::default(), &Default::default(), &emit)
        .map_err(|error| failed(format!("{error} ({url})")))?
        .into_source();
    let map = source.source_map.and_then(|map| SourceMap::from_slice(map.as_bytes()).ok());
    if let Some(map) = map {
        SourceMapping { map: map.into(), line_offset: 0 }.register(url.as_str());
    }
    Ok(source.text)
}
