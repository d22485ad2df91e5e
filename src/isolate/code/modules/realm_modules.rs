//! `RealmModules`: the modules of users in one realm. It compiles, links and evaluates them, from
//! V8's code cache where there is one.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use deno_core::v8;

use crate::isolate::code::compile::compile_module;
use crate::isolate::code::load_error::{LoadError, caught};
use crate::isolate::code::modules::library::Library;
use crate::isolate::code::modules::module_cache::{self, CachedCode};
use crate::isolate::realm::data::RealmData;

/// The modules of one realm, by URL.
pub struct RealmModules {
    realm: Rc<RealmData>,
    library: Rc<Library>,
    all: Rc<AllRealmModules>,
    /// Whether files may import files: the realm has loaded the worker script, and runs no code
    /// tasks.
    has_files: Cell<bool>,
    modules: RefCell<HashMap<Rc<str>, v8::Global<v8::Module>>>,
    /// URLs by V8's script ids.
    urls: RefCell<HashMap<i32, Rc<str>>>,
}

/// The modules of all realms of an isolate, by the realm's number. A slot of the isolate.
#[derive(Default)]
pub struct AllRealmModules(RefCell<HashMap<u32, Weak<RealmModules>>>);

impl RealmModules {
    /// Registers the modules of a realm, which has none yet.
    pub fn new(scope: &mut v8::HandleScope, realm: Rc<RealmData>) -> Rc<Self> {
        let library = Library::of(scope).expect("it is set before the first realm is made");
        let all = scope.get_slot::<Rc<AllRealmModules>>().cloned().unwrap_or_default();
        let modules = Rc::new(Self {
            realm,
            library,
            all: all.clone(),
            has_files: Cell::new(false),
            modules: RefCell::default(),
            urls: RefCell::default(),
        });
        all.0.borrow_mut().insert(modules.realm.number, Rc::downgrade(&modules));
        modules
    }

    /// Returns the modules of the current context; `None` where it is not a realm.
    pub fn of(scope: &mut v8::HandleScope) -> Option<Rc<Self>> {
        let number = RealmData::current_number(scope)?;
        let all = scope.get_slot::<Rc<AllRealmModules>>()?;
        all.0.borrow().get(&number)?.upgrade()
    }

    /// Resolves a specifier to a URL, as the library does for this realm.
    ///
    /// # Errors
    /// As for [`Library::resolve`].
    pub fn resolve(&self, specifier: &str, referrer: &str) -> Result<Rc<str>, LoadError> {
        self.library.resolve(specifier, referrer, self.has_files.get())
    }

    /// Returns the URL of a module of the realm.
    pub fn url_of(&self, module: v8::Local<v8::Module>) -> Option<Rc<str>> {
        self.urls.borrow().get(&module.script_id()?).cloned()
    }

    /// Starts to evaluate the worker script in the current realm. Returns its module and the
    /// promise of its evaluation. From now on files of the realm may import files.
    ///
    /// # Errors
    /// When the script, or what it imports, cannot be read, parsed or linked.
    pub fn run<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        url: &Rc<str>,
    ) -> Result<(v8::Local<'s, v8::Module>, v8::Local<'s, v8::Promise>), LoadError> {
        self.has_files.set(true);
        self.evaluate(scope, url, url, false)
    }

    /// Starts to evaluate a module in the current realm. Returns the module and the promise of its
    /// evaluation.
    ///
    /// # Errors
    /// When the module, or what it imports, cannot be read, parsed or linked.
    pub fn evaluate<'s>(
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
        self.keep_code(scope, false);
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
            let cached = module_cache::find(text.key);
            let cache = cached.as_ref().map(|cached| &*cached.bytes);
            let module = v8::String::new(scope, &text.code)
                .and_then(|code| compile_module(scope, &url, code, cache));
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
                let resolved = self.resolve(&specifier, &url);
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

    /// Keeps V8's code caches of modules for later realms and isolates, where a module has none
    /// yet. `is_warm` is whether tasks have run functions of the modules: then it also replaces
    /// caches from before that.
    pub fn keep_code(&self, scope: &mut v8::HandleScope, is_warm: bool) {
        for (url, module) in &*self.modules.borrow() {
            let Some(text) = self.library.known_text(url) else { continue };
            if module_cache::find(text.key).is_some_and(|cached| cached.is_warm >= is_warm) {
                continue;
            }
            let module = v8::Local::new(scope, module);
            if let Some(cache) = module.get_unbound_module_script(scope).create_code_cache() {
                let bytes = cache.to_vec().into();
                module_cache::insert(text.key, CachedCode { bytes, is_warm });
            }
        }
    }
}

impl Drop for RealmModules {
    fn drop(&mut self) {
        self.all.0.borrow_mut().remove(&self.realm.number);
    }
}

/// Called by V8 while it links modules, all of which are compiled.
fn resolve<'s>(
    context: v8::Local<'s, v8::Context>,
    specifier: v8::Local<'s, v8::String>,
    _: v8::Local<'s, v8::FixedArray>,
    referrer: v8::Local<'s, v8::Module>,
) -> Option<v8::Local<'s, v8::Module>> {
    // SAFETY: V8 calls this with the isolate entered, which is what a callback scope needs.
    let scope = &mut unsafe { v8::CallbackScope::new(context) };
    let realm = RealmModules::of(scope)?;
    let referrer = realm.url_of(referrer)?;
    let specifier = specifier.to_rust_string_lossy(scope);
    let url = realm.resolve(&specifier, &referrer).ok()?;
    let module = realm.modules.borrow().get(&url).cloned();
    Some(v8::Local::new(scope, module?))
}

/// Returns whether import attributes contain `type: 'json'`, the only attribute that is supported.
/// Each attribute takes `width` elements of the array.
///
/// # Errors
/// When there is another attribute.
pub fn asks_for_json(
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
