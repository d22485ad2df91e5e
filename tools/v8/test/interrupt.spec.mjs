import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { folder, program } from './fixture.mjs';

test('a signal ends the followed program and all that it started, and then this process', {
  timeout: 10_000,
}, async (t) => {
  const path = await folder(t);
  const compiler = await program(join(path, 'compiler'), 'echo $$; exec /bin/sleep 60');
  const build = await program(join(path, 'build'), `${compiler} &\nwait`);
  const script = `
    import { follow, runAsCommand } from '${new URL('../command.mjs', import.meta.url)}';
    await runAsCommand(() => follow('${build}', [], { onLine: (line) => process.stdout.write(line) }));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  // The compiler holds the pipe that is waited for: were it alive, this would not come within its 60 s.
  const [code, signal] = await once(child, 'close');
  assert.deepEqual([code, signal], [null, 'SIGTERM']);
});
