import { answerer } from './answer.mjs';

const { default: run } = await import(process.argv[2]);

process.on(
  'message',
  answerer(run, (message) => process.send(message)),
);
process.send('ready');
