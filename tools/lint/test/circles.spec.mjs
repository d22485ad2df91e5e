import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { check } from '../circles.mjs';
import { useLeaves } from '../rust-source.mjs';

const COMMAND = fileURLToPath(new URL('../circles.mjs', import.meta.url));

/** Writes a crate and returns its folder. */
function crate(t, files) {
  const folder = mkdtempSync(join(tmpdir(), 'circles-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return folder;
}

/** Returns the files of the circles, as `from → to`. */
function circlesOf(t, files) {
  const circles = check(crate(t, files)).filter((text) => text.startsWith('a circle'));
  return circles.map((text) => [...text.matchAll(/(\S+):\d+ → (\S+)/g)].map(([, from, to]) => `${from} → ${to}`));
}

test('a crate without a circle is fine', (t) => {
  const files = {
    'lib.rs': 'mod pool;\nmod metrics;\npub use pool::Pool;',
    'pool/mod.rs': 'mod pool;\nmod shared;\npub use pool::Pool;',
    'pool/pool.rs': 'use super::shared::Shared;\nuse crate::metrics::Recorder;',
    'pool/shared.rs': 'pub struct Shared;',
    'metrics/mod.rs': 'pub struct Recorder;',
  };
  assert.deepEqual(check(crate(t, files)), []);
});

test('two files that use each other are a circle, with both lines', (t) => {
  const files = {
    'lib.rs': 'mod a;\nmod b;',
    'a.rs': '// a comment\nuse crate::b::B;',
    'b.rs': 'fn f() {}\n\nuse super::a::A;',
  };
  const [text] = check(crate(t, files));
  assert.match(text, /a circle of 2 files/);
  assert.match(text, /a\.rs:2 → b\.rs {2}crate::b::B/);
  assert.match(text, /b\.rs:3 → a\.rs {2}super::a::A/);
});

test('a circle of three is found, and nothing beside it', (t) => {
  const files = {
    'lib.rs': 'mod a;\nmod b;\nmod c;\nmod d;',
    'a.rs': 'use crate::b::B;',
    'b.rs': 'use crate::c::C;',
    'c.rs': 'use crate::a::A;\nuse crate::d::D;',
    'd.rs': 'pub struct D;',
  };
  assert.deepEqual(circlesOf(t, files), [['a.rs → b.rs', 'b.rs → c.rs', 'c.rs → a.rs']]);
});

test('a child that uses its own mod.rs is a circle', (t) => {
  const files = {
    'lib.rs': 'mod pool;',
    'pool/mod.rs': 'mod worker;\npub struct Shared;',
    'pool/worker.rs': 'use super::Shared;',
  };
  assert.deepEqual(circlesOf(t, files), [['pool/mod.rs → pool/worker.rs', 'pool/worker.rs → pool/mod.rs']]);
});

test('inline paths count', (t) => {
  const files = {
    'lib.rs': 'mod a;\nmod b;',
    'a.rs': 'fn f() { super::b::g(); }',
    'b.rs': 'fn g() -> crate::a::A { todo!() }',
  };
  assert.equal(circlesOf(t, files).length, 1);
});

test('a path through an imported or renamed module counts', (t) => {
  const imported = { 'lib.rs': 'mod a;\nmod b;', 'a.rs': 'use crate::b as other;\nfn f() { other::g(); }' };
  assert.equal(circlesOf(t, { ...imported, 'b.rs': 'use crate::a;\nfn g() { a::f(); }' }).length, 1);
});

test('a re-export is an edge of the file that re-exports', (t) => {
  const files = {
    'lib.rs': 'mod a;\nmod b;\nmod front;',
    'front.rs': 'pub use crate::a::A;',
    'a.rs': 'use crate::b::B;',
    'b.rs': 'use crate::front::A;',
  };
  assert.deepEqual(circlesOf(t, files), [['a.rs → b.rs', 'b.rs → front.rs', 'front.rs → a.rs']]);
});

test('groups, inline modules and raw names are read', (t) => {
  const files = {
    'lib.rs': 'mod a;\nmod b;\nmod r#type;',
    'a.rs': 'mod inner {\n    use super::super::{b::{B, c::*}, r#type};\n}',
    'b.rs': 'use crate::a::inner;\nmod c { pub struct C; }',
    'type.rs': '',
  };
  assert.deepEqual(circlesOf(t, files)[0].includes('b.rs → a.rs'), true);
});

test('comments, strings and lifetimes name nothing', (t) => {
  const files = {
    'lib.rs': 'mod a;\nmod b;',
    'a.rs': 'use crate::b::B;',
    'b.rs': [
      '/* crate::a::A /* nested */ crate::a::A */',
      '/// [`crate::a::A`]',
      'const S: &str = "crate::a::A \\" crate::a::A";',
      'const R: &str = r#"crate::a::A " crate::a::A"#;',
      "const C: char = '\"';",
      "fn f<'a>(x: &'a str) -> &'a str { x } // crate::a::A",
    ].join('\n'),
  };
  assert.deepEqual(check(crate(t, files)), []);
});

test('a visibility uses nothing', (t) => {
  const files = {
    'lib.rs': 'mod room;',
    'room/mod.rs': 'mod a;',
    'room/a.rs': 'pub struct A {\n    pub(in crate::room) field: u8,\n}\npub(super) fn f() {}',
  };
  assert.deepEqual(check(crate(t, files)), []);
});

test('rooms use each other in one direction', (t) => {
  const files = {
    'lib.rs': 'mod face;\nmod pool;\nmod scheduler;\nmod isolate;\nmod attic;',
    'face/mod.rs': 'use crate::pool::Pool;\nuse crate::scheduler::Task;',
    'pool/mod.rs': 'use crate::scheduler::Task;',
    'scheduler/mod.rs': 'use crate::isolate::Job;',
    'isolate/mod.rs': 'pub struct Job;',
    'attic/mod.rs': 'use crate::isolate::Job;',
  };
  assert.deepEqual(check(crate(t, files)), [
    'scheduler/mod.rs:1 crate::isolate::Job: scheduler must not use isolate',
    'attic/mod.rs:1 crate::isolate::Job: attic must not use isolate',
  ]);
});

test('a foreign crate is known in one room', (t) => {
  const files = {
    'lib.rs': 'mod face;\nmod pool;\nmod isolate;',
    'face/mod.rs': 'use napi::Env;\nfn f() { napi::g(); }',
    'pool/mod.rs': 'use parking_lot::Mutex;\nuse deno_core::v8;\nfn f() { v8::g(); napi::g(); }',
    'isolate/mod.rs': 'use deno_core::v8;\nfn f() { v8::g(); }',
  };
  assert.deepEqual(check(crate(t, files)), [
    'pool/mod.rs:2 only isolate may use deno_core',
    'pool/mod.rs:3 only isolate may use deno_core',
    'pool/mod.rs:3 only face may use napi',
  ]);
});

test('a file that no module declares, and a module without a file, are errors', (t) => {
  assert.throws(() => check(crate(t, { 'lib.rs': '', 'a.rs': '' })), /no module declares a\.rs/);
  assert.throws(() => check(crate(t, { 'lib.rs': 'mod a;' })), /lib\.rs:1 declares a, which has no file/);
  assert.throws(() => check(crate(t, { 'a.rs': '' })), /there is no lib\.rs/);
});

test('the command exits with 1 for a circle, and with 0 without one', (t) => {
  const files = { 'lib.rs': 'mod a;\nmod b;', 'a.rs': 'use crate::b::B;', 'b.rs': '' };
  const run = (folder) => spawnSync(process.execPath, [COMMAND, folder], { encoding: 'utf8' });
  assert.equal(run(crate(t, files)).status, 0);
  const { status, stdout } = run(crate(t, { ...files, 'b.rs': 'use crate::a::A;' }));
  assert.equal(status, 1);
  assert.match(stdout, /a circle of 2 files/);
});

test('use trees have leaves', () => {
  const names = (tree) => useLeaves(tree).map(({ segments, name }) => `${segments.join('::')} as ${name}`);
  assert.deepEqual(names('a::b'), ['a::b as b']);
  assert.deepEqual(names('a::{self, b as c, d::{e, f::*}}'), ['a as a', 'a::b as c', 'a::d::e as e', 'a::d::f as f']);
  assert.deepEqual(names('super::super::x'), ['super::super::x as x']);
});
