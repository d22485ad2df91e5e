export { touch as default } from './touch.mjs';
/** What workers/threads.mjs moves of a result. */
export const transferOf = (buffer) => [buffer];
