import { fork } from 'node:child_process';

const script = new URL('round.mjs', import.meta.url);

/** A round that takes longer has hung: the slowest takes about 25 s, or 2 s with `--quick`. */
const LIMIT_MS = 120_000;
const QUICK_LIMIT_MS = 30_000;
/** Time to end once the figures are there: a pool that was closed must not keep its process alive. */
const EXIT_LIMIT_MS = 10_000;

/**
 * Runs one round in a fresh process, so that no heap state leaks from one contender to another.
 * Resolves with `{ name, version, figures }`, or `{ error }`; never rejects.
 */
export function runRound(caseId, contenderId, { quick, execArgv }) {
  return new Promise((resolve) => {
    const child = fork(script, [caseId, contenderId, ...(quick ? ['--quick'] : [])], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [...process.execArgv, ...execArgv],
    });
    let report;
    let killed;
    let output = '';
    let timer;
    const limit = (ms, why) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        killed = why;
        child.kill('SIGKILL');
      }, ms);
    };
    const limitMs = quick ? QUICK_LIMIT_MS : LIMIT_MS;
    limit(limitMs, `hung: no figures after ${limitMs / 1000} s`);

    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output = (output + text).slice(-4000);
      });
    }
    child.on('message', (message) => {
      report = message;
      limit(EXIT_LIMIT_MS, `still alive ${EXIT_LIMIT_MS / 1000} s after its pool was closed`);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (report && code === 0) return resolve(report);
      const why = killed ?? `ended with ${signal ?? `code ${code}`}`;
      resolve({ error: `${why}\n${output}`.trim() });
    });
  });
}
