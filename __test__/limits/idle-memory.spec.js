'use strict';

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { runBody, ended } = require('../support/child.js');

test('an idle pool releases the pages of the library that only its start used, and goes on', {
  skip: process.platform !== 'linux',
}, async () => {
  const child = ended(
    await runBody(`
    const { readFileSync } = require('node:fs');
    const resident = () => {
      let sum = 0;
      let isLibrary = false;
      for (const line of readFileSync('/proc/self/smaps', 'utf8').split('\\n')) {
        if (/^[0-9a-f]+-/.test(line)) isLibrary = /r-xp.*isolane.*\\.node$/.test(line);
        else if (isLibrary && line.startsWith('Rss:')) sum += parseInt(line.slice(4));
      }
      return sum;
    };
    const pool = await start({ poolSize: 2 });
    const run = () => pool.submitTask({ type: 'javascript', code: 'return 1' });
    await run();
    const before = resident();
    const end = performance.now() + 20000;
    while (resident() > before / 2 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 100));
    say([before > 1000, resident() <= before / 2, await run()]);
    await pool.shutdown();
  `),
  );
  assert.deepEqual(child.said, [[true, true, 1]]);
});
