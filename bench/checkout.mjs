import { createRequire } from 'node:module';
import { join } from 'node:path';

/** isolane as it is in the folder of a built checkout. */
export const checkout = (folder) => createRequire(join(folder, 'package.json'))('./index.js');
