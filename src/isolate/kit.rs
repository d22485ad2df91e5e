//! What every realm is made of: the modules of Deno's extensions and ours, evaluated in a context that
//! deno_core knows nothing of.
//!
//! Nothing of it is trusted with more than the realm has: it reaches V8 through `builtins` and ops through
//! the airlock, and the object that holds both is gone before a user's code runs.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, OnceLock};

use deno_core::{Extension, v8};
use parking_lot::Mutex;
use v8::MapFnTo;

use super::airlock;
use super::builtins::{builtins, fast};
use super::extension::parts;
use super::interrupt::InterruptSlot;
use super::natives::string;
use super::text::Text;

/// The modules, and what they call.
pub(super) struct Kit {
    pub modules: BTreeMap<&'static str, Text>,
    /// What a realm has from the beginning, in the order in which a snapshot has them.
    pub eager: Vec<&'static str>,
    /// Functions behind the airlock; a realm's function has its place here as data.
    pub ops: Vec<&'static str>,
    pub async_ops: BTreeSet<&'static str>,
}

static KIT: OnceLock<Kit> = OnceLock::new();

const ENTRY: &str = "ext:isolane/bootstrap.js";
const CORE: &str = "ext:core/mod.js";
const OPS: &str = "ext:core/ops";

/// Where deno_web reports what a listener of an event throws. It would make an event of it for a global
/// object that is a target of events, which ours is not, and tell deno_core, which stops everything.
const REPORT: &str = "function reportException(error) {";
const OWN_REPORT: &str =
    "function reportException(error) {\n  return globalThis_.reportException(error);";

/// The kit of this build.
pub(super) fn kit() -> &'static Kit {
    KIT.get_or_init(Kit::assemble)
}

/// Has the kit be one that was assembled before, where there is none yet.
pub(super) fn put_kit(kit: Kit) {
    KIT.get_or_init(|| kit);
}

impl Kit {
    fn assemble() -> Self {
        let extensions: Vec<Extension> = parts();
        let mut modules: Vec<(&'static str, String)> = vec![
            (CORE, include_str!("realm/js/core.js").to_owned()),
            ("ext:isolane/primordials.js", include_str!("realm/js/primordials.js").to_owned()),
            (
                "ext:isolane/task-resources.js",
                include_str!("realm/js/task-resources.js").to_owned(),
            ),
            ("ext:isolane/console.js", include_str!("realm/js/console.js").to_owned()),
            ("ext:isolane/host.js", include_str!("realm/js/host.js").to_owned()),
            ("ext:isolane/fetch.js", include_str!("realm/js/fetch.js").to_owned()),
            (
                "ext:isolane/fetch-classes.js",
                include_str!(concat!(env!("OUT_DIR"), "/fetch-classes.js")).to_owned(),
            ),
            ("ext:isolane/deadlines.js", include_str!("realm/js/deadlines.js").to_owned()),
            ("ext:isolane/timers.js", include_str!("realm/js/timers.js").to_owned()),
            (ENTRY, include_str!("realm/js/bootstrap.js").to_owned()),
            (
                "ext:isolane/clone.js",
                concat!(
                    "const module = {};\n",
                    include_str!("../../lib/values/clone.js"),
                    "export default module.exports;\n"
                )
                .to_owned(),
            ),
            (
                "ext:isolane/table.js",
                concat!(
                    "const module = {};\n",
                    include_str!("../../lib/values/table.js"),
                    "export default module.exports;\n"
                )
                .to_owned(),
            ),
        ];
        for file in extensions.iter().flat_map(|extension| extension.esm_files.iter()) {
            let text = file.load().expect("the modules of deno's extensions are in the binary");
            // Some name their neighbours by "./".
            let folder = file.specifier.rsplit_once('/').map_or("", |(folder, _)| folder);
            let mut text = text.as_str().replace(REPORT, OWN_REPORT);
            text = text.replace("from \"./", &format!("from \"{folder}/"));
            if file.specifier == "ext:deno_web/09_file.js" {
                // It adds to `URL` what the realm has there already.
                for name in ["createObjectURL", "revokeObjectURL"] {
                    text = text.replace(
                        &format!("URL.{name} = {name};"),
                        &format!("export {{ {name} }};"),
                    );
                }
            }
            if file.specifier == "ext:deno_web/13_message_port.js" {
                // Ports belong to the task that makes them.
                text = text.replace("  op_message_port_create_entangled,\n", "");
                text.insert_str(
                    0,
                    "import { createPorts as op_message_port_create_entangled } from 'ext:isolane/task-resources.js';\n",
                );
            }
            modules.push((file.specifier, text));
        }
        let names: BTreeSet<&str> =
            modules.iter().flat_map(|(_, text)| names_of_primordials(text)).collect();
        let names = names.into_iter().collect::<Vec<_>>().join("', '");
        modules.push(("ext:isolane/names.js", format!("export const NAMES = ['{names}'];\n")));
        let native: Vec<&str> = builtins().iter().map(|(name, _)| *name).collect();
        let imported: BTreeSet<&str> =
            modules.iter().flat_map(|(_, text)| imports_of_ops(text)).collect();
        let ops = imported.iter().filter(|name| !native.contains(name));
        let ops = ops.map(|name| &*(*name).to_owned().leak()).collect();
        let all = imported.into_iter().collect::<Vec<_>>().join(", ");
        modules.push((OPS, format!("export const {{ {all} }} = globalThis.isolane;\n")));
        let modules =
            modules.into_iter().map(|(name, text)| (name, Text::new(ascii(&text).leak())));
        let modules: BTreeMap<_, _> = modules.collect();
        let eager = needs(&modules, ENTRY, |_| false).into_iter().collect();
        let ops_of = extensions.iter().flat_map(|extension| extension.ops.iter());
        let async_ops = ops_of.filter(|op| op.is_async).map(|op| op.name);
        let async_ops = async_ops.chain([airlock::CALL]).collect();
        Self { modules, eager, ops, async_ops }
    }

