//! The wire format of values, for code of the realm.

#![allow(clippy::needless_pass_by_value, reason = "V8 hands arguments over by value")]

use deno_core::v8;

use crate::isolate::realm::bindings::bytes::{bytes_in, bytes_of};
use crate::isolate::realm::data::RealmData;
use crate::isolate::values::{codec, ordinary};

type Args<'s> = v8::FunctionCallbackArguments<'s>;

/// Encodes a value as a `Uint8Array` in the wire format. Throws where it cannot be cloned.
pub fn encode_value<'s>(
    scope: &mut v8::HandleScope<'s>,
    args: Args<'s>,
    mut result: v8::ReturnValue,
) {
    let Some(realm) = RealmData::of(scope) else { return };
    let Ok(bytes) = codec::encode(scope, &realm.functions, args.get(0)) else { return };
    if let Some(bytes) = bytes_of(scope, bytes) {
        result.set(bytes.into());
    }
}

/// Decodes bytes in the wire format; undefined where they are malformed.
pub fn decode_value(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let Some(realm) = RealmData::of(scope) else { return };
    let bytes = bytes_in(args.get(0)).unwrap_or_default();
    if let Ok(value) = codec::decode(scope, &realm.functions, &bytes) {
        result.set(value);
    }
}

/// Whether a value is an object without internal slots.
pub fn is_ordinary(_: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    result.set_bool(ordinary::is_ordinary(args.get(0)));
}
