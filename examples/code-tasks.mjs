// Tasks that carry their own source, for rules that users write: no module of handlers is needed. The code reaches
// nothing of Node.
import { createWorkerPool } from 'isolane';

const pool = await createWorkerPool({ poolSize: 1 });
const order = { item: 'lamp', price: 80, quantity: 3 };

// 'javascript' is the body of an async function with `inputs` and `config` in scope.
const total = await pool.submitTask({
  type: 'javascript',
  code: 'return inputs.price * inputs.quantity * (1 - config.discount)',
  inputs: order,
  config: { discount: 0.25 },
});
console.log('total:', total);

// TypeScript is accepted.
const label = await pool.submitTask({
  type: 'javascript',
  code: `
    interface Order { item: string; quantity: number }
    const { item, quantity } = inputs as Order;
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
    return \`\${quantity} × \${item}\`;
  `,
  inputs: order,
});
console.log('label:', label);

// 'filter' lets its inputs pass, or gives null.
const cheap = { type: 'filter', code: 'inputs.price < config.limit', inputs: order };
console.log('below 100:', await pool.submitTask({ ...cheap, config: { limit: 100 } }));
console.log('below 50:', await pool.submitTask({ ...cheap, config: { limit: 50 } }));

// A filter that returns an object puts it in the place of its inputs.
const priced = await pool.submitTask({
  type: 'filter',
  code: 'if (inputs.quantity > 0) return { ...inputs, total: inputs.price * inputs.quantity }',
  inputs: order,
});
console.log('priced:', priced);

const reach = { type: 'javascript', code: 'return [typeof process, typeof require, typeof Deno]' };
console.log('process, require, Deno:', ...(await pool.submitTask(reach)));

await pool.shutdown();
