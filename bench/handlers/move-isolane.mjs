import { touch } from './touch.mjs';

/** What came in by `transfer` goes back in the same way. */
export default function move(buffer) {
  return touch(buffer);
}