    pub fn is_async(&self, op: &str) -> bool {
        self.async_ops.contains(op)
    }

    /// Makes the current context a realm: leaves the functions that Rust calls in `globalThis.isolane`.
    ///
    /// # Panics
    /// When the modules do not fit together.
    pub fn evaluate(&self, scope: &mut v8::HandleScope) -> Modules {
        let scope = &mut v8::TryCatch::new(scope);
        let modules = Modules::default();
        let evaluated = self.install(scope).and_then(|()| modules.load(scope, ENTRY));
        if evaluated.is_none() {
            let error = scope.exception().map(|error| error.to_rust_string_lossy(scope));
            let place = scope.message().map(|message| {
                let file = message.get_script_resource_name(scope);
                let file = file.map(|file| file.to_rust_string_lossy(scope));
                (file, message.get_line_number(scope))
            });
            panic!("the modules of realms do not evaluate: {error:?} at {place:?}");
        }
        modules
    }

    fn install(&self, scope: &mut v8::HandleScope) -> Option<()> {
        let functions = v8::Object::new(scope);
        for (name, callback) in builtins() {
            let function = match fast().into_iter().find(|(fast, _)| *fast == name) {
                Some((_, fast)) => v8::FunctionTemplate::builder_raw(callback)
                    .build_fast(scope, &[fast])
                    .get_function(scope)?,
                None => v8::Function::builder_raw(callback).build(scope)?,
            };
            let name = string(scope, name);
            functions.set(scope, name.into(), function.into())?;
        }
        for (place, name) in self.ops.iter().enumerate() {
            let data = v8::Integer::new_from_unsigned(scope, place as u32).into();
            let function = v8::Function::builder(airlock::pass).data(data).build(scope)?;
            let name = string(scope, name);
            functions.set(scope, name.into(), function.into())?;
        }
        let name = string(scope, "isolane");
        let global = scope.get_current_context().global(scope);
        global.set(scope, name.into(), functions.into()).map(drop)
    }

    /// Addresses that a snapshot of a realm refers to.
    pub fn external_references() -> Vec<v8::ExternalReference> {
        let function = |function| v8::ExternalReference { function };
        let fast = fast().into_iter().flat_map(|(_, fast)| {
            [
                v8::ExternalReference { pointer: fast.address().cast_mut() },
                v8::ExternalReference { type_info: fast.type_info() },
            ]
        });
        builtins()
            .into_iter()
            .map(|(_, callback)| function(callback))
            .chain([function(airlock::pass.map_fn_to())])
            .chain(fast)
            .chain(kit().modules.values().map(Text::external_reference))
            .collect()
    }
}

