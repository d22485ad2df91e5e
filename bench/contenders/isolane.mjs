import * as isolane from 'isolane';
import { versionOf } from '../version.mjs';

export async function setupIsolane({ handler, workers }, { createWorkerPool }) {
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
}

export default {
  name: 'isolane',
  version: versionOf('isolane'),
  setup: (options) => setupIsolane(options, isolane),
};
