//! Modules of users: which they may import, how they get into a realm, and what is wrong when they do not.
//!
//! The worker script and the files that it imports are read once for each isolate and compiled from V8's
//! code cache into each realm that wants them. Code without a file imports what the pool names, or nothing.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;
use std::rc::{Rc, Weak};

use deno_ast::{EmitOptions, MediaType, ParseParams, SourceMapOption};
use deno_core::v8;
use sourcemap::SourceMap;
use url::Url;

use super::blobs::Blobs;
use super::builtins::Transit;
use super::interrupt::InterruptSlot;
use super::natives::{Natives, string};
use super::stack::Places;
use super::{LoadError, Script, kit};

/// Where the number of a realm is in its context.
const REALM: i32 = 4;

/// Texts of modules, as JavaScript, for all realms of an isolate.
#[derive(Default)]
pub(super) struct Library {
    texts: RefCell<HashMap<Rc<str>, Rc<Text>>>,
    /// Names that code may import wherever it is from, and what they stand for.
    named: HashMap<Box<str>, Rc<str>>,
    realms: RefCell<HashMap<u32, Weak<RealmModules>>>,
    last_realm: Cell<u32>,
}

/// A module as V8 takes it.
struct Text {
    code: String,
    /// The first realm that ran it; 0 is none.
    first: Cell<u32>,
    /// V8's, from the second one: most isolates have only one that runs it.
    cache: RefCell<Option<Vec<u8>>>,
}

/// The modules of one realm, by their URLs.
pub(super) struct RealmModules {
    number: u32,
    library: Rc<Library>,
    /// The realm's own functions, for those that find it by the current context.
    pub natives: Rc<Natives>,
    pub blobs: Blobs,
    /// The modules that the realm itself is made of.
    pub parts: kit::Modules,
    /// What is sent in the realm stays in it, and goes with it where nobody receives it.
    pub transit: Transit,
    /// The worker script is in here: no code of strangers.
    has_files: Cell<bool>,
    modules: RefCell<HashMap<Rc<str>, v8::Global<v8::Module>>>,
    /// URLs by V8's numbers of scripts.
    urls: RefCell<HashMap<i32, Rc<str>>>,
}

impl Library {
    /// `imports` are modules that the pool provides, by their names.
    pub fn new(imports: &[(Box<str>, Script)]) -> Result<Self, LoadError> {
        let mut library = Self::default();
        for (name, script) in imports {
            let url = url_of(&script.path)?;
            library.texts.get_mut().insert(url.clone(), Rc::new(Text::new(&url, &script.text)?));
            library.named.insert(name.clone(), url);
        }
        Ok(library)
    }

    /// Adds the worker script, and says what it is called.
    ///
    /// # Errors
    /// When it does not parse as TypeScript.
    pub fn add(&self, script: &Script) -> Result<Rc<str>, LoadError> {
        let url = url_of(&script.path)?;
        if !self.texts.borrow().contains_key(&url) {
            let text = Rc::new(Text::new(&url, &script.text)?);
            self.texts.borrow_mut().insert(url.clone(), text);
        }
        Ok(url)
    }

    /// Makes place for the modules of the current realm.
    pub fn enter(
        self: &Rc<Self>,
        scope: &mut v8::HandleScope,
        natives: Rc<Natives>,
        parts: kit::Modules,
    ) -> Rc<RealmModules> {
        let number = self.last_realm.get() + 1;
        self.last_realm.set(number);
        let value = v8::Integer::new_from_unsigned(scope, number).into();
        scope.get_current_context().set_embedder_data(REALM, value);
        let modules = Rc::new(RealmModules {
            number,
            library: self.clone(),
            natives,
            blobs: Blobs::default(),
            parts,
            transit: Transit::default(),
            has_files: Cell::new(false),
            modules: RefCell::default(),
            urls: RefCell::default(),
        });
        self.realms.borrow_mut().insert(number, Rc::downgrade(&modules));
        modules
    }

