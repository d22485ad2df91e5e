/** V8 cannot be had, for a reason that the reader of the message can act on; no stack is shown. */
export class Unavailable extends Error {
  name = 'Unavailable';
}
