import Tinypool from 'tinypool';
import { touch } from './touch.mjs';

export default function move(buffer) {
  return Tinypool.move(touch(buffer));
}