    /// The realm of the current context.
    pub fn realm_of(&self, scope: &mut v8::HandleScope) -> Option<Rc<RealmModules>> {
        let number = scope.get_current_context().get_embedder_data(scope, REALM)?;
        let number = number.uint32_value(scope)?;
        self.realms.borrow().get(&number)?.upgrade()
    }

    /// The URL that a specifier stands for.
    fn resolve(
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

    fn text(&self, url: &Rc<str>, referrer: &str, is_json: bool) -> Result<Rc<Text>, LoadError> {
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
        let text = if is_json { Text::json(&text) } else { Text::new(url, &text)? };
        let text = Rc::new(text);
        self.texts.borrow_mut().insert(url.clone(), text.clone());
        Ok(text)
    }
}

impl Text {
    /// JavaScript, or TypeScript whose types are taken out and whose places are noted.
    fn new(url: &str, text: &str) -> Result<Self, LoadError> {
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

    fn json(text: &str) -> Self {
        let text = serde_json::Value::String(text.to_owned());
        Self::of(format!("export default JSON.parse({text});"))
    }

    fn of(code: String) -> Self {
        Self { code, first: Cell::default(), cache: RefCell::default() }
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
        Places { map: map.into(), lead: 0 }.note(url.as_str());
    }
    Ok(source.text)
}

impl RealmModules {
    /// Begins to evaluate the worker script in the current realm: its module, and the promise of its
    /// evaluation. From here on files of the realm may import files.
    ///
    /// # Errors
    /// When it, or what it imports, cannot be read, parsed or linked.
    pub fn run<'s>(
        self: &Rc<Self>,
        scope: &mut v8::HandleScope<'s>,
        url: &Rc<str>,
    ) -> Result<(v8::Local<'s, v8::Module>, v8::Local<'s, v8::Promise>), LoadError> {
        self.has_files.set(true);
        self.evaluate(scope, url, url, false)
    }

    fn evaluate<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        url: &Rc<str>,
        referrer: &str,
        is_json: bool,
    ) -> Result<(v8::Local<'s, v8::Module>, v8::Local<'s, v8::Promise>), LoadError> {
        let scope = &mut v8::TryCatch::new(scope);
        let module = self.link(scope, url, referrer, is_json)?;
        if module.get_status() == v8::ModuleStatus::Uninstantiated
            && module.instantiate_module(scope, resolve).is_none()
        {
            return Err(caught(scope));
        }
        let promise = module.evaluate(scope).and_then(|promise| promise.try_into().ok());
        let Some(promise) = promise else { return Err(caught(scope)) };
        self.keep_code(scope);
        Ok((module, promise))
    }

