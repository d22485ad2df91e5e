import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setupIsolane } from './isolane.mjs';

/** A built checkout of another commit. */
const before = createRequire(join(process.env.ISOLANE_BEFORE, 'package.json'))('./index.js');

export default {
  name: 'isolane before',
  version: before.version,
  setup: (options) => setupIsolane(options, before),
};
