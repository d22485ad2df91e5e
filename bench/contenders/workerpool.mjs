import { fileURLToPath } from 'node:url';
import workerpool from 'workerpool';
import { versionOf } from '../version.mjs';

const script = fileURLToPath(new URL('../workers/workerpool.mjs', import.meta.url));

export default {
  name: 'workerpool',
  version: versionOf('workerpool'),
  async setup({ handler, workers }) {
    const pool = workerpool.pool(script, {
      minWorkers: 'max',
      maxWorkers: workers,
      // What 'auto' picks on Node; the readme asks to fix it where values are more than JSON.
      workerType: 'thread',
      workerThreadOpts: { workerData: handler.href },
    });
    return {
      run: (payload) => pool.exec('run', [payload]),
      close: () => pool.terminate(),
    };
  },
};
