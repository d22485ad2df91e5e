//! Deno's extensions, without the modules that isolane does not want, and with replacements for
//! some ops.

use std::sync::Arc;

use deno_core::Extension;

use crate::isolate::realm::engine::blobs::op_isolane_create_part;
use crate::isolate::realm::engine::clock::{CoarseClock, op_isolane_now, op_isolane_time_origin};

/// The modules of deno_web that have no use in an isolate.
const LEFT_OUT: [&str; 4] = [
    "ext:deno_web/10_filereader.js",
    "ext:deno_web/12_location.js",
    "ext:deno_web/14_compression.js",
    "ext:deno_web/16_image_data.js",
];

/// Returns the extensions whose modules realms evaluate, in the order of their dependencies.
pub fn extensions() -> Vec<Extension> {
    let mut web = deno_web::deno_web::init::<CoarseClock>(Arc::default(), None);
    let kept = web.esm_files.iter().filter(|file| !LEFT_OUT.contains(&file.specifier));
    web.esm_files = kept.cloned().collect::<Vec<_>>().into();
    for op in web.ops.to_mut() {
        match op.name {
            "op_blob_create_part" => {
                *op = op.with_implementation_from(&op_isolane_create_part());
            }
            "op_now" => *op = op.with_implementation_from(&op_isolane_now()),
            "op_time_origin" => *op = op.with_implementation_from(&op_isolane_time_origin()),
            _ => {}
        }
    }
    vec![
        deno_webidl::deno_webidl::init(),
        deno_console::deno_console::init(),
        deno_url::deno_url::init(),
        web,
        deno_crypto::deno_crypto::init(None),
    ]
}
