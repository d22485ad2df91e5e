import { move as moved } from 'piscina';
import { touch } from './touch.mjs';

export default function move(buffer) {
  return moved(touch(buffer));
}
