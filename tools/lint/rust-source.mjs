/**
 * Reads what one Rust file names: its modules, its `use` trees and its inline paths.
 *
 * A scanner and not a parser: comments and literals are blanked, what is left is searched.
 */

const PATH = /(?<![\w:.$'])(?:r#)?[A-Za-z_]\w*(?:\s*::\s*(?:r#)?[A-Za-z_]\w*)+/g;

/**
 * Returns the scopes of a file: the file itself and each inline module in it.
 *
 * @param {string} text
 * @returns {Array<{ path: string[], modules: Name[], uses: Use[], paths: Name[] }>}
 * @typedef {{ segments: string[], line: number }} Name
 * @typedef {{ segments: string[], name: string, glob: boolean, line: number }} Use
 */
export function readSource(text) {
  // `pub(in crate::room)` says who may use an item, and uses nothing.
  return readScopes(blank(text).replace(/\bpub\s*\(\s*in\b[^)]*\)/g, 'pub'), 0, []);
}

function readScopes(code, offset, path) {
  const scope = { path, modules: [], uses: [], paths: [] };
  const inner = [];
  let rest = code;
  const lineAt = (index) => offset + count(code.slice(0, index), '\n') + 1;
  const take = (start, end) => {
    rest = rest.slice(0, start) + rest.slice(start, end).replace(/[^\n]/g, ' ') + rest.slice(end);
  };

  for (;;) {
    const module = /\bmod\s+(?:r#)?(\w+)\s*([;{])/.exec(rest);
    if (!module) break;
    const { index, 1: name, 2: opening } = module;
    const start = index + module[0].length;
    const end = opening === ';' ? start : closingBrace(rest, start);
    if (opening === ';') scope.modules.push({ segments: [name], line: lineAt(index) });
    else inner.push(...readScopes(rest.slice(start, end - 1), lineAt(start) - 1, [...path, name]));
    take(index, end);
  }
  for (const statement of rest.matchAll(/\buse\s+([^;]+);/g)) {
    const line = lineAt(statement.index);
    for (const leaf of useLeaves(statement[1])) scope.uses.push({ ...leaf, line });
    take(statement.index, statement.index + statement[0].length);
  }
  for (const { 0: found, index } of rest.matchAll(PATH)) {
    scope.paths.push({ segments: split(found), line: lineAt(index) });
  }
  return [scope, ...inner];
}

/** Returns the names that a `use` tree imports: groups, `self`, `*` and renames are resolved. */
export function useLeaves(tree, prefix = []) {
  const text = tree.trim().replace(/^::/, '');
  const group = text.indexOf('{');
  if (group < 0) {
    const [path, alias] = text.split(/\s+as\s+/);
    const segments = [...prefix, ...split(path)];
    const glob = segments.at(-1) === '*';
    if (glob || (segments.length > 1 && segments.at(-1) === 'self')) segments.pop();
    return segments.length > 0 ? [{ segments, name: alias?.trim() ?? segments.at(-1), glob }] : [];
  }
  const before = split(text.slice(0, group).replace(/::\s*$/, ''));
  const items = topLevelItems(text.slice(group + 1, text.lastIndexOf('}')));
  return items.flatMap((item) => useLeaves(item, [...prefix, ...before]));
}

function topLevelItems(list) {
  const items = [''];
  let depth = 0;
  for (const letter of list) {
    if (letter === '{') depth += 1;
    if (letter === '}') depth -= 1;
    if (letter === ',' && depth === 0) items.push('');
    else items[items.length - 1] += letter;
  }
  return items.filter((item) => item.trim() !== '');
}

function split(path) {
  const segments = path.split('::').map((segment) => segment.trim().replace(/^r#/, ''));
  return segments.filter((segment) => segment !== '');
}

function closingBrace(code, start) {
  let depth = 1;
  for (let at = start; at < code.length; at += 1) {
    if (code[at] === '{') depth += 1;
    if (code[at] === '}') depth -= 1;
    if (depth === 0) return at + 1;
  }
  throw new Error('a module is not closed');
}

/** Replaces comments and literals by spaces, so that lines keep their numbers. */
function blank(text) {
  const tokens =
    /\/\/[^\n]*|\/\*|\b(?:b|c)?r(#*)"[\s\S]*?"\1|(?:\b[bc])?"(?:\\[\s\S]|[^"\\])*"|(?:\bb)?'(?:\\(?:u\{\w+\}|x\w\w|.)|[^'\\\n])'/g;
  let code = '';
  let at = 0;
  for (let token = tokens.exec(text); token; token = tokens.exec(text)) {
    const end = token[0] === '/*' ? endOfComment(text, token.index) : tokens.lastIndex;
    code += text.slice(at, token.index) + text.slice(token.index, end).replace(/[^\n]/g, ' ');
    at = end;
    tokens.lastIndex = end;
  }
  return code + text.slice(at);
}

/** Block comments nest. */
function endOfComment(text, start) {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(text); mark; mark = marks.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  throw new Error('a comment is not closed');
}

function count(text, letter) {
  return text.split(letter).length - 1;
}
