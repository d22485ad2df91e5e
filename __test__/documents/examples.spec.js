'use strict';

// Every example is run as a reader would run it, and held to what its top comment promises.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { after, describe, test } = require('node:test');
const { pathToFileURL } = require('node:url');

const REPOSITORY = join(__dirname, '..', '..');
const EXAMPLES = join(REPOSITORY, 'examples');
const DEMO = 'render-docs/main.mjs';
const TIMEOUT = 120_000;

/** Starts `node ...args`; `output` resolves once standard output matches, `ended` once the process is over. */
function start(...args) {
  const child = spawn(process.execPath, args, { cwd: EXAMPLES, stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT });
  const result = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      result[name] += text;
    });
  }
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ ...result, code, signal }));
  });
  const output = (pattern) =>
    new Promise((resolve, reject) => {
      child.stdout.on('data', () => pattern.test(result.stdout) && resolve());
      ended.then((end) => reject(new Error(`ended before ${pattern}: ${JSON.stringify(end)}`)), reject);
    });
  return { child, ended, output };
}

const run = (...args) => start(...args).ended;

/** The lines of an example that must succeed and be silent on standard error. */
async function linesOf(example) {
  const { stdout, ...end } = await run(example);
  assert.deepEqual(end, { stderr: '', code: 0, signal: null }, stdout);
  return stdout.trimEnd().split('\n');
}

const temporary = mkdtempSync(join(tmpdir(), 'isolane-examples-'));
after(() => rmSync(temporary, { recursive: true, force: true }));

