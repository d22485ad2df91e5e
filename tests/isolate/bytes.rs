//! An isolate decodes or refuses any bytes that it is given as a value, and stays usable.
//!
//! `ISOLANE_BYTES` is the number of byte strings that are tried, `ISOLANE_SEED` the seed of their
//! randomness.

use std::path::PathBuf;

use isolane::isolate::{Fault, FaultKind, Script};
use isolane::scheduler::Random;

use super::*;

/// The byte strings that are tried by default, which take some seconds.
const STRINGS: u64 = if cfg!(debug_assertions) { 5_000 } else { 200_000 };
/// The byte strings that one isolate is given.
const LIFE: u64 = 20_000;
const LONGEST: usize = 4096;

const UTF16: u8 = 6;

/// Code that returns values of all kinds that an isolate encodes.
const VALUES: &str = "
    const shared = { a: 1 };
    const buffer = new ArrayBuffer(16);
    const tracked = new ArrayBuffer(8, { maxByteLength: 32 });
    const error = Object.assign(new RangeError('no', { cause: new Error('why') }), { code: 'E', shared });
    error.self = error;
    const cycle = { shared, again: [shared] };
    cycle.self = cycle;
    return [
        undefined, null, true, -0, 1.5, 'text', '漢字', 2n ** 200n, -5n,
        { a: 1, b: [true, null, { c: 'x' }], 'ä': '漢' }, [1, 'a', [2, [3, {}]]],
        Object.assign([1, , 3], { a: 1 }), Object.assign([], { 1000: 1 }), cycle,
        new Map([[shared, shared], [1, new Map()]]), new Set([shared, 'a', new Set([1])]),
        new Date(0), new Date(NaN), /a(b)+/giu, Object(1), Object('s'), Object(false), Object(3n),
        buffer, tracked, [new Uint8Array(buffer, 4, 2), new Float64Array(buffer), new DataView(buffer, 1)],
        new Uint8Array(tracked), new BigInt64Array(2), new Float16Array(3),
        error, new AggregateError([error, new TypeError('x')], 'all'), { error, list: [error] },
        Array.from({ length: 40 }, (_, i) => ({ i, text: 'x'.repeat(i) })),
        Array.from({ length: 40 }, (_, i) => ({ again: ['a', 'b'], big: -(2n ** BigInt(6 * i)) })),
        { big: [1n, 2n ** 64n, -(2n ** 300n)] },
    ].map((value) => ({ value })).concat(1);
";

/// Values that only Node encodes: views as host objects, with their bytes or with a buffer.
const VIEWS: [&[u8]; 4] = [
    b"\xff\x0f\\\x01\0\x04abcd",
    b"\xff\x0f\\\x05\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40B\x08abcdefgh",
    b"\xff\x0f\\\x0b\x01\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\xf8\x7f~\x08\x10abcdefgh",
    b"\xff\x0fA\x02\\\x0c\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40B\x08abcdefgh\\\x01\0\x01a$\0\x02",
];

impl Bench {
    /// Creates an isolate with a handler that returns its payload, and one that returns what code
    /// evaluates to.
    fn mirror(hooks: Hooks) -> Self {
        let mut bench = Self::new(hooks);
        let text = "export default {
            echo: (value) => value,
            make: (code) => (0, eval)(`(() => { ${code} })()`),
        }";
        let script = Script { path: PathBuf::from("/mirror.mjs"), text: text.into() };
        let tokio = bench.tokio.clone();
        bench.isolate.load(&script, &tokio, |_| false).unwrap();
        bench
    }

    fn call(&mut self, handler: &str, value: &[u8]) -> Ended {
        self.tasks += 1;
        let job = Job {
            plan: Plan::new(Work::Handler(handler.into()), Isolation::Shared).into(),
            number: self.tasks,
            value: value.into(),
        };
        let tokio = self.tokio.clone();
        let _context = tokio.enter();
        self.isolate.begin(self.tasks, 1, 0, &job).expect("it waits for nothing")
    }
}

/// Returns valid encodings of all kinds.
fn corpus(bench: &mut Bench) -> Vec<Vec<u8>> {
    let mut corpus: Vec<Vec<u8>> = VIEWS.iter().map(|view| view.to_vec()).collect();
    for index in 0.. {
        for part in ["", ".value"] {
            let code = format!("return (() => {{ {VALUES} }})()[{index}]{part}");
            let text = code.encode_utf16().flat_map(u16::to_le_bytes);
            match bench.call("make", &[UTF16].into_iter().chain(text).collect::<Vec<_>>()) {
                Ended::Done(bytes) if part.is_empty() && bytes[0] == INTEGER => return corpus,
                Ended::Done(bytes) => corpus.push(bytes),
                other => panic!("{other:?}"),
            }
        }
    }
    unreachable!("the last value is a number")
}

