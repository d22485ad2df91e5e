'use strict';

// The modules that tasks may import by name, the option `permissions.imports`. They are read once, and given to the
// isolates as source text.

const check = require('../options/check.js');
const { invalid } = require('../errors.js');
const { bundleScript } = require('./bundle.js');
const { readScript } = require('./script.js');

const ALLOWED_NAME = "named as packages are or by a URL, such as 'tools', '@scope/tools' or 'app:tools'";
/** URL schemes that are taken: modules are loaded by them, or they name the engine's own modules. */
const OTHER_SCHEMES = ['file', 'http', 'https', 'node', 'data', 'blob', 'ext', 'javascript'];
/** Specifiers of imports. A match that is none, in a comment for instance, costs a needless bundling. */
const SPECIFIERS = /\b(?:import|from)\s*\(?\s*(["'])(.*?)\1/g;

const fieldOf = (field, name) => `${field}[${JSON.stringify(name)}]`;

/**
 * Checks the option.
 * @param {string} field
 * @param {unknown} value - as the user gave it
 * @returns {Record<string, string | URL | { code: string, filename?: string }>}
 * @throws {IsolaneError} ERR_INVALID_ARG
 */
function checkImports(field, value) {
  for (const [name, source] of Object.entries(check.object(field, value))) {
    if (!isName(name)) throw invalid(field, name, `an object whose modules are ${ALLOWED_NAME}`);
    check.script(fieldOf(field, name), source);
  }
  return { ...value };
}

function isName(name) {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(name)?.[1].toLowerCase();
  // One letter and a colon is a drive of Windows.
  if (scheme?.length === 1 || OTHER_SCHEMES.includes(scheme)) return false;
  return /^[\w@][\w@:./+~-]*$/.test(name);
}

/**
 * Reads the modules. One that imports modules which are not listed is bundled with them.
 * @param {ReturnType<typeof checkImports>} imports
 * @param {string} [field] - for messages
 * @returns {Promise<{ name: string, filename: string, code: string, map?: import('node:module').SourceMap }[]>}
 *   `code` is JavaScript or TypeScript, depending on the extension of `filename`; `map` is the source map of a bundle
 * @throws {IsolaneError} ERR_MODULE_LOAD
 */
async function resolveImports(imports, field = 'permissions.imports') {
  const names = Object.keys(imports);
  return Promise.all(names.map((name) => resolveImport(name, imports[name], names, fieldOf(field, name))));
}

async function resolveImport(name, source, names, field) {
  const hasNoFile = source.code !== undefined && source.filename === undefined;
  const read = await readScript(
    hasNoFile ? { ...source, filename: `${name.replace(/\W+/g, '-')}.mjs` } : source,
    field,
  );
  const other = [...read.text.matchAll(SPECIFIERS)].find(([, , specifier]) => !names.includes(specifier));
  const { path, text, map } =
    other === undefined ? read : await bundleScript(read, `it imports '${other[2]}'`, { field, external: names });
  return { name, filename: path, code: text, ...(map && { map }) };
}

module.exports = { checkImports, resolveImports };
