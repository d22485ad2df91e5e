/**
 * Compiles V8 from source and compares the library with the prebuilt one, member by member. The exit code is 0
 * where all are identical.
 *
 *     node tools/v8/verify.mjs            # compiles, or takes an earlier compile of the same recipe
 *     node tools/v8/verify.mjs LIBRARY    # compares with this .a, .a.gz or .a.br
 */
import { fileURLToPath } from 'node:url';
import { runAsCommand } from './command.mjs';
import { compare } from './comparison.mjs';
import { identify } from './identity.mjs';
import { readLibrary } from './library.mjs';
import { obtainV8 } from './obtain.mjs';
import { Prebuilt } from './prebuilt.mjs';
import { Unavailable } from './unavailable.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SHOWN = 20;

await runAsCommand(async () => {
  const identity = await identify(ROOT, process.env);
  const prebuilt = await Prebuilt.find(identity);
  if (!prebuilt) throw new Unavailable(`there is no prebuilt V8 ${identity.version} for ${identity.target}`);
  await prebuilt.check();
  const path = process.argv[2] ?? (await compiled());
  const result = compare(await readLibrary(prebuilt.packed), await readLibrary(path));

  console.log(`prebuilt: ${prebuilt.packed}`);
  for (const [tool, version] of Object.entries(prebuilt.record.madeWith)) console.log(`  ${tool}: ${version}`);
  console.log(`compared: ${path}`);
  console.log(`identical members: ${result.identical}`);
  list('members that differ', result.different, ({ name, reasons }) => `${name}: ${first(reasons, 5).join('; ')}`);
  list('members only in the prebuilt library', result.missing);
  list('members only in the other library', result.added);
  list('exported symbols only in the prebuilt library', result.symbols.missing);
  list('exported symbols only in the other library', result.symbols.added);
  return result.different.length + result.missing.length + result.added.length === 0 ? 0 : 1;
});

async function compiled() {
  const env = { ...process.env, RUSTY_V8_ARCHIVE: '', ISOLANE_V8_FROM_SOURCE: '1' };
  return (await obtainV8({ env })).RUSTY_V8_ARCHIVE;
}

function list(title, values, show = (value) => value) {
  console.log(`${title}: ${values.length}`);
  for (const line of first(values.map(show), SHOWN)) console.log(`  ${line}`);
}

function first(lines, count) {
  return lines.length <= count ? lines : [...lines.slice(0, count), `and ${lines.length - count} more`];
}