    /// Compiles a module and all that it imports.
    fn link<'s>(
        &self,
        scope: &mut v8::TryCatch<v8::HandleScope<'s>>,
        url: &Rc<str>,
        referrer: &str,
        is_json: bool,
    ) -> Result<v8::Local<'s, v8::Module>, LoadError> {
        let mut wanted = vec![(url.clone(), Rc::<str>::from(referrer), is_json)];
        while let Some((url, referrer, is_json)) = wanted.pop() {
            if self.modules.borrow().contains_key(&url) {
                continue;
            }
            let text = self.library.text(&url, &referrer, is_json)?;
            let module = {
                let cache = text.cache.borrow();
                v8::String::new(scope, &text.code)
                    .and_then(|code| kit::compile(scope, &url, code, cache.as_deref()))
            };
            let module = module.ok_or_else(|| caught(scope))?;
            if let Some(id) = module.script_id() {
                self.urls.borrow_mut().insert(id, url.clone());
            }
            let handle = v8::Global::new(scope, module);
            self.modules.borrow_mut().insert(url.clone(), handle);
            let requests = module.get_module_requests();
            for index in 0..requests.length() {
                let request = requests.get(scope, index);
                let request =
                    request.and_then(|r| v8::Local::<v8::ModuleRequest>::try_from(r).ok());
                let Some(request) = request else { continue };
                let specifier = request.get_specifier().to_rust_string_lossy(scope);
                let is_json = asks_for_json(scope, request.get_import_attributes(), 3)?;
                let at = module.source_offset_to_location(request.get_source_offset());
                let resolved = self.library.resolve(&specifier, &url, self.has_files.get());
                let resolved = resolved.map_err(|mut error| {
                    error.file = Some(url.to_string());
                    error.line = u32::try_from(at.get_line_number() + 1).ok();
                    error.column = u32::try_from(at.get_column_number() + 1).ok();
                    error
                })?;
                wanted.push((resolved, url.clone(), is_json));
            }
        }
        let module = self.modules.borrow().get(url).cloned();
        let module = module.expect("it was compiled in the loop above");
        Ok(v8::Local::new(scope, module))
    }

    /// Keeps what V8 has compiled, for the realms to come.
    fn keep_code(&self, scope: &mut v8::HandleScope) {
        for (url, module) in &*self.modules.borrow() {
            let text = self.library.texts.borrow().get(url).cloned();
            let Some(text) = text.filter(|text| text.cache.borrow().is_none()) else { continue };
            if text.first.get() == 0 {
                text.first.set(self.number);
            }
            if text.first.get() == self.number {
                continue;
            }
            let module = v8::Local::new(scope, module);
            let script = module.get_unbound_module_script(scope);
            *text.cache.borrow_mut() = script.create_code_cache().map(|cache| cache.to_vec());
        }
    }
}

impl Drop for RealmModules {
    fn drop(&mut self) {
        self.library.realms.borrow_mut().remove(&self.number);
    }
}

/// Called by V8 while it links modules that are all there.
fn resolve<'s>(
    context: v8::Local<'s, v8::Context>,
    specifier: v8::Local<'s, v8::String>,
    _: v8::Local<'s, v8::FixedArray>,
    referrer: v8::Local<'s, v8::Module>,
) -> Option<v8::Local<'s, v8::Module>> {
    // SAFETY: V8 calls this with the isolate entered, which is what a callback scope needs.
    let scope = &mut unsafe { v8::CallbackScope::new(context) };
    let slot = InterruptSlot::of(scope)?;
    let realm = slot.library.realm_of(scope)?;
    let referrer = realm.urls.borrow().get(&referrer.script_id()?)?.clone();
    let specifier = specifier.to_rust_string_lossy(scope);
    let url = slot.library.resolve(&specifier, &referrer, realm.has_files.get()).ok()?;
    let module = realm.modules.borrow().get(&url).cloned();
    Some(v8::Local::new(scope, module?))
}

/// Reads import attributes, of which there is `type: 'json'` alone. Each takes `width` places.
fn asks_for_json(
    scope: &mut v8::HandleScope,
    attributes: v8::Local<v8::FixedArray>,
    width: usize,
) -> Result<bool, LoadError> {
    let text = |scope: &mut v8::HandleScope, index| {
        let value = attributes.get(scope, index);
        let value = value.and_then(|value| v8::Local::<v8::Value>::try_from(value).ok());
        value.map_or_else(String::new, |value| value.to_rust_string_lossy(scope))
    };
    let mut is_json = false;
    for index in (0..attributes.length()).step_by(width) {
        let (key, value) = (text(scope, index), text(scope, index + 1));
        if key != "type" || value != "json" {
            let message =
                format!("import attribute {key}: '{value}' is not known (there is type: 'json')");
            return Err(LoadError { message, ..Default::default() });
        }
        is_json = true;
    }
    Ok(is_json)
}

