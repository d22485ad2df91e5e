import Tinypool from 'tinypool';
import { versionOf } from '../version.mjs';

/** A worker for each task, made ahead when the last one has ended. */
async function start({ handler, workers }) {
  const pool = new Tinypool({
    filename: handler.href,
    minThreads: workers,
    maxThreads: workers,
    isolateWorkers: true,
  });
  return {
    run: (payload) => pool.run(payload),
    close: () => pool.destroy(),
  };
}

export default {
  name: 'tinypool, isolateWorkers',
  version: versionOf('tinypool'),
  realm: start,
  isolate: start,
};
