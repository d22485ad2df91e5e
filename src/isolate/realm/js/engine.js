// Runs in the engine's context: errors of ops get the name of their DOMException class, from which `buildError` in
// `globals.js` creates the error of the realm.

import { core, primordials } from 'ext:core/mod.js';

const { ArrayPrototypeForEach, Error } = primordials;

ArrayPrototypeForEach(
  [
    'DataError',
    'InvalidAccessError',
    'InvalidCharacterError',
    'NotSupportedError',
    'OperationError',
    'QuotaExceededError',
  ],
  (name) => {
    core.registerErrorBuilder(`DOMException${name}`, (message) => {
      const error = new Error(message);
      error.name = `DOMException${name}`;
      return error;
    });
  },
);
