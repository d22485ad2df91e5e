/**
 * Other programs, run from here. A long one gets a process group of its own, and whatever ends this
 * process early ends that group too: an orphaned compiler would go on for half an hour unseen.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Unavailable } from './unavailable.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** This process was told to stop; the program that it ran is gone already. */
export class Interrupted extends Error {
  name = 'Interrupted';

  constructor(signal) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

/** The path of `program` as `env.PATH` finds it, or undefined. A name with a slash stands for itself. */
export function which(program, env) {
  const candidates = program.includes('/')
    ? [program]
    : (env.PATH ?? '')
        .split(delimiter)
        .filter(Boolean)
        .map((folder) => join(folder, program));
  return candidates.find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Runs a short program and gives `{ code, stdout, stderr }`; rejects when it cannot be started. */
export function capture(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr']) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        output[stream] += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...output }));
  });
}

/**
 * Runs a long program, hands each line of its two outputs to `onLine` and gives its exit code, or its signal.
 *
 * Throws `Interrupted` when a signal ended this process's wait for it.
 */
export async function follow(file, args, { onLine, ...options }) {
  const child = spawn(file, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let received;
  const pass = (signal) => {
    received ??= signal;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // The group ended between the signal and here.
    }
  };
  for (const signal of SIGNALS) process.on(signal, pass);
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', onLine);
  try {
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? signal));
    });
    if (received) throw new Interrupted(received);
    return code;
  } finally {
    for (const signal of SIGNALS) process.off(signal, pass);
  }
}

/** Runs a program on this process's own terminal and gives its exit code. */
export function attach(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: 'inherit' });
    // The terminal sends Ctrl-C to the child as well: wait for its own end and report that.
    const pass = (signal) => child.kill(signal);
    for (const signal of SIGNALS) process.on(signal, pass);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      for (const name of SIGNALS) process.off(name, pass);
      signal ? reject(new Interrupted(signal)) : resolve(code);
    });
  });
}

/** Runs `work` as this process's whole purpose: its number is the exit code, its errors are told in a line. */
export async function runAsCommand(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    if (error instanceof Interrupted) {
      // Dying of the same signal tells a shell or a CI runner the truth.
      process.kill(process.pid, error.signal);
      return;
    }
    console.error(error instanceof Unavailable ? `error: ${error.message}` : error);
    process.exitCode = 1;
  }
}
