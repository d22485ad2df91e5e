/**
 * Makes the snapshot that isolates start from, beside the addon. In a process of its own, which
 * `tools/build.mjs` starts: V8 sets flags for the whole of it.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const native = require('../native.cjs');
const { snapshotFile } = require('../lib/native/snapshot.js');

native.writeSnapshot(snapshotFile());
