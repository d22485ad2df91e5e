import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const single = (code) => `const { parentPort, workerData: inputs } = require('node:worker_threads');
parentPort.postMessage((() => { ${code} })());`;
const resident = (code) => `const { parentPort } = require('node:worker_threads');
parentPort.on('message', (inputs) => parentPort.postMessage((() => { ${code} })()));
parentPort.postMessage('ready');`;

/** The first message of a worker; rejects where there is an error instead. */
const messageOf = async (worker) => (await once(worker, 'message'))[0];

/** A worker for each task, answered as soon as it has a result; it ends by itself after that. */
async function start({ code }) {
  const source = single(code);
  const exits = new Set();
  return {
    async run(inputs) {
      const worker = new Worker(source, { eval: true, workerData: inputs });
      const exit = new Promise((resolve) => worker.once('exit', resolve)).then(() => exits.delete(exit));
      exits.add(exit);
      return messageOf(worker);
    },
    close: () => Promise.all(exits),
  };
}

export default {
  name: 'worker_threads',
  version: process.version,
  realm: start,
  isolate: start,

  crowdLimit: 100,
  async crowd({ code }) {
    const source = resident(code);
    const workers = [];
    return {
      async add(count) {
        const fresh = Array.from({ length: count }, () => new Worker(source, { eval: true }));
        workers.push(...fresh);
        await Promise.all(fresh.map(messageOf));
      },
      runInEach: (payload) =>
        Promise.all(
          workers.map((worker, i) => {
            worker.postMessage(payload(i));
            return messageOf(worker);
          }),
        ),
      close: () => Promise.all(workers.map((worker) => worker.terminate())),
    };
  },
};
