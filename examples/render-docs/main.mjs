// A whole application: renders every README and CHANGELOG under node_modules to an HTML page, on a pool of isolates
// that run TypeScript with an npm dependency, and checks each page against what the same code gives in plain Node.
//
//   node examples/render-docs/main.mjs [--workers N] [--root DIR] [--out DIR]
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createWorkerPool } from 'isolane';
import { describeProblem } from './compare.mjs';
import { readDocuments } from './documents.mjs';
import { HELP, parseOptions, UsageError } from './options.mjs';
import { callSettled, loadInNode } from './plain-node.mjs';
import { showProgress } from './progress.mjs';
import { metricsTables } from './tables.mjs';

const WARM_PASSES = 5;
const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) console.log(HELP);
  else process.exitCode = await main(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`render-docs: ${error.message}\nTry --help.`);
  process.exitCode = 2;
}

/** The exit code: 0 when every page was rendered and equals plain Node's. */
async function main({ workers, root, out }) {
  const documents = await readDocuments(root);
  if (documents.length === 0) throw new UsageError(`no README or CHANGELOG under ${root}`);
  const megabytes = documents.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
  console.log(`${documents.length} documents, ${megabytes.toFixed(2)} MB, under ${root}`);

  const created = performance.now();
  const pool = await createWorkerPool({
    poolSize: workers,
    workerScript: WORKER,
    maxQueue: documents.length,
    maxTaskRetries: 0, // rendering knows no passing faults: a failure is a finding
  });
  console.log(`pool of ${workers} ready in ${since(created)} ms`);

  try {
    const onPool = await timed(() => renderWithProgress(pool, documents));
    const plain = await loadInNode(WORKER);
    const inNode = await timed(() => renderInNode(plain, documents));
    const [pages, expected] = [onPool.result, inNode.result];

    const indexRequest = { root, entries: indexEntries(documents, pages) };
    const [index] = await pool.submitTasks([{ type: 'index', payload: indexRequest }]);
    const expectedIndex = callSettled(plain.index, indexRequest);
    await writeSite(out, documents, pages, index);

    const problems = [
      ...documents.map(({ path }, i) => describeProblem(path, pages[i], expected[i])),
      describeProblem('index.html', index, expectedIndex),
    ].filter((problem) => problem !== undefined);
    const compared = documents.length + 1;

    console.log(metricsTables(pool.getPoolMetrics()));
    console.log(`isolane, ${workers} at once:  ${onPool.ms} ms`);
    console.log(`plain Node, one thread: ${inNode.ms} ms (${ratio(inNode, onPool)} times as long)`);
    const warm = await warmPasses(pool, plain, documents);
    console.log(
      `warm, median of ${WARM_PASSES}: isolane ${warm.onPool.ms} ms, plain Node ${warm.inNode.ms} ms (${ratio(warm.inNode, warm.onPool)} times as long)`,
    );
    for (const problem of problems) console.error(problem);
    console.log(`${compared - problems.length} of ${compared} pages equal plain Node's, byte for byte`);
    console.log(`open ${join(out, 'index.html')}`);
    return problems.length === 0 ? 0 : 1;
  } finally {
    await pool.shutdown();
  }
}

/** Renders on the pool: settled results in the order of `documents`. */
function renderOnPool(pool, documents, onSettled = () => {}) {
  const pages = documents.map(({ path, markdown, bytes }) =>
    pool
      .submitTask({
        type: 'render',
        payload: { path, markdown },
        priority: Math.min(100, Math.floor(bytes / 1024)), // small documents first
      })
      .finally(onSettled),
  );
  return Promise.allSettled(pages);
}

async function renderWithProgress(pool, documents) {
  const progress = showProgress(documents.length, () => pool.getPoolMetrics().performance.totalTimeMs);
  const settled = await renderOnPool(pool, documents, () => progress.tick());
  progress.stop();
  return settled;
}

/** The same on this thread. */
function renderInNode(plain, documents) {
  return documents.map(({ path, markdown }) => callSettled(plain.render, { path, markdown }));
}

/**
 * The times of both once their compilers have seen what is worth optimizing: each isolate has a compiler of its own,
 * so that two isolates take twice as many pages for it as one thread does. By turns, as a machine has other work, too.
 */
async function warmPasses(pool, plain, documents) {
  const [onPool, inNode] = [[], []];
  for (let i = 0; i < WARM_PASSES; i++) {
    onPool.push(await timed(() => renderOnPool(pool, documents)));
    inNode.push(await timed(() => renderInNode(plain, documents)));
  }
  return { onPool: median(onPool), inNode: median(inNode) };
}

function median(passes) {
  return passes.sort((a, b) => a.ms - b.ms)[Math.floor(passes.length / 2)];
}

/** What `work` gives, and how long it took. */
async function timed(work) {
  const start = performance.now();
  const result = await work();
  return { result, ms: since(start) };
}

function ratio(slow, fast) {
  return (slow.ms / fast.ms).toFixed(2);
}

function indexEntries(documents, pages) {
  return documents.flatMap(({ path, packageName }, i) => {
    if (pages[i].status === 'rejected') return [];
    const { title, toc, words, minutes, codeBlocks, links } = pages[i].value;
    return [{ packageName, path, title, words, minutes, headings: toc.length, codeBlocks, links }];
  });
}

async function writeSite(out, documents, pages, index) {
  const files = documents.map(({ path }, i) => [`${path}.html`, pages[i].value?.html]);
  files.push(['index.html', index.value]);
  for (const [name, html] of files) {
    if (html === undefined) continue;
    await mkdir(dirname(join(out, name)), { recursive: true });
    await writeFile(join(out, name), html);
  }
}

function since(start) {
  return Math.round(performance.now() - start);
}
