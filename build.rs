//! Besides what napi needs: a name for the state of all that a snapshot is made from.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::Hasher;
use std::path::Path;

/// What an isolate's snapshot holds, and the code whose addresses it refers to.
const PARTS: [&str; 4] = ["src", "lib/clone.js", "Cargo.toml", "Cargo.lock"];

fn main() {
    napi_build::setup();
    let mut hasher = DefaultHasher::new();
    for part in PARTS {
        println!("cargo:rerun-if-changed={part}");
        add(&mut hasher, Path::new(part));
    }
    for setting in ["PROFILE", "OPT_LEVEL", "TARGET"] {
        hasher.write(std::env::var(setting).unwrap_or_default().as_bytes());
    }
    println!("cargo:rustc-env=ISOLANE_BUILD={:016x}", hasher.finish());
}

/// Adds a file, or all files below a folder in the order of their names.
fn add(hasher: &mut DefaultHasher, path: &Path) {
    if let Ok(entries) = fs::read_dir(path) {
        let mut entries: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        entries.iter().for_each(|entry| add(hasher, entry));
    } else if let Ok(bytes) = fs::read(path) {
        hasher.write(path.to_string_lossy().as_bytes());
        hasher.write(&bytes);
    }
}
