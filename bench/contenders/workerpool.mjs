import { fileURLToPath } from 'node:url';
import workerpool from 'workerpool';
import { versionOf } from '../version.mjs';

const script = fileURLToPath(new URL('../workers/workerpool.mjs', import.meta.url));

async function setup({ handler, workers }) {
  const pool = workerpool.pool(script, {
    minWorkers: 'max',
    maxWorkers: workers,
    // What 'auto' picks on Node; the readme asks to fix it where values are more than JSON.
    workerType: 'thread',
    workerThreadOpts: { workerData: handler.href },
  });
  return {
    run: (payload) => pool.exec('run', [payload]),
    move: (buffer) => pool.exec('run', [buffer], { transfer: [buffer] }),
    close: () => pool.terminate(),
  };
}

export default {
  name: 'workerpool',
  version: versionOf('workerpool'),
  setup,
  start: setup,
  async transfer({ handlers, workers }) {
    const pool = await setup({ handler: handlers.workerpool, workers });
    return { ...pool, run: pool.move };
  },
};
