import { parentPort, workerData } from 'node:worker_threads';
import { answerer } from './answer.mjs';

/** `transferOf` names what of a result is moved; most handlers have none. */
const { default: run, transferOf } = await import(workerData);

parentPort.on(
  'message',
  answerer(run, (message) =>
    parentPort.postMessage(message, message.length === 2 ? transferOf?.(message[1]) : undefined),
  ),
);
parentPort.postMessage('ready');
