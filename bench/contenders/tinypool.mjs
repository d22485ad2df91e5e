import Tinypool from 'tinypool';
import { versionOf } from '../version.mjs';

function setupTinypool({ handler, workers }, options) {
  const pool = new Tinypool({ filename: handler.href, minThreads: workers, maxThreads: workers, ...options });
  return {
    run: (payload) => pool.run(payload),
    move: (buffer) => pool.run(buffer, { transferList: [buffer] }),
    close: () => pool.destroy(),
  };
}

const setup = async (options) => setupTinypool(options);

export default {
  name: 'tinypool',
  version: versionOf('tinypool'),
  setup,
  start: setup,
  waiting: async (options) => setupTinypool(options, { concurrentTasksPerWorker: options.concurrency }),
  async transfer({ handlers, workers }) {
    const pool = setupTinypool({ handler: handlers.tinypool, workers });
    return { ...pool, run: pool.move };
  },
};
