// In the engine's own context: errors of ops get there with the name of their class, and `bootstrap.js`
// makes those of the realms from it.

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
