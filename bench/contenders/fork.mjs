import { fork } from 'node:child_process';
import { once } from 'node:events';

const script = new URL('../workers/fork.mjs', import.meta.url);

/** Tasks one child may hold: keeps both sides busy without piling messages up in the pipe. */
const DEPTH = 64;

/** Child processes behind Node's IPC channel, as written by hand, but pipelined. */
class ForkPool {
  #children;
  #pending = new Map();
  #waiting = [];
  #head = 0;
  #lastId = 0;

  static async start(count, handler) {
    const pool = new ForkPool();
    pool.#children = await Promise.all(
      Array.from({ length: count }, async () => {
        // JSON, Node's default, is the faster serialization for small values.
        const child = fork(script, [handler.href], { serialization: 'json' });
        await once(child, 'message');
        child.held = 0;
        child.on('message', (message) => pool.#settle(child, message));
        child.on('exit', (code, signal) => pool.#lost(child, signal ?? code));
        return child;
      }),
    );
    return pool;
  }

  run(payload) {
    return new Promise((resolve, reject) => {
      const task = { payload, resolve, reject, child: undefined };
      const child = this.#children.reduce((least, other) => (other.held < least.held ? other : least));
      if (child.held < DEPTH) this.#send(child, task);
      else this.#waiting.push(task);
    });
  }

  async close() {
    await Promise.all(
      this.#children.map((child) => {
        child.removeAllListeners('exit');
        child.disconnect();
        return once(child, 'exit');
      }),
    );
  }

  #send(child, task) {
    const id = ++this.#lastId;
    task.child = child;
    child.held++;
    this.#pending.set(id, task);
    child.send([id, task.payload]);
  }

  #settle(child, [id, result, error]) {
    const task = this.#pending.get(id);
    this.#pending.delete(id);
    child.held--;
    if (this.#head < this.#waiting.length) {
      const next = this.#waiting[this.#head];
      this.#waiting[this.#head++] = undefined;
      this.#send(child, next);
    } else {
      this.#waiting.length = this.#head = 0;
    }
    if (error === undefined || error === null) task.resolve(result);
    else task.reject(new Error(error));
  }

  #lost(child, why) {
    for (const [id, task] of this.#pending) {
      if (task.child !== child) continue;
      this.#pending.delete(id);
      task.reject(new Error(`child ${child.pid} ended (${why})`));
    }
  }
}

export default {
  name: 'forked processes',
  version: process.version,
  async setup({ handler, workers }) {
    const pool = await ForkPool.start(workers, handler);
    return {
      run: (payload) => pool.run(payload),
      close: () => pool.close(),
    };
  },
};
