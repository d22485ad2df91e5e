import { touch } from './touch.mjs';

export default function move(buffer, ctx) {
  return ctx.transfer(touch(buffer));
}
