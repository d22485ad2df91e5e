import { createWorkerPool } from 'isolane';
import { versionOf } from '../version.mjs';

export default {
  name: 'isolane',
  version: versionOf('isolane'),
  async setup({ handler, workers }) {
    const pool = await createWorkerPool({
      poolSize: workers,
      workerScript: handler.href,
      // The peers queue without a limit; the default of isolane is backpressure.
      maxQueue: 1_000_000,
      // No peer retries.
      maxTaskRetries: 0,
    });
    return {
      run: (payload) => pool.submitTask({ type: 'default', payload }),
      close: () => pool.shutdown(),
    };
  },
};
