//! `Bootstrap`: the source texts of the bootstrap modules, those of Deno's extensions and those of
//! isolane.
//!
//! One for the process, assembled once or read from the snapshot's file. It evaluates nothing:
//! `install.rs` does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use deno_core::Extension;

use crate::isolate::host::op::CALL;
use crate::isolate::realm::bootstrap::source_scan::{
    OPS, ascii, imports_of, imports_of_ops, names_of_primordials,
};
use crate::isolate::realm::bootstrap::source_text::SourceText;
use crate::isolate::realm::engine::deno::extensions;

/// The bootstrap modules, and the functions that they import from Rust.
pub struct Bootstrap {
    pub modules: BTreeMap<&'static str, SourceText>,
    /// The modules that are evaluated when a realm is created, in their order in a snapshot.
    pub eager: Vec<&'static str>,
    /// The names that the modules import from `globalThis.isolane`, sorted.
    pub functions: Vec<&'static str>,
    pub async_ops: BTreeSet<&'static str>,
}

static BOOTSTRAP: OnceLock<Bootstrap> = OnceLock::new();

/// The entry module of a realm.
pub const ENTRY: &str = "ext:isolane/bootstrap.js";
const CORE: &str = "ext:core/mod.js";

/// The function by which deno_web reports an error of an event listener. It would dispatch an event
/// at the global object, which is not an EventTarget here, and report to deno_core, which would end
/// the event loop with the error.
const REPORT: &str = "function reportException(error) {";
const OWN_REPORT: &str =
    "function reportException(error) {\n  return globalThis_.reportException(error);";

/// Returns the bootstrap modules of this build.
pub fn bootstrap() -> &'static Bootstrap {
    BOOTSTRAP.get_or_init(Bootstrap::assemble)
}

/// Sets the modules that were assembled at build time. Does nothing where the process has modules
/// already.
pub fn set_bootstrap(bootstrap: Bootstrap) {
    BOOTSTRAP.get_or_init(|| bootstrap);
}

impl Bootstrap {
    /// Collects the texts, and derives from them what they import.
    fn assemble() -> Self {
        let extensions: Vec<Extension> = extensions();
        let mut modules: Vec<(&'static str, String)> = vec![
            (CORE, include_str!("../js/core.js").to_owned()),
            ("ext:isolane/primordials.js", include_str!("../js/primordials.js").to_owned()),
            ("ext:isolane/task-resources.js", include_str!("../js/task-resources.js").to_owned()),
            ("ext:isolane/console.js", include_str!("../js/console.js").to_owned()),
            ("ext:isolane/host.js", include_str!("../js/host.js").to_owned()),
            ("ext:isolane/fetch.js", include_str!("../js/fetch.js").to_owned()),
            (
                "ext:isolane/fetch-classes.js",
                include_str!(concat!(env!("OUT_DIR"), "/fetch-classes.js")).to_owned(),
            ),
            ("ext:isolane/timer-queue.js", include_str!("../js/timer-queue.js").to_owned()),
            ("ext:isolane/timers.js", include_str!("../js/timers.js").to_owned()),
            ("ext:isolane/globals.js", include_str!("../js/globals.js").to_owned()),
            (ENTRY, include_str!("../js/bootstrap.js").to_owned()),
            (
                "ext:isolane/clone.js",
                concat!(
                    "const module = {};\n",
                    include_str!("../../../../lib/values/clone.js"),
                    "export default module.exports;\n"
                )
                .to_owned(),
            ),
            (
                "ext:isolane/table.js",
                concat!(
                    "const module = {};\n",
                    include_str!("../../../../lib/values/table.js"),
                    "export default module.exports;\n"
                )
                .to_owned(),
            ),
        ];
        for file in extensions.iter().flat_map(|extension| extension.esm_files.iter()) {
            let text = file.load().expect("the modules of deno's extensions are in the binary");
            // Some modules import others by a relative path.
            let folder = file.specifier.rsplit_once('/').map_or("", |(folder, _)| folder);
            let mut text = text.as_str().replace(REPORT, OWN_REPORT);
            text = text.replace("from \"./", &format!("from \"{folder}/"));
            if file.specifier == "ext:deno_web/09_file.js" {
                // It would add to `URL` what the realm defines itself.
                for name in ["createObjectURL", "revokeObjectURL"] {
                    text = text.replace(
                        &format!("URL.{name} = {name};"),
                        &format!("export {{ {name} }};"),
                    );
                }
            }
            if file.specifier == "ext:deno_web/13_message_port.js" {
                // Ports belong to the task that creates them.
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
        let imported: BTreeSet<&str> =
            modules.iter().flat_map(|(_, text)| imports_of_ops(text)).collect();
        let functions: Vec<&'static str> =
            imported.into_iter().map(|name| &*name.to_owned().leak()).collect();
        let all = functions.join(", ");
        modules.push((OPS, format!("export const {{ {all} }} = globalThis.isolane;\n")));
        let modules =
            modules.into_iter().map(|(name, text)| (name, SourceText::new(ascii(&text).leak())));
        let modules: BTreeMap<_, _> = modules.collect();
        let eager = closure(&modules, ENTRY, |_| false).into_iter().collect();
        let ops_of = extensions.iter().flat_map(|extension| extension.ops.iter());
        let async_ops = ops_of.filter(|op| op.is_async).map(|op| op.name);
        let async_ops = async_ops.chain([CALL]).collect();
        Self { modules, eager, functions, async_ops }
    }

    /// Whether an op returns a promise.
    pub fn is_async(&self, op: &str) -> bool {
        self.async_ops.contains(op)
    }

    /// Returns a module and all its direct and indirect imports, except the modules for which
    /// `is_loaded` is true and their imports.
    pub fn closure(&self, name: &str, is_loaded: impl Fn(&str) -> bool) -> BTreeSet<&'static str> {
        closure(&self.modules, name, is_loaded)
    }
}

fn closure(
    modules: &BTreeMap<&'static str, SourceText>,
    name: &str,
    is_loaded: impl Fn(&str) -> bool,
) -> BTreeSet<&'static str> {
    let mut all = BTreeSet::new();
    let mut wanted = vec![name];
    while let Some(name) = wanted.pop() {
        let Some((name, text)) = modules.get_key_value(name) else { continue };
        if !is_loaded(name) && all.insert(*name) {
            wanted.extend(imports_of(text));
        }
    }
    all
}
