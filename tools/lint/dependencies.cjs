/**
 * Rules of dependency-cruiser for the imports of `lib`: no file uses, directly or through others, a file that uses
 * it, and only `lib/native` loads the addon.
 *
 *     depcruise --config tools/lint/dependencies.cjs lib index.js
 */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'A file must not use, directly or through others, a file that uses it.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'not-to-unresolvable',
      comment: 'Every import must lead somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(esbuild|prom-client)$' },
    },
    {
      name: 'values-stand-alone',
      comment: 'The codec knows nothing of the pool, of options or of calls.',
      severity: 'error',
      from: { path: '^lib/values/' },
      to: { path: '^lib/(pool|options|host|fetch|modules|observe)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: false,
    exoticRequireStrings: ['require'],
  },
};
