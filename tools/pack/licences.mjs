/** The licenses of what is inside a platform's package, as one text. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Unavailable } from '../v8/unavailable.mjs';
import { COMPONENTS } from './components.mjs';
import { linkedCrates, textsOf } from './crates.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LINE = '='.repeat(80);

/**
 * A list of all that is linked into the addon, and each license text once, with what it is of.
 *
 * @throws {Unavailable} where something has no text
 */
export async function licences() {
  const crates = await linkedCrates(ROOT);
  const v8 = crates.find(({ name }) => name === 'v8');
  const list = [];
  /** By the text without its line breaks: licenses are wrapped in many ways. */
  const texts = new Map();
  const add = (owner, text) => {
    const key = text.replace(/\s+/g, ' ').trim();
    if (key === '') throw new Unavailable(`the license text of ${owner} is empty`);
    const known = texts.get(key);
    if (known) known.owners.push(owner);
    else texts.set(key, { owners: [owner], text: text.trim() });
  };

  for (const component of COMPONENTS) {
    list.push(`${component.name}: ${component.license}`);
    add(component.name, await componentText(component, v8.folder));
  }
  for (const crate of crates) {
    const name = `${crate.name} ${crate.version}`;
    list.push(`${name}: ${crate.license ?? crate.license_file}${crate.repository ? `, ${crate.repository}` : ''}`);
    for (const text of new Set(await textsOf(crate, standardText))) add(name, text);
  }

  const parts = [
    'The native part of isolane is made of the following software of others. Their licenses come after the list.',
    list.join('\n'),
  ];
  for (const { owners, text } of texts.values()) parts.push(`${LINE}\n${owners.join(', ')}\n${LINE}`, text);
  return `${parts.join('\n\n')}\n`;
}

const standardText = (id) => readFile(new URL(`licences/${id}.txt`, import.meta.url), 'utf8');

async function componentText({ name, text, copyright, head, file }, v8) {
  if (head) return await headComment(join(v8, head));
  if (file) return await readFile(join(ROOT, file), 'utf8');
  if (!text) throw new Unavailable(`${name} has no license text`);
  return [copyright, await standardText(text)].filter(Boolean).join('\n\n');
}

/** The comment that a source file begins with, without its marks. */
async function headComment(path) {
  const source = await readFile(path, 'utf8');
  const [comment] = /^(?:\/\*[\s\S]*?\*\/|(?:\/\/.*\n)+(?:\n(?:\/\/.*\n)+)?)/.exec(source) ?? [];
  if (comment === undefined) throw new Unavailable(`${path} does not begin with a license`);
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*(?:\/\*+|\*\/|\*|\/\/) ?/, '').trimEnd())
    .join('\n');
}
