import { createRequire } from 'node:module';
import { join } from 'node:path';
import { entrant } from './isolane.mjs';

/** A built checkout of another commit. */
const before = createRequire(join(process.env.ISOLANE_BEFORE, 'package.json'))('./index.js');

export default entrant('isolane before', before.version, before);
