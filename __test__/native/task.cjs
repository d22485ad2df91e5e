'use strict';

// Run by install.spec.js in the folder where isolane is installed: what comes of a task, or why there is none.

const say = (value) => console.log(JSON.stringify(value));

(async () => {
  let isolane;
  try {
    isolane = require('isolane');
  } catch ({ code, message }) {
    const fromModule = await import('isolane').catch((error) => error);
    return say({ code, message, moduleCode: fromModule.code });
  }
  const { createWorkerPool } = await import('isolane');
  const pool = await createWorkerPool({ poolSize: 1 });
  const sum = await pool.submitTask({ type: 'javascript', code: 'return inputs + 1', inputs: 1 });
  await pool.shutdown();
  say({ sum, isOne: createWorkerPool === isolane.createWorkerPool, version: isolane.versions.isolane });
})();
