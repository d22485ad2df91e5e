import * as isolane from 'isolane';
import { sum } from '../tasks/sum.mjs';
import { versionOf } from '../version.mjs';
import { setupIsolane } from './isolane.mjs';

// The same work without anything fresh: what is more elsewhere is the price of a realm.
export default {
  name: 'isolane, shared handler',
  version: versionOf('isolane'),
  realm: ({ workers }) => setupIsolane({ handler: sum.handler, workers }, isolane),
};
