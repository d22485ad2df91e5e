import { spawn } from 'node:child_process';
import { once } from 'node:events';

const single = (code) => `process.once('message', (inputs) => {
  process.send((() => { ${code} })(), () => process.disconnect());
});`;
const resident = (code) => `process.on('message', (inputs) => process.send((() => { ${code} })()));
process.send('ready');`;

const launch = (source) => spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });

/** The first message of a child; rejects where there is an error instead. */
const messageOf = async (child) => (await once(child, 'message'))[0];

/** A process for each task, answered as soon as it has a result; it ends by itself after that. */
async function start({ code }) {
  const source = single(code);
  const exits = new Set();
  return {
    async run(inputs) {
      const child = launch(source);
      const exit = new Promise((resolve) => child.once('exit', resolve)).then(() => exits.delete(exit));
      exits.add(exit);
      child.send(inputs);
      return messageOf(child);
    },
    close: () => Promise.all(exits),
  };
}

export default {
  name: 'child process',
  version: process.version,
  realm: start,
  isolate: start,

  crowdLimit: 20,
  async crowd({ code }) {
    const source = resident(code);
    const children = [];
    return {
      async add(count) {
        const fresh = Array.from({ length: count }, () => launch(source));
        children.push(...fresh);
        await Promise.all(fresh.map(messageOf));
      },
      runInEach: (payload) =>
        Promise.all(
          children.map((child, i) => {
            child.send(payload(i));
            return messageOf(child);
          }),
        ),
      pids: () => children.map((child) => child.pid),
      async close() {
        const exits = children.map((child) => once(child, 'exit'));
        for (const child of children) child.disconnect();
        await Promise.all(exits);
      },
    };
  },
};
