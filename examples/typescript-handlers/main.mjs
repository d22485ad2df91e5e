// @ts-check
// Handlers in TypeScript, with an import and an enum, and no build step: isolane compiles them. The types of the
// handlers serve the caller as well, here through JSDoc.
import { createWorkerPool } from 'isolane';

/** @import { Invoice, Line } from './handlers.ts' */

const pool = await createWorkerPool({
  poolSize: 1,
  workerScript: new URL('./handlers.ts', import.meta.url),
});

/** @type {Omit<Invoice, 'currency'>} */
const order = {
  lines: [
    { item: 'lamp', price: 80, quantity: 3 },
    { item: 'bulb', price: 4.5, quantity: 12 },
  ],
};

for (const currency of ['EUR', 'JPY']) {
  console.log(await pool.submitTask({ type: 'invoiceTotal', payload: { ...order, currency } }));
}

/** @type {Line | undefined} */
const line = await pool.submitTask({ type: 'dearest', payload: order });
console.log('dearest:', line?.item);

await pool.shutdown();
