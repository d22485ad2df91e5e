import Tinypool from 'tinypool';
import { versionOf } from '../version.mjs';

export default {
  name: 'tinypool',
  version: versionOf('tinypool'),
  async setup({ handler, workers }) {
    const pool = new Tinypool({ filename: handler.href, minThreads: workers, maxThreads: workers });
    return {
      run: (payload) => pool.run(payload),
      close: () => pool.destroy(),
    };
  },
};
