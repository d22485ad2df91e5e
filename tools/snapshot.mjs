/**
 * Makes the snapshot that isolates start from, beside the addon. In a process of its own, which `tools/build.mjs`
 * starts: V8 sets flags for the whole of it. After each build: the same sources may be linked with another V8.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const native = require('../lib/native/binding.js');
const { snapshotFile } = require('../lib/native/snapshot.js');

native.writeSnapshot(snapshotFile);
