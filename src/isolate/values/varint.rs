//! Variable-length integers of V8's serialization format: seven bits in each byte, least
//! significant first.

use crate::isolate::values::wire::CodecError;

/// Reads an integer, and advances `bytes` past it.
///
/// # Errors
/// When the bytes end within it, or it has more than 64 bits.
pub fn read(bytes: &mut &[u8]) -> Result<u64, CodecError> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(CodecError)?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(CodecError)
}

/// Appends an integer.
pub fn write(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
