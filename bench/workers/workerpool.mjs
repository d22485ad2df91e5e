import { workerData } from 'node:worker_threads';
import workerpool from 'workerpool';

const { default: run } = await import(workerData);
workerpool.worker({ run });
