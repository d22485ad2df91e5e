// The yardstick: the same handlers, bundled by the same esbuild, on Node's main thread.
import { build } from 'esbuild';

/** The default export of `script`. */
export async function loadInNode(script) {
  const { outputFiles } = await build({ entryPoints: [script], bundle: true, format: 'esm', write: false });
  const source = Buffer.from(outputFiles[0].contents).toString('base64');
  const module = await import(`data:text/javascript;base64,${source}`);
  return module.default;
}

/** What `Promise.allSettled` says of a call. */
export function callSettled(handler, payload) {
  try {
    return { status: 'fulfilled', value: handler(payload) };
  } catch (reason) {
    return { status: 'rejected', reason };
  }
}
