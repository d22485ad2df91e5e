//! `Library`: the modules that users may import, and their texts. It decides what a module may
//! import.
//!
//! The worker script and the files that it imports are read once for each isolate. Code without a
//! file imports only the modules that the pool names.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use deno_core::v8;
use url::Url;

use crate::isolate::code::load_error::LoadError;
use crate::isolate::code::modules::module_text::ModuleText;
use crate::isolate::spec::Script;

/// The texts of modules, for all realms of an isolate. A slot of the isolate.
#[derive(Default)]
pub struct Library {
    texts: RefCell<HashMap<Rc<str>, Rc<ModuleText>>>,
    /// The modules that any code may import, by name.
    named: HashMap<Box<str>, Rc<str>>,
}

impl Library {
    /// Returns the library of this isolate; `None` before its callbacks are installed.
    pub fn of(isolate: &v8::Isolate) -> Option<Rc<Self>> {
        isolate.get_slot::<Rc<Self>>().cloned()
    }

    /// Returns the text of a module, if it was read before.
    pub fn known_text(&self, url: &str) -> Option<Rc<ModuleText>> {
        self.texts.borrow().get(url).cloned()
    }

    /// Creates the library with the modules that the pool provides, by name.
    ///
    /// # Errors
    /// When one does not parse as TypeScript.
    pub fn new(imports: &[(Box<str>, Script)]) -> Result<Self, LoadError> {
        let mut library = Self::default();
        for (name, script) in imports {
            let url = url_of(&script.path)?;
            library
                .texts
                .get_mut()
                .insert(url.clone(), Rc::new(ModuleText::new(&url, &script.text)?));
            library.named.insert(name.clone(), url);
        }
        Ok(library)
    }

    /// Adds the worker script, and returns its URL.
    ///
    /// # Errors
    /// When it does not parse as TypeScript.
    pub fn add(&self, script: &Script) -> Result<Rc<str>, LoadError> {
        let url = url_of(&script.path)?;
        if !self.texts.borrow().contains_key(&url) {
            let text = Rc::new(ModuleText::new(&url, &script.text)?);
            self.texts.borrow_mut().insert(url.clone(), text);
        }
        Ok(url)
    }

    /// Resolves a specifier to a URL. `has_files` is whether the files of the realm may import
    /// files.
    ///
    /// # Errors
    /// When the referrer may not import it, or it is not a path.
    pub fn resolve(
        &self,
        specifier: &str,
        referrer: &str,
        has_files: bool,
    ) -> Result<Rc<str>, LoadError> {
        if let Some(url) = self.named.get(specifier) {
            return Ok(url.clone());
        }
        let refused = || format!("import of '{specifier}' is not allowed (from {referrer})");
        let base = Url::parse(referrer).ok().filter(|url| has_files && url.scheme() == "file");
        let Some(base) = base else {
            return Err(LoadError { message: refused(), ..Default::default() });
        };
        let is_path = ["/", "./", "../"].iter().any(|start| specifier.starts_with(start));
        let url = if is_path { base.join(specifier).ok() } else { Url::parse(specifier).ok() };
        match url {
            Some(url) if url.scheme() == "file" => Ok(url.as_str().into()),
            Some(_) => Err(LoadError { message: refused(), ..Default::default() }),
            None => Err(LoadError {
                message: format!(
                    "'{specifier}' is not a path with / or ./ or ../ before it (imported from {referrer})"
                ),
                needs_bundle: true,
                ..Default::default()
            }),
        }
    }

    /// Returns the text of a module, and reads its file on the first call.
    ///
    /// # Errors
    /// When the file cannot be read, or does not parse as TypeScript.
    pub fn text(
        &self,
        url: &Rc<str>,
        referrer: &str,
        is_json: bool,
    ) -> Result<Rc<ModuleText>, LoadError> {
        if let Some(text) = self.texts.borrow().get(url) {
            return Ok(text.clone());
        }
        let path = Url::parse(url).ok().and_then(|url| url.to_file_path().ok());
        let read = path.as_ref().map(std::fs::read_to_string);
        let text = match read {
            Some(Ok(text)) => text,
            Some(Err(error)) => {
                return Err(LoadError {
                    message: format!(
                        "cannot read module '{url}' (imported from {referrer}): {error}"
                    ),
                    needs_bundle: true,
                    ..Default::default()
                });
            }
            None => {
                let message = format!("'{url}' is no path of a file (imported from {referrer})");
                return Err(LoadError { message, ..Default::default() });
            }
        };
        let text = if is_json { ModuleText::json(&text) } else { ModuleText::new(url, &text)? };
        let text = Rc::new(text);
        self.texts.borrow_mut().insert(url.clone(), text.clone());
        Ok(text)
    }
}

fn url_of(path: &Path) -> Result<Rc<str>, LoadError> {
    let url = Url::from_file_path(path).map_err(|()| LoadError {
        message: format!("{} is no absolute path", path.display()),
        ..Default::default()
    })?;
    Ok(url.as_str().into())
}
