import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Pipeline } from '../pipeline.mjs';

const script = new URL('../workers/fork.mjs', import.meta.url);

/** A child process as a worker of a pipeline, once it is ready. */
async function launch(handler, serialization) {
  const child = fork(script, [handler.href], { serialization });
  await once(child, 'message');
  return {
    pid: child.pid,
    post: (message) => child.send(message),
    onMessage: (listen) => child.on('message', listen),
    onLost: (listen) => child.on('exit', (code, signal) => listen(signal ?? code)),
    async end() {
      child.removeAllListeners('exit');
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

/** Child processes behind Node's IPC channel, as written by hand, but pipelined. */
async function setup({ handler, workers, rich, concurrency }) {
  // JSON, Node's default, is the faster serialization for small values; BigInt does not cross it.
  const serialization = rich ? 'advanced' : 'json';
  const children = await Promise.all(Array.from({ length: workers }, () => launch(handler, serialization)));
  const pipeline = new Pipeline(children, { depth: concurrency });
  return {
    run: (payload) => pipeline.run(payload),
    pids: () => children.map(({ pid }) => pid),
    close: () => Promise.all(children.map((child) => child.end())),
  };
}

export default {
  name: 'forked processes',
  version: process.version,
  setup,
  start: setup,
  waiting: setup,
};
