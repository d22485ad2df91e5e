import { createWorkerPool } from 'isolane';
import { versionOf } from '../version.mjs';

export default {
  name: "isolane, handler, 'context'",
  version: versionOf('isolane'),
  async realm({ handler, workers }) {
    const pool = await createWorkerPool({
      poolSize: workers,
      workerScript: handler.href,
      isolation: 'context',
      maxTaskRetries: 0,
    });
    return {
      run: (payload) => pool.submitTask({ type: 'default', payload }),
      close: () => pool.shutdown(),
    };
  },
};
