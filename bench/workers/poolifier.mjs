import { workerData } from 'node:worker_threads';
import { ThreadWorker } from 'poolifier';

const { default: run } = await import(workerData);
export default new ThreadWorker(run);