thread_local! {
    /// The modules while they are linked.
    static LINKED: RefCell<HashMap<&'static str, v8::Global<v8::Module>>> = RefCell::default();
}

/// V8's code caches of modules that realms load later.
static CACHES: LazyLock<Mutex<Caches>> = LazyLock::new(Mutex::default);

type Caches = HashMap<&'static str, Arc<[u8]>>;

/// The modules of the kit that a realm has; others are loaded when they are asked for.
#[derive(Default)]
pub(super) struct Modules {
    loaded: RefCell<HashMap<&'static str, v8::Global<v8::Module>>>,
    /// The realm is from a snapshot, which has those of the beginning still.
    in_snapshot: Cell<bool>,
}

impl Modules {
    /// Those of a realm that a snapshot was made into.
    pub fn of_snapshot() -> Self {
        Self { in_snapshot: Cell::new(true), ..Default::default() }
    }

    /// Those of the beginning, in their order, for a snapshot.
    pub fn eager(&self) -> Vec<v8::Global<v8::Module>> {
        let loaded = self.loaded.borrow();
        kit().eager.iter().filter_map(|name| loaded.get(name).cloned()).collect()
    }

    /// Gives the namespace of a module of the kit, after evaluating it where it was not. An exception is
    /// pending where there is none; it can be tried again then.
    pub fn load<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        name: &str,
    ) -> Option<v8::Local<'s, v8::Value>> {
        let kit = kit();
        if self.in_snapshot.take() {
            for (index, name) in kit.eager.iter().enumerate() {
                let module = scope.get_context_data_from_snapshot_once::<v8::Module>(index).ok()?;
                self.loaded.borrow_mut().insert(name, v8::Global::new(scope, module));
            }
        }
        let (&name, _) = kit.modules.get_key_value(name)?;
        let mut modules = self.loaded.borrow().clone();
        let missing = needs(&kit.modules, name, |name| modules.contains_key(name));
        for name in &missing {
            let cache = CACHES.lock().get(name).cloned();
            let text = kit.modules.get(name)?.string(scope)?;
            let module = compile(scope, name, text, cache.as_deref())?;
            modules.insert(name, v8::Global::new(scope, module));
        }
        let module = v8::Local::new(scope, modules.get(name)?);
        if !missing.is_empty() {
            LINKED.replace(modules);
            let linked = module.instantiate_module(scope, resolve);
            modules = LINKED.take();
            linked?;
            let promise: v8::Local<v8::Promise> = module.evaluate(scope)?.try_into().ok()?;
            if promise.state() != v8::PromiseState::Fulfilled {
                if let Some(slot) = InterruptSlot::of(scope) {
                    slot.ledger.forgive(&v8::Global::new(scope, promise));
                }
                let error = promise.result(scope);
                scope.throw_exception(error);
                return None;
            }
            keep_caches(scope, &missing, &modules);
            *self.loaded.borrow_mut() = modules;
        }
        Some(v8::Local::new(scope, module.get_module_namespace()))
    }
}

/// Keeps what V8 has compiled of modules, also of what has only run now, for the realms to come.
fn keep_caches(
    scope: &mut v8::HandleScope,
    names: &BTreeSet<&'static str>,
    modules: &HashMap<&'static str, v8::Global<v8::Module>>,
) {
    if InterruptSlot::of(scope).is_none() {
        // A snapshot is being made, and V8 makes no cache meanwhile.
        return;
    }
    for name in names {
        if CACHES.lock().contains_key(name) {
            continue;
        }
        let Some(module) = modules.get(name) else { continue };
        let script = v8::Local::new(scope, module).get_unbound_module_script(scope);
        if let Some(cache) = script.create_code_cache() {
            CACHES.lock().insert(name, cache.to_vec().into());
        }
    }
}

/// A text with escapes for what is not ASCII.
fn ascii(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            escaped.push(c);
        } else {
            escaped.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    escaped
}

/// A module and all that it imports, but for those that are there, and what these import.
fn needs(
    modules: &BTreeMap<&'static str, Text>,
    name: &str,
    is_there: impl Fn(&str) -> bool,
) -> BTreeSet<&'static str> {
    let mut all = BTreeSet::new();
    let mut wanted = vec![name];
    while let Some(name) = wanted.pop() {
        let Some((name, text)) = modules.get_key_value(name) else { continue };
        if !is_there(name) && all.insert(*name) {
            wanted.extend(imports_of(text));
        }
    }
    all
}

