//! `SerializedScan`: what V8's serialization format contains, read from the bytes without decoding
//! the value.
//!
//! The value itself is not inspected, because a getter may return something else the second time.
//! Tokens are scanned one after another, regardless of their nesting.

use crate::isolate::values::varint;
use crate::isolate::values::wire::CodecError;

/// The properties of a serialized value that decide how it is decoded.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SerializedScan {
    pub has_errors: bool,
    /// The number of absent elements of sparse arrays. The deserializer allocates them, although
    /// they are not in the bytes.
    pub absent: usize,
    /// The indices of the buffers that are moved with the value.
    pub moved: Vec<usize>,
    length: usize,
}

/// The absent elements that a value may have, if they are more than its bytes. A few bytes can
/// declare an array that takes all memory of the process, and their writer need not have had that
/// memory.
const MAX_ABSENT: usize = 4 << 20;

impl SerializedScan {
    /// Scans bytes that V8's serializer wrote, here or in Node, with the header.
    ///
    /// # Errors
    /// When they contain a tag that the serializer does not write.
    pub fn of(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut scan = Self { length: bytes.len(), ..Self::default() };
        let mut tokens = Tokens(bytes);
        // Tag and version.
        tokens.skip(1)?;
        tokens.varint()?;
        while let Some(tag) = tokens.next() {
            scan.token(tag, &mut tokens)?;
        }
        Ok(scan)
    }

    /// Whether decoding the value takes far more memory than its bytes do.
    pub fn is_mostly_absent(&self) -> bool {
        self.absent > self.length.max(MAX_ABSENT)
    }

    /// Scans one token. The tags are those of `SerializationTag` in V8's `value-serializer.cc`.
    fn token(&mut self, tag: u8, tokens: &mut Tokens) -> Result<(), CodecError> {
        match tag {
            // Padding, a hole, primitive values, boxed booleans, begin markers, and the end of an
            // error.
            b'\0' | b'-' | b'_' | b'0' | b'T' | b'F' | b'y' | b'x' | b'o' | b';' | b'\'' | b'.' => {
            }
            // Integers, references, the length of a dense array, end markers.
            b'I' | b'U' | b'^' | b'A' | b'{' | b':' | b',' => drop(tokens.varint()?),
            b'@' | b'$' => {
                tokens.varint()?;
                tokens.varint()?;
            }
            b'a' => {
                let length = tokens.varint()?;
                if length <= MAX_FAST_ARRAY_LENGTH {
                    self.absent = self.absent.saturating_add(length);
                }
            }
            b't' => self.moved.push(tokens.varint()?),
            b'N' | b'D' | b'n' => tokens.skip(8)?,
            b'Z' | b'z' => {
                let bitfield = tokens.varint()?;
                tokens.skip(bitfield >> 1)?;
            }
            b'"' | b'c' | b'S' | b'B' => {
                let length = tokens.varint()?;
                tokens.skip(length)?;
            }
            b'~' => {
                let length = tokens.varint()?;
                tokens.varint()?;
                tokens.skip(length)?;
            }
            b's' => tokens.string()?,
            b'R' => {
                tokens.string()?;
                tokens.varint()?;
            }
            b'V' => {
                for _ in 0..4 {
                    tokens.varint()?;
                }
            }
            b'r' => {
                self.has_errors = true;
                tokens.error()?;
            }
            // A view, as `lib/values/serializer.js` writes it; its buffer follows.
            b'\\' => {
                tokens.varint()?;
                if tokens.varint()? == BYTES as usize {
                    let length = tokens.varint()?;
                    tokens.skip(length)?;
                } else {
                    tokens.skip(16)?;
                }
            }
            _ => return Err(CodecError),
        }
        Ok(())
    }
}

/// Longer arrays are dictionaries in V8 and allocate nothing for absent elements
/// (`JSArray::kMaxFastArrayLength`).
const MAX_FAST_ARRAY_LENGTH: usize = 32 << 20;

/// The marker of a view that is written as its bytes alone, without the rest of its buffer.
pub const BYTES: u32 = 0;

struct Tokens<'a>(&'a [u8]);

impl Tokens<'_> {
    fn next(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    fn skip(&mut self, count: usize) -> Result<(), CodecError> {
        self.0 = self.0.get(count..).ok_or(CodecError)?;
        Ok(())
    }

    fn varint(&mut self) -> Result<usize, CodecError> {
        usize::try_from(varint::read(&mut self.0)?).map_err(|_| CodecError)
    }

    fn string(&mut self) -> Result<(), CodecError> {
        let mut tag = self.next();
        if tag == Some(b'\0') {
            tag = self.next();
        }
        if !matches!(tag, Some(b'"' | b'c')) {
            return Err(CodecError);
        }
        let length = self.varint()?;
        self.skip(length)
    }

    /// Scans an error: class, message and stack, each optional, then a cause, whose tokens follow,
    /// or the end.
    fn error(&mut self) -> Result<(), CodecError> {
        loop {
            match self.next() {
                Some(b'E' | b'R' | b'F' | b'S' | b'T' | b'U') => {}
                Some(b'm' | b's') => self.string()?,
                Some(b'c' | b'.') => return Ok(()),
                _ => return Err(CodecError),
            }
        }
    }
}
