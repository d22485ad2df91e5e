import { setTimeout as sleep } from 'node:timers/promises';
import { memoryOf } from '../memory.mjs';
import { number } from '../result.mjs';
import { stranger } from '../tasks/stranger.mjs';

/** `idle` is what each costs from the third on: the first two pay for what all share. */
const FIRST = 2;
const FEW = 34;
/** isolane collects an idle isolate's garbage after two seconds. */
const SETTLE_MS = 4000;

export default {
  name: 'many isolates in one process (figures of one isolate)',
  unit: { memory: 'MB', ready: 'ms', idle: 'MB' },
  needs: 'crowd',
  baseline: 'isolated-vm',
  async measure(contender, { quick }) {
    const limit = contender.crowdLimit ?? 1000;
    const count = quick ? Math.max(4, limit / 20) : limit;
    const few = Math.min(FEW, count);
    const settle = quick ? 100 : SETTLE_MS;

    const crowd = await contender.crowd({ code: stranger.code, handler: stranger.handler });
    const memory = async () => {
      await sleep(settle);
      return memoryOf([process.pid, ...(crowd.pids?.() ?? [])]);
    };
    const empty = await memory();
    let ready = 0;
    const add = async (more) => {
      const start = performance.now();
      await crowd.add(more);
      ready += performance.now() - start;
    };
    await add(FIRST);
    const first = await memory();
    await add(few - FIRST);
    const idle = (await memory()) - first;
    if (count > few) await add(count - few);

    // Each runs a task: what is counted is what can be used.
    const results = await crowd.runInEach(stranger.payload);
    if (results.length !== count) throw new Error(`${results.length} of ${count} gave a result`);
    results.forEach(stranger.check);
    const all = (await memory()) - empty;
    await crowd.close();
    return { memory: all / count, ready: ready / count, idle: idle / (few - FIRST), count };
  },
  notes(runs) {
    const counts = new Map(runs.flatMap((run) => (run.figures ? [[run.contender, run.figures.count]] : [])));
    const each = [...counts].map(([contender, count]) => `${contender} ${number(count)}`).sort();
    return [`isolates that there were: ${each.join(', ')}`];
  },
};
