//! What every realm is made of: the modules of Deno's extensions and ours, evaluated in a context that
//! deno_core knows nothing of.
//!
//! Nothing of it is trusted with more than the realm has: it reaches V8 through `builtins` and ops through
//! the airlock, and the object that holds both is gone before a user's code runs.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use deno_core::{Extension, v8};
use v8::MapFnTo;

use super::airlock;
use super::builtins::builtins;
use super::extension::parts;
use super::natives::string;

/// The modules, and what they call.
pub(super) struct Kit {
    modules: Vec<(&'static str, String)>,
    /// Functions behind the airlock; a realm's function has its place here as data.
    pub ops: Vec<String>,
    async_ops: BTreeSet<&'static str>,
}

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
    static KIT: OnceLock<Kit> = OnceLock::new();
    KIT.get_or_init(Kit::assemble)
}

impl Kit {
    fn assemble() -> Self {
        let extensions: Vec<Extension> = parts();
        let mut modules: Vec<(&'static str, String)> = vec![
            (CORE, include_str!("js/core.js").to_owned()),
            ("ext:isolane/primordials.js", include_str!("js/primordials.js").to_owned()),
            ("ext:isolane/belongings.js", include_str!("js/belongings.js").to_owned()),
            ("ext:isolane/console.js", include_str!("js/console.js").to_owned()),
            ("ext:isolane/host.js", include_str!("js/host.js").to_owned()),
            ("ext:isolane/fetch.js", include_str!("js/fetch.js").to_owned()),
            (
                "ext:isolane/fetch-classes.js",
                include_str!(concat!(env!("OUT_DIR"), "/fetch-classes.js")).to_owned(),
            ),
            ("ext:isolane/timers.js", include_str!("js/timers.js").to_owned()),
            (ENTRY, include_str!("js/bootstrap.js").to_owned()),
            (
                "ext:isolane/clone.js",
                concat!(
                    "const module = {};\n",
                    include_str!("../../lib/clone.js"),
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
            if file.specifier == "ext:deno_web/13_message_port.js" {
                // Ports belong to the task that makes them.
                text = text.replace("  op_message_port_create_entangled,\n", "");
                text.insert_str(
                    0,
                    "import { createPorts as op_message_port_create_entangled } from 'ext:isolane/belongings.js';\n",
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
        let ops = ops.map(|name| (*name).to_owned()).collect();
        let all = imported.into_iter().collect::<Vec<_>>().join(", ");
        modules.push((OPS, format!("export const {{ {all} }} = globalThis.isolane;\n")));
        let ops_of = extensions.iter().flat_map(|extension| extension.ops.iter());
        let async_ops = ops_of.filter(|op| op.is_async).map(|op| op.name);
        let async_ops = async_ops.chain([airlock::CALL]).collect();
        Self { modules, ops, async_ops }
    }

    pub fn is_async(&self, op: &str) -> bool {
        self.async_ops.contains(op)
    }

    /// Makes the current context a realm: leaves the functions that Rust calls in `globalThis.isolane`.
    ///
    /// # Panics
    /// When the modules do not fit together.
    pub fn evaluate(&self, scope: &mut v8::HandleScope) {
        let scope = &mut v8::TryCatch::new(scope);
        let evaluated = self.install(scope).and_then(|()| self.run(scope));
        if evaluated.is_none() {
            let error = scope.exception().map(|error| error.to_rust_string_lossy(scope));
            let place = scope.message().map(|message| {
                let file = message.get_script_resource_name(scope);
                let file = file.map(|file| file.to_rust_string_lossy(scope));
                (file, message.get_line_number(scope))
            });
            panic!("the modules of realms do not evaluate: {error:?} at {place:?}");
        }
    }

    fn install(&self, scope: &mut v8::HandleScope) -> Option<()> {
        let functions = v8::Object::new(scope);
        for (name, callback) in builtins() {
            let function = v8::Function::builder_raw(callback).build(scope)?;
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

    fn run(&self, scope: &mut v8::HandleScope) -> Option<()> {
        for (name, text) in &self.modules {
            let text = v8::String::new(scope, text)?;
            let module = compile(scope, name, text)?;
            let module = v8::Global::new(scope, module);
            MODULES.with_borrow_mut(|modules| modules.insert((*name).to_owned(), module));
        }
        let entry = MODULES.with_borrow(|modules| modules.get(ENTRY).cloned())?;
        let entry = v8::Local::new(scope, entry);
        let instantiated = entry.instantiate_module(scope, resolve);
        MODULES.take();
        instantiated?;
        let promise: v8::Local<v8::Promise> = entry.evaluate(scope)?.try_into().ok()?;
        if promise.state() == v8::PromiseState::Rejected {
            let error = promise.result(scope);
            scope.throw_exception(error);
            return None;
        }
        Some(())
    }

    /// Addresses that a snapshot of a realm refers to.
    pub fn external_references() -> Vec<v8::ExternalReference> {
        let function = |function| v8::ExternalReference { function };
        builtins()
            .into_iter()
            .map(|(_, callback)| function(callback))
            .chain([function(airlock::pass.map_fn_to())])
            .collect()
    }
}

thread_local! {
    /// The modules while they are linked.
    static MODULES: RefCell<HashMap<String, v8::Global<v8::Module>>> = RefCell::default();
}

fn compile<'s>(
    scope: &mut v8::HandleScope<'s>,
    name: &str,
    text: v8::Local<'s, v8::String>,
) -> Option<v8::Local<'s, v8::Module>> {
    let name = string(scope, name).into();
    let origin =
        v8::ScriptOrigin::new(scope, name, 0, 0, false, -1, None, false, false, true, None);
    let mut source = v8::script_compiler::Source::new(text, Some(&origin));
    v8::script_compiler::compile_module(scope, &mut source)
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
    let module = MODULES.with_borrow(|modules| modules.get(&name).cloned());
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