/// `import()`: of files by files, and of what the pool names by anybody.
pub(super) fn import_dynamically<'s>(
    scope: &mut v8::HandleScope<'s>,
    _: v8::Local<'s, v8::Data>,
    referrer: v8::Local<'s, v8::Value>,
    specifier: v8::Local<'s, v8::String>,
    attributes: v8::Local<'s, v8::FixedArray>,
) -> Option<v8::Local<'s, v8::Promise>> {
    let resolver = v8::PromiseResolver::new(scope)?;
    let slot = InterruptSlot::of(scope)?;
    let referrer = referrer.to_rust_string_lossy(scope);
    let specifier = specifier.to_rust_string_lossy(scope);
    let scope = &mut v8::TryCatch::new(scope);
    let evaluated = slot.library.realm_of(scope).map(|realm| {
        let is_json = asks_for_json(scope, attributes, 2)?;
        let url = slot.library.resolve(&specifier, &referrer, realm.has_files.get())?;
        realm.evaluate(scope, &url, &referrer, is_json)
    });
    match evaluated {
        Some(Ok((module, promise))) => {
            let namespace = v8::Local::new(scope, module.get_module_namespace());
            let give = |_: &mut v8::HandleScope,
                        args: v8::FunctionCallbackArguments,
                        mut result: v8::ReturnValue| result.set(args.data());
            let give = v8::Function::builder(give).data(namespace).build(scope)?;
            promise.then(scope, give)
        }
        other => {
            if scope.has_terminated() {
                scope.rethrow();
                return None;
            }
            scope.reset();
            let message = match other {
                Some(Err(error)) => error.message,
                _ => format!("import of '{specifier}' is not allowed (from {referrer})"),
            };
            let message = string(scope, &message);
            let error = v8::Exception::type_error(scope, message);
            resolver.reject(scope, error);
            Some(resolver.get_promise(scope))
        }
    }
}

/// `import.meta`: `url`, and of a file `filename` and `dirname`.
pub(super) extern "C" fn describe_module(
    context: v8::Local<v8::Context>,
    module: v8::Local<v8::Module>,
    meta: v8::Local<v8::Object>,
) {
    // SAFETY: V8 calls this with the isolate entered, which is what a callback scope needs.
    let scope = &mut unsafe { v8::CallbackScope::new(context) };
    let Some(slot) = InterruptSlot::of(scope) else { return };
    let Some(realm) = slot.library.realm_of(scope) else { return };
    let url = module.script_id().and_then(|id| realm.urls.borrow().get(&id).cloned());
    let Some(url) = url else { return };
    let mut set = |key: &str, value: &str| {
        let (key, value) = (string(scope, key), string(scope, value));
        meta.create_data_property(scope, key.into(), value.into());
    };
    set("url", &url);
    if let Some(path) = Url::parse(&url).ok().and_then(|url| url.to_file_path().ok()) {
        set("filename", &path.to_string_lossy());
        set("dirname", &path.parent().unwrap_or(Path::new("/")).to_string_lossy());
    }
}

fn url_of(path: &Path) -> Result<Rc<str>, LoadError> {
    let url = Url::from_file_path(path).map_err(|()| LoadError {
        message: format!("{} is no absolute path", path.display()),
        ..Default::default()
    })?;
    Ok(url.as_str().into())
}

/// What V8 has thrown while a module was compiled, linked or run.
fn caught(scope: &mut v8::TryCatch<v8::HandleScope>) -> LoadError {
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
    /// Says what was thrown while a script was loaded; the place is that of the topmost frame in a file.
    pub(super) fn of(scope: &mut v8::HandleScope, error: v8::Local<v8::Value>) -> Self {
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
        let place =
            stack.as_deref().and_then(|stack| stack.find("\n    at ").map(|at| &stack[at..]));
        let place = place.and_then(first_place);
        let (file, line, column) = match place {
            Some((file, line, column)) => (Some(file), Some(line), Some(column)),
            None => (None, None, None),
        };
        Self { message, file, line, column, stack, needs_bundle: false }
    }
}

/// The first `file:…:line:column` of a text.
fn first_place(text: &str) -> Option<(String, u32, u32)> {
    let text = &text[text.find("file://")?..];
    let end = text.find(['\n', ')']).unwrap_or(text.len());
    let mut parts = text[..end].rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    Some((parts.next()?.to_owned(), line, column))
}