/** A new folder with these files in it. */
function folder(files = {}) {
  const path = mkdtempSync(join(temporary, 'folder-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

describe('small examples', { concurrency: 2 }, () => {
  test('quick-start.mjs counts primes', async () => {
    assert.deepEqual(await linesOf('quick-start.mjs'), [
      '168 primes below 1000',
      '9592 primes below 100000',
      '78498 primes below 1000000',
    ]);
  });

  test('quick-start.cjs does the same from CommonJS', async () => {
    assert.deepEqual(await linesOf('quick-start.cjs'), ['9592 primes below 100000']);
  });

  test('code-tasks.mjs runs javascript, TypeScript and filters', async () => {
    assert.deepEqual(await linesOf('code-tasks.mjs'), [
      'total: 180',
      'label: 3 × lamp',
      "below 100: { item: 'lamp', price: 80, quantity: 3 }",
      'below 50: null',
      "priced: { item: 'lamp', price: 80, quantity: 3, total: 240 }",
      'process, require, Deno: undefined undefined undefined',
    ]);
  });

  test('typescript-handlers compiles its enum and its import', async () => {
    assert.deepEqual(await linesOf('typescript-handlers/main.mjs'), ['294.00 EUR', '294 JPY', 'dearest: lamp']);
  });

  test('host-functions.mjs streams both ways, and keeps its secret', async () => {
    assert.deepEqual(await linesOf('host-functions.mjs'), [
      'report: 4 people',
      'report: hello, Ada',
      'report: hello, Grace',
      'rows read: 2',
      'report: not allowed EACCES',
    ]);
  });

  test('priorities.mjs finishes the most urgent first', async () => {
    assert.deepEqual(await linesOf('priorities.mjs'), [
      'done: login',
      'done: payment',
      'done: mail A',
      'done: mail B',
      'done: report',
    ]);
  });

  test('scaling.mjs grows and shrinks within its bounds, and loses no task', async () => {
    assert.deepEqual(await linesOf('scaling.mjs'), [
      'start: 1',
      'scaleUp(2): 3',
      'scaleUp(10): 4',
      'scaleDown(3): 1',
      'tasks lost: 0',
      'resize(2): 2',
      'workers: ready, ready',
    ]);
  });

  test('events.mjs tells the life of each task in its order', async () => {
    const lines = (await linesOf('events.mjs')).map((line) => line.replace(/ +/g, ' '));
    assert.deepEqual(lines, [
      'task-started greet, attempt 1',
      'console greet, log: hello, Ada',
      'task-completed greet, attempt 1',
      'task-started flaky, attempt 1',
      'task-failed flaky, attempt 1, retried: true',
      'task-retried flaky, after 10 ms',
      'task-started flaky, attempt 2',
      'task-completed flaky, attempt 2',
      'task-started broken, attempt 1',
      'task-failed broken, attempt 1, retried: true',
      'task-retried broken, after 10 ms',
      'task-started broken, attempt 2',
      'task-failed broken, attempt 2, retried: false',
      'task failed after 2 attempts: RangeError: cannot read a.txt',
      'worker-exited worker 0, shutdown',
      'pool-shutdown bye',
    ]);
  });

  test('errors.mjs shows every code, with a message that helps', async () => {
    const lines = await linesOf('errors.mjs');
    const expected = [
      /^ERR_NO_POOL: ./,
      /^ERR_INVALID_ARG: .*poolSize.*-1/,
      /^ERR_MODULE_LOAD: .*half\.mjs/,
      /^ERR_INVALID_ARG: .*priority.*1000/,
      /^ERR_NO_HANDLER: .*resize.*primes/,
      /^ERR_DATA_CLONE: .*user\.save/,
      /^ERR_TASK_FAILED: .*cause: RangeError: cannot read a\.txt/,
      /^ {2}own property: a\.txt, thrown at handlers\.mjs:\d+$/,
      /^ERR_TASK_TIMEOUT: .*100/,
      /^ERR_MEMORY_LIMIT: ./,
      /^ERR_TASK_ABORTED: .*cause: TimeoutError/,
      /^ERR_QUEUE_FULL: .*1/,
      /^ERR_QUEUE_TIMEOUT: .*\d ms/,
      /^ERR_POOL_CLOSED: ./,
    ];
    assert.equal(lines.length, expected.length, lines.join('\n'));
    expected.forEach((pattern, i) => {
      assert.match(lines[i], pattern);
    });
  });

  test('shutdown.mjs finishes what it has taken on SIGTERM', { skip: process.platform === 'win32' }, async () => {
    const { child, ended, output } = start('shutdown.mjs');
    await output(/^ready/m);
    child.kill('SIGTERM');
    const { stdout, ...end } = await ended;
    assert.deepEqual(end, { stderr: '', code: 0, signal: null }, stdout);
    assert.match(stdout, /^SIGTERM: shutting down\na late task: ERR_POOL_CLOSED\n([1-9]\d*) of \1 tasks finished\n$/m);
  });

  test('await-using.mjs closes the pool at the end of the block', async () => {
    assert.deepEqual(await linesOf('await-using.mjs'), ['168 primes below 1000', 'closed', 'after the block']);
  });
});

describe('render-docs', { concurrency: 2 }, () => {
  test('renders real packages to pages that equal plain Node’s', async () => {
    const root = join(REPOSITORY, 'node_modules', '@jridgewell');
    const out = join(folder(), 'new', 'site');
    const { stdout, stderr, code } = await run(DEMO, '--root', root, '--out', out, '--workers', '2');
    assert.equal(code, 0, stdout + stderr);

    const documents = readdirSync(root, { recursive: true }).filter((name) => /(^|[\\/])readme\.md$/i.test(name));
    assert.ok(documents.length >= 3, 'node_modules/@jridgewell has too few documents for this test');
    assert.match(stdout, new RegExp(`^${documents.length} documents, `));
    const pages = documents.length + 1;
    assert.match(stdout, new RegExp(`^${pages} of ${pages} pages equal plain Node's, byte for byte$`, 'm'));
    assert.match(stdout, /^isolane, 2 at once: +\d+ ms\nplain Node, one thread: \d+ ms/m);
    assert.match(stdout, new RegExp(`completed +│ ${pages} `));

    const index = readFileSync(join(out, 'index.html'), 'utf8');
    for (const name of documents) {
      const path = name.replaceAll('\\', '/');
      assert.match(readFileSync(join(out, `${path}.html`), 'utf8'), /^<!doctype html>[\s\S]*<\/html>\n$/);
      assert.ok(index.includes(`href="${path}.html"`), `${path} is not in the index`);
    }
  });

  test('a page has its table of contents, unique anchors and true counts', async () => {
    const root = folder({
      'Readme.markdown': [
        '# Tea & *biscuits*',
        'One two [three](https://example.com) don’t 日本語.',
        '## Usage',
        '```js\nnot counted as words\n```',
        '## Usage',
        '### `tea <cup>`',
        '    indented code',
        '![picture](a.png)',
        '<script>alert(1)</script>',
      ].join('\n\n'),
      'CHANGELOG.md': 'Nothing yet.\n',
      'deep/er/README.pl.md': '# Głęboko\n',
      'notes.md': '# Not a document of this kind\n',
    });
    const out = folder();
    const { stdout, stderr, code } = await run(DEMO, '--root', root, '--out', out);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^3 documents, /);
    assert.ok(!existsSync(join(out, 'notes.md.html')));

    const page = readFileSync(join(out, 'Readme.markdown.html'), 'utf8');
    assert.match(page, /<title>Tea &amp; biscuits<\/title>/);
    assert.deepEqual(
      [...page.matchAll(/<li style="--depth: (\d)"><a href="#([^"]*)">(.*)<\/a>/g)].map((match) => match.slice(1)),
      [
        ['0', 'tea--biscuits', 'Tea &amp; biscuits'],
        ['1', 'usage', 'Usage'],
        ['1', 'usage-1', 'Usage'],
        ['2', 'tea-cup', 'tea &lt;cup&gt;'],
      ],
    );
    for (const [, slug] of page.matchAll(/href="#([^"]*)"/g)) {
      assert.equal(page.split(`id="${slug}"`).length, 2, `there must be one anchor #${slug}`);
    }
    assert.match(page, /<p>13 words · 1 min read · 2 code blocks · 1 link<\/p>/);
    assert.match(page, /Content-Security-Policy" content="default-src 'none'/);
    assert.doesNotMatch(readFileSync(join(out, 'CHANGELOG.md.html'), 'utf8'), /<nav/);

    const deep = readFileSync(join(out, 'deep', 'er', 'README.pl.md.html'), 'utf8');
    assert.match(deep, /<h1 id="głęboko">Głęboko<\/h1>/);
    assert.match(deep, /<a href="\.\.\/\.\.\/index\.html">/);
  });

  test('a page that differs from plain Node’s is named, and the exit code is 1', async () => {
    // The preload falsifies the reading time of plain Node; no isolate sees it.
    const preload = join(folder({ 'ceil.mjs': 'Math.ceil = () => 77;' }), 'ceil.mjs');
    const root = folder({ 'README.md': '# One\n', 'CHANGELOG.md': '# Two\n' });
    const args = ['--import', pathToFileURL(preload).href, DEMO];
    const { stdout, stderr, code } = await run(...args, '--root', root, '--out', folder());
    assert.equal(code, 1, stdout + stderr);
    assert.match(
      stderr,
      /^DIFFERS README\.md \.html at character \d+: .*1 min read.* on isolane, .*77 min read.* in Node$/m,
    );
    assert.match(stderr, /^DIFFERS CHANGELOG\.md /m);
    assert.match(stdout, /^1 of 3 pages equal plain Node's, byte for byte$/m);
  });

  test('a document that cannot be rendered is named, the others are written, and the exit code is 1', async () => {
    const root = folder({ 'README.md': `${'>'.repeat(20_000)} too deep\n`, 'CHANGELOG.md': '# Fine\n' });
    const out = folder();
    const { stdout, stderr, code } = await run(DEMO, '--root', root, '--out', out);
    assert.equal(code, 1, stdout + stderr);
    assert.match(stderr, /^FAILED README\.md: ERR_TASK_FAILED .*RangeError: Maximum call stack size exceeded/m);
    assert.match(stdout, /^2 of 3 pages equal plain Node's, byte for byte$/m);
    assert.deepEqual(readdirSync(out).sort(), ['CHANGELOG.md.html', 'index.html']);
  });

  test('without a terminal the progress is a line for each quarter', async () => {
    const files = Array.from({ length: 40 }, (_, i) => [`p${i}/README.md`, `# Package ${i}\n`]);
    const { stderr, code } = await run(DEMO, '--root', folder(Object.fromEntries(files)), '--out', folder());
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/[\d.]+(?= documents| ms)/g, 'N')),
      [10, 20, 30, 40].map((done) => `${done}/40 · N documents/s · p50 N ms · p95 N ms`),
    );
  });

  test('--help lists the flags', async () => {
    const { stdout, stderr, code } = await run(DEMO, '--help');
    assert.deepEqual({ stderr, code }, { stderr: '', code: 0 });
    for (const flag of ['--workers', '--root', '--out', '--help'])
      assert.match(stdout, new RegExp(`^ {2}${flag} `, 'm'));
  });

  const missing = join(temporary, 'missing');
  const wrong = [
    [['--workers', 'many'], "--workers must be a whole number from 1 to 64, not 'many'"],
    [['--workers', '0'], "--workers must be a whole number from 1 to 64, not '0'"],
    [['--workers', '65'], "--workers must be a whole number from 1 to 64, not '65'"],
    [['--workers'], "Option '--workers <value>' argument missing"],
    [['--speed', '9'], "Unknown option '--speed'"],
    [['--root', missing], `--root must be a folder, and '${missing}' is not there`],
    [['--root', __filename], `--root must be a folder, and '${__filename}' is a file`],
    [['--out', __filename], `--out must be a folder, and '${__filename}' is a file`],
    [['--root', join(EXAMPLES, 'await-using')], `no README or CHANGELOG under ${join(EXAMPLES, 'await-using')}`],
  ];
  for (const [args, message] of wrong) {
    test(`'${args.map((arg) => arg.replace(temporary, '…').replace(REPOSITORY, '.')).join(' ')}' is refused with a reason`, async () => {
      const { stdout, stderr, code } = await run(DEMO, ...args);
      assert.deepEqual({ stdout, code }, { stdout: '', code: 2 });
      assert.ok(stderr.startsWith(`render-docs: ${message}`), stderr);
      assert.ok(stderr.endsWith('Try --help.\n'), stderr);
    });
  }
});

test('examples/README.md names every example', () => {
  const readme = readFileSync(join(EXAMPLES, 'README.md'), 'utf8');
  const runnable = readdirSync(EXAMPLES, { recursive: true })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /^[\w-]+\.[cm]js$|^[\w-]+\/main\.mjs$/.test(name) && name !== 'handlers.mjs');
  assert.ok(runnable.length >= 11);
  for (const name of runnable) assert.ok(readme.includes(`](${name})`), `${name} has no line`);
});

test('the TypeScript of the examples type-checks', async () => {
  const tsc = join(REPOSITORY, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout, code } = await run(tsc, '--project', EXAMPLES);
  assert.equal(code, 0, stdout);
});
