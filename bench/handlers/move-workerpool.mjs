import workerpool from 'workerpool';
import { touch } from './touch.mjs';

export default function move(buffer) {
  return new workerpool.Transfer(touch(buffer), [buffer]);
}
