import { setTimeout as sleep } from 'node:timers/promises';
import { memoryAfterCollection } from '../probe.mjs';

const WORKERS = 8;
const handler = new URL('../handlers/identity.mjs', import.meta.url);
/** Idle workers collect their garbage, isolane's after two seconds. */
const SETTLE_MS = 3000;

export default {
  name: `a pool of ${WORKERS}: until each worker has answered; memory with and without the library itself`,
  unit: { ready: 'ms', memory: 'MB', 'memory of pool': 'MB' },
  needs: 'start',
  // Before the contender and with it its library is loaded.
  before: () => memoryAfterCollection(),
  async measure(contender, { quick, before }) {
    const loaded = memoryAfterCollection();
    const start = performance.now();
    const pool = await contender.start({ handler, workers: WORKERS });
    const seen = new Set();
    for (;;) {
      const answers = await Promise.all(Array.from({ length: WORKERS }, (_, i) => pool.run(i)));
      for (const answer of answers) seen.add(answer);
      if (seen.size >= WORKERS) break;
      // Those that are not there yet need the processors.
      await sleep(1);
    }
    const ready = performance.now() - start;
    if (seen.size !== WORKERS) throw new Error(`${seen.size} workers answered, there are ${WORKERS}`);
    await sleep(quick ? 50 : SETTLE_MS);
    const memory = memoryAfterCollection(pool.pids?.());
    await pool.close();
    return { ready, memory: memory - before, 'memory of pool': memory - loaded };
  },
};