struct Mutator<'a> {
    random: Random,
    corpus: &'a [Vec<u8>],
}

impl Mutator<'_> {
    fn below(&mut self, bound: usize) -> usize {
        (self.random.bits() % bound.max(1) as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        /// Bytes with a meaning: versions, kinds, tags.
        const SPECIAL: &[u8] = b"\xff\xfe\x0f\x0e\x0c\0\x7f\x80\x05\x06\x07\x08\x09\
            \x0a_0TFIUNZz\"cS^o{aA@$DyxnsR;:',B~VrERFSTUms.\\pwut?-";
        match self.below(2) {
            0 => SPECIAL[self.below(SPECIAL.len())],
            _ => self.random.bits() as u8,
        }
    }

    fn sample(&mut self) -> Vec<u8> {
        let which = self.below(self.corpus.len());
        self.corpus[which].clone()
    }

    fn next(&mut self) -> Vec<u8> {
        let mut bytes = match self.below(10) {
            0 => (0..self.below(64)).map(|_| self.byte()).collect(),
            // Random bytes after a valid kind.
            1 => {
                let kind = [0, 4, 5, 6, 9, 10, 11, 12, 0xfe, 0xff][self.below(10)];
                let version = [0x0f, self.byte()][usize::from(self.below(8) == 0)];
                let header: &[u8] = match kind {
                    0xfe => &[0xfe, 0xff, version],
                    0xff => &[0xff, version],
                    kind => &[kind],
                };
                let length = self.below(64);
                header.iter().copied().chain((0..length).map(|_| self.byte())).collect()
            }
            _ => self.sample(),
        };
        for _ in 0..self.below(5) {
            self.mutate(&mut bytes);
        }
        bytes.truncate(LONGEST);
        bytes
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        match self.below(7) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at.min(bytes.len()), self.byte()),
            2 => {
                let other = self.sample();
                let from = self.below(other.len());
                let to = from + self.below(other.len() - from);
                bytes.splice(at.min(bytes.len())..at.min(bytes.len()), other[from..to].to_vec());
            }
            _ if bytes.is_empty() => {}
            3 => bytes[at] ^= 1 << self.below(8),
            4 => bytes[at] = self.byte(),
            // A very large length.
            5 => {
                let length: &[u8] =
                    [&[0xff; 4][..], b"\xff\xff\xff\xff\x0f", b"\xff\xff\xff\x0f", b"\x80\x80\x40"]
                        [self.below(4)];
                bytes.splice(at..(at + length.len()).min(bytes.len()), length.iter().copied());
            }
            _ => {
                let to = at + self.below(bytes.len() - at);
                let part = bytes[at..to].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
}

/// How many byte strings ended in which way.
#[derive(Debug, Default)]
struct Tally {
    read: u64,
    refused: u64,
    /// An array was declared that is too long for the memory of the isolate.
    too_large: u64,
}

/// Gives byte strings to one isolate, fewer where one of them exhausts its heap. Returns how many.
fn live(seed: u64, strings: u64, tally: &mut Tally) -> u64 {
    let mut bench = Bench::mirror(quiet());
    let corpus = corpus(&mut bench);
    let mut mutator = Mutator { random: Random::new(seed), corpus: &corpus };
    for done in 1..=strings {
        let bytes = mutator.next();
        match bench.call("echo", &bytes) {
            Ended::Done(_) => tally.read += 1,
            Ended::Failed(Fault { kind: FaultKind::DataClone, .. }) => tally.refused += 1,
            Ended::MemoryLimit => tally.too_large += 1,
            other => panic!("{bytes:02x?} (seed {seed}): {other:?}"),
        }
        if bench.isolate.is_heap_exhausted() {
            return done;
        }
    }
    assert!(matches!(bench.call("echo", &[INTEGER, 7, 0, 0, 0]), end if number(&end) == 7));
    strings
}

fn from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn bytes_that_are_no_value_are_refused() {
    let strings = from_env("ISOLANE_BYTES").unwrap_or(STRINGS);
    let mut seed = from_env("ISOLANE_SEED").unwrap_or(0);
    let tally = on_thread(move || {
        let mut tally = Tally::default();
        let mut left = strings;
        while left > 0 {
            left -= live(seed, left.min(LIFE), &mut tally);
            seed += 1;
        }
        tally
    });
    eprintln!("{strings} strings of bytes: {tally:?}");
    assert!(tally.read > 0 && tally.refused > 0, "{tally:?}");
}
