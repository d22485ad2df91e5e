// The handlers that the small examples share. This module runs inside an isolate, never on the main thread.
export default {
  /** How many primes there are below a number: work that would block an event loop. */
  primes({ below }) {
    const composite = new Uint8Array(below);
    let count = 0;
    for (let n = 2; n < below; n += 1) {
      if (composite[n]) continue;
      count += 1;
      for (let multiple = n * n; multiple < below; multiple += n) composite[multiple] = 1;
    }
    return count;
  },

  /** Gives back what it gets. */
  echo(payload) {
    return payload;
  },

  /** Takes its time without using the processor, and ends early when the task is aborted. */
  wait({ ms }, { signal }) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms, `waited ${ms} ms`);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });
  },

  /** Fails on the first attempt only. */
  flaky(_payload, { attempt }) {
    if (attempt === 1) throw new Error('not today');
    return `worked on attempt ${attempt}`;
  },

  /** Always fails, with an error of its own kind. */
  broken({ file }) {
    throw Object.assign(new RangeError(`cannot read ${file}`), { file });
  },

  /** Never ends. */
  spin() {
    for (;;);
  },

  /** Takes memory until there is none. */
  hoard() {
    const hoard = [];
    for (;;) hoard.push({ index: hoard.length });
  },

  /** Writes to the console of its isolate. */
  greet({ name }) {
    console.log(`hello, ${name}`);
    return name.length;
  },
};
