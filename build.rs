//! Besides what napi needs: the fetch classes as one module, and a name for the state of all that a snapshot
//! is made from.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// What an isolate's snapshot holds, and the code whose addresses it refers to.
const PARTS: [&str; 7] = [
    "src",
    "lib/values/clone.js",
    "lib/values/table.js",
    "tools/fetch-classes.mjs",
    "package-lock.json",
    "Cargo.toml",
    "Cargo.lock",
];

/// The crates between this one and the `v8` crate, which `isolane.versions.engine` names.
const ENGINE: [&str; 2] = ["rustyscript", "deno_core"];

fn main() {
    napi_build::setup();
    bundle_fetch_classes().expect("node must be on PATH; it makes a module of undici's classes");
    let mut hasher = DefaultHasher::new();
    for part in PARTS {
        println!("cargo:rerun-if-changed={part}");
        add(&mut hasher, Path::new(part));
    }
    for setting in ["PROFILE", "OPT_LEVEL", "TARGET"] {
        hasher.write(env::var(setting).unwrap_or_default().as_bytes());
    }
    println!("cargo:rustc-env=ISOLANE_BUILD={:016x}", hasher.finish());
    let lock = fs::read_to_string("Cargo.lock").expect("it is committed");
    let engine = ENGINE.map(|name| format!("{name}/{}", version_in(&lock, name)));
    println!("cargo:rustc-env=ISOLANE_ENGINE={}", engine.join(" "));
}

/// Returns the version of a crate that the lock file names.
fn version_in<'a>(lock: &'a str, name: &str) -> &'a str {
    let head = format!("name = \"{name}\"\nversion = \"");
    let (_, rest) = lock.split_once(&head).expect("the lock file has the crates of the engine");
    rest.split('"').next().unwrap_or_default()
}

/// Adds a file, or all files below a folder in the order of their names.
fn add(hasher: &mut DefaultHasher, path: &Path) {
    if let Ok(entries) = fs::read_dir(path) {
        let mut entries: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for entry in &entries {
            add(hasher, entry);
        }
    } else if let Ok(bytes) = fs::read(path) {
        hasher.write(path.to_string_lossy().as_bytes());
        hasher.write(&bytes);
    }
}

/// Makes `$OUT_DIR/fetch-classes.js` of the npm package undici.
fn bundle_fetch_classes() -> io::Result<()> {
    for path in ["tools/fetch-classes.mjs", "node_modules/undici/package.json"] {
        println!("cargo:rerun-if-changed={path}");
    }
    let out =
        PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("fetch-classes.js");
    let status = Command::new("node").arg("tools/fetch-classes.mjs").arg(out).status()?;
    assert!(
        status.success(),
        "tools/fetch-classes.mjs failed; are the npm packages installed (npm install)?"
    );
    Ok(())
}