/// What a module imports.
fn imports_of(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("ext:").filter_map(|(at, _)| {
        let quote = text[..at].chars().next_back().filter(|quote| matches!(quote, '"' | '\''))?;
        let before = text[..at - 1].trim_end();
        let is_import = before.ends_with("from") || before.ends_with("import");
        let rest = &text[at..];
        is_import.then(|| &rest[..rest.find(quote).unwrap_or(0)])
    })
}

/// Compiles a module, from V8's code cache where there is one.
pub(super) fn compile<'s>(
    scope: &mut v8::HandleScope<'s>,
    name: &str,
    text: v8::Local<v8::String>,
    cache: Option<&[u8]>,
) -> Option<v8::Local<'s, v8::Module>> {
    use v8::script_compiler::{
        CompileOptions, NoCacheReason, Source, compile_module, compile_module2,
    };
    let name = string(scope, name).into();
    let origin =
        v8::ScriptOrigin::new(scope, name, 0, 0, false, -1, None, false, false, true, None);
    let Some(cache) = cache else {
        return compile_module(scope, &mut Source::new(text, Some(&origin)));
    };
    let cache = v8::CachedData::new(cache);
    let mut source = Source::new_with_cached_data(text, Some(&origin), cache);
    compile_module2(scope, &mut source, CompileOptions::ConsumeCodeCache, NoCacheReason::NoReason)
}

fn resolve<'s>(
    context: v8::Local<'s, v8::Context>,
    specifier: v8::Local<'s, v8::String>,
    _: v8::Local<'s, v8::FixedArray>,
    _: v8::Local<'s, v8::Module>,
) -> Option<v8::Local<'s, v8::Module>> {
    // SAFETY: V8 calls this with the isolate entered, which is what a callback scope needs.
    let scope = &mut unsafe { v8::CallbackScope::new(context) };
    let name = specifier.to_rust_string_lossy(scope);
    let module = LINKED.with_borrow(|modules| modules.get(&*name).cloned());
    let Some(module) = module else {
        let message = string(scope, &format!("realms have no module {name}"));
        let error = v8::Exception::error(scope, message);
        scope.throw_exception(error);
        return None;
    };
    Some(v8::Local::new(scope, module))
}

/// The names that a module takes out of `primordials`.
fn names_of_primordials(text: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let taken = text.match_indices("= primordials").chain(text.match_indices("=primordials"));
    let taken = taken.filter_map(|(at, _)| {
        let before = text[..at].trim_end();
        before.ends_with('}').then(|| before.len() - 1)
    });
    let taken = taken.flat_map(|end| {
        let start = text[..end].rfind('{').map_or(end, |start| start + 1);
        let lines = text[start..end].lines().map(|line| line.split("//").next().unwrap_or(line));
        lines
            .flat_map(|line| line.split(','))
            .map(|name| name.split(':').next().unwrap_or(name).trim())
    });
    let read = text.match_indices("primordials.").map(|(at, found)| {
        let rest = &text[at + found.len()..];
        &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())]
    });
    taken.chain(read).filter(|name| !name.is_empty() && name.chars().all(is_name)).collect()
}

/// The names that a module imports from `ext:core/ops`.
fn imports_of_ops(text: &str) -> Vec<&str> {
    let Some(end) = text.find(&format!("from \"{OPS}\"")).or(text.find(&format!("from '{OPS}'")))
    else {
        return Vec::new();
    };
    let Some(start) = text[..end].rfind("import ") else { return Vec::new() };
    let clause = text[start + "import ".len()..end].trim();
    if let Some(namespace) = clause.strip_prefix("* as ") {
        let pattern = format!("{}.", namespace.trim());
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        return text
            .match_indices(&pattern)
            .filter(|(at, _)| !text[..*at].ends_with(is_name))
            .map(|(at, _)| &text[at + pattern.len()..])
            .map(|rest| &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())])
            .collect();
    }
    let lines = clause.trim_start_matches('{').trim_end_matches('}').lines();
    let lines = lines.map(|line| line.split("//").next().unwrap_or(line));
    let names = lines.flat_map(|line| line.split(','));
    let names = names.map(|name| name.split(" as ").next().unwrap_or(name).trim());
    names.filter(|name| !name.is_empty()).collect()
}
