/**
 * Makes the snapshot that isolates start from, beside the addon, unless that of this build is there. In a process
 * of its own, which `tools/build.mjs` starts: V8 sets flags for the whole of it.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const native = require('../lib/native/binding.js');
const { snapshotFile, useSnapshot } = require('../lib/native/snapshot.js');

if (!useSnapshot()) native.writeSnapshot(snapshotFile);
