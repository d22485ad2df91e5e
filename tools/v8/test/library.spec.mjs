import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { compare } from '../comparison.mjs';
import { membersOf, readLibrary } from '../library.mjs';
import { archive, folder, object, write } from './fixture.mjs';

const LONG = 'a-name-that-has-no-room-in-a-header.o';

test('members have their names, short and long, and their bytes', () => {
  const members = membersOf(
    archive([
      ['a.o', 'odd'],
      [LONG, 'even'],
    ]),
  );
  assert.deepEqual(
    members.map(({ name, data }) => [name, data.toString()]),
    [
      ['a.o', 'odd'],
      [LONG, 'even'],
    ],
  );
});

for (const [ending, packed] of [
  ['a', (bytes) => bytes],
  ['a.gz', gzipSync],
  ['a.br', brotliCompressSync],
]) {
  test(`a .${ending} is read`, async (t) => {
    const path = await write(join(await folder(t), `v8.${ending}`), packed(archive([['a.o', 'x']])));
    assert.deepEqual(
      (await readLibrary(path)).map(({ name }) => name),
      ['a.o'],
    );
  });
}

test('a library that was cut off is refused with the place', () => {
  const library = archive([['a.o', 'whole']]);
  assert.throws(() => membersOf(library.subarray(0, 70), 'v8.a'), {
    message: /^v8\.a is cut off or damaged at byte 8$/,
  });
  assert.throws(() => membersOf(Buffer.from('text'), 'v8.a'), { message: 'v8.a is not a static library' });
});

const read = (members) => membersOf(archive(members));

test('equal members are identical in any order, also under one name', () => {
  const one = read([
    ['a.o', '1'],
    ['a.o', '2'],
    ['b.o', '3'],
  ]);
  const other = read([
    ['b.o', '3'],
    ['a.o', '2'],
    ['a.o', '1'],
  ]);
  assert.deepEqual(compare(one, other), {
    identical: 3,
    different: [],
    missing: [],
    added: [],
    symbols: { missing: [], added: [] },
  });
});

test('members that only one library has are named', () => {
  const { identical, missing, added } = compare(
    read([
      ['a.o', '1'],
      ['a.o', '2'],
    ]),
    read([
      ['a.o', '2'],
      ['b.o', '3'],
    ]),
  );
  assert.deepEqual({ identical, missing, added }, { identical: 1, missing: ['a.o'], added: ['b.o'] });
});

test('of a member that differs, the sections and symbols are told', () => {
  const before = object({ '.text': 'abc', '.data': 'x', '.old': '' }, ['f', 'g']);
  const after = object({ '.text': 'abcd', '.data': 'y', '.new': '' }, ['f', 'h']);
  const { different, symbols } = compare(read([['a.o', before]]), read([['a.o', after]]));
  assert.equal(different.length, 1);
  for (const reason of [
    'section .text has 3 and 4 bytes',
    'section .data has other bytes',
    'section .old is missing',
    'section .new is new',
    'symbol g is missing',
    'symbol h is new',
  ]) {
    assert.ok(different[0].reasons.includes(reason), reason);
  }
  assert.deepEqual(symbols, { missing: ['g'], added: ['h'] });
});
