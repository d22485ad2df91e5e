// The console object of a realm. It formats each call into one text, as Node's console does. Deno's `inspect` formats
// single values; format specifiers, groups, tables and counters are here, because Deno's differ from Node's.

import { primordials } from 'ext:core/mod.js';
import { getStringWidth, inspect } from 'ext:deno_console/01_console.js';

const {
  ArrayIsArray,
  ArrayPrototypeForEach,
  ArrayPrototypeJoin,
  ArrayPrototypeMap,
  ArrayPrototypePush,
  ArrayPrototypeSlice,
  ArrayPrototypeUnshift,
  DateNow,
  DatePrototype,
  Error,
  ErrorCaptureStackTrace,
  ErrorPrototype,
  FunctionPrototypeToString,
  JSONStringify,
  MapPrototype,
  MapPrototypeDelete,
  MapPrototypeForEach,
  MapPrototypeGet,
  MapPrototypeHas,
  MapPrototypeSet,
  MathFloor,
  MathMax,
  Number,
  NumberParseFloat,
  NumberParseInt,
  NumberPrototypeToFixed,
  ObjectDefineProperty,
  ObjectEntries,
  ObjectGetPrototypeOf,
  ObjectHasOwn,
  ObjectIs,
  ObjectKeys,
  ObjectPrototypeIsPrototypeOf,
  SafeMap,
  SetPrototype,
  SetPrototypeForEach,
  String,
  StringPrototypeIncludes,
  StringPrototypePadStart,
  StringPrototypeRepeat,
  StringPrototypeReplaceAll,
  StringPrototypeSlice,
  SymbolToStringTag,
} = primordials;

const INDENT = '  ';

/** Formats a value as Node does: two levels deep, with single quotes. */
function inspectValue(value, options) {
  return inspect(value, { __proto__: null, depth: 2, quotes: ["'", '"', '`'], ...options });
}

const formatNumber = (number) => (ObjectIs(number, -0) ? '-0' : `${number}`);

/** Formats a value for `%s`: with its own `toString` where it has one, and otherwise its outermost level. */
function formatShort(value) {
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null || hasUserToString(value)) return String(value);
  return inspectValue(value, { depth: 0 });
}

/** Whether an object has a `toString` that is not a built-in. */
function hasUserToString(value) {
  if (ObjectPrototypeIsPrototypeOf(DatePrototype, value) || ObjectPrototypeIsPrototypeOf(ErrorPrototype, value)) {
    return false;
  }
  const { toString } = value;
  if (typeof toString !== 'function') return false;
  return !StringPrototypeIncludes(FunctionPrototypeToString(toString), '[native code]');
}

function formatJson(value) {
  try {
    return JSONStringify(value) ?? 'undefined';
  } catch (error) {
    if (StringPrototypeIncludes(`${error?.message}`, 'circular structure')) return '[Circular]';
    throw error;
  }
}

const SPECIFIERS = {
  __proto__: null,
  s: formatShort,
  d(value) {
    if (typeof value === 'bigint') return `${value}n`;
    return typeof value === 'symbol' ? 'NaN' : formatNumber(Number(value));
  },
  i(value) {
    if (typeof value === 'bigint') return `${value}n`;
    return typeof value === 'symbol' ? 'NaN' : formatNumber(NumberParseInt(value));
  },
  f: (value) => (typeof value === 'symbol' ? 'NaN' : formatNumber(NumberParseFloat(value))),
  j: formatJson,
  o: (value) => inspectValue(value, { depth: 4, showHidden: true, showProxy: true }),
  O: (value) => inspectValue(value),
  c: () => '',
};

/** Formats the arguments of a call. */
function format(args) {
  let text = '';
  let next = 0;
  if (args.length > 1 && typeof args[0] === 'string') {
    const pattern = args[next++];
    let written = 0;
    for (let i = 0; i < pattern.length - 1; i++) {
      if (pattern[i] !== '%') continue;
      const letter = pattern[++i];
      let part;
      if (letter === '%') part = '%';
      else if (next < args.length) part = SPECIFIERS[letter]?.(args[next]);
      if (part === undefined) continue;
      if (letter !== '%') next++;
      text += StringPrototypeSlice(pattern, written, i - 1) + part;
      written = i + 1;
    }
    text += StringPrototypeSlice(pattern, written);
  }
  for (; next < args.length; next++) {
    if (next > 0) text += ' ';
    text += typeof args[next] === 'string' ? args[next] : inspectValue(args[next]);
  }
  return text;
}

/** Formats a time as Node does. The clock of tasks has a resolution of a millisecond. */
function formatTime(ms) {
  if (ms < 1000) return `${ms}ms`;
  if (ms < 60_000) return `${NumberPrototypeToFixed(ms / 1000, 3)}s`;
  const pad = (number, length) => StringPrototypePadStart(`${number}`, length, '0');
  const rest = `${pad(MathFloor(ms / 1000) % 60, 2)}.${pad(ms % 1000, 3)}`;
  const minutes = MathFloor(ms / 60_000);
  if (minutes < 60) return `${minutes}:${rest} (m:ss.mmm)`;
  return `${MathFloor(minutes / 60)}:${pad(minutes % 60, 2)}:${rest} (h:mm:ss.mmm)`;
}

/** Draws a table of columns, each with its heading. Columns may have different lengths. */
function drawTable(headings, columns) {
  const widths = ArrayPrototypeMap(headings, (heading, i) => {
    let width = getStringWidth(heading);
    ArrayPrototypeForEach(columns[i], (cell) => {
      width = MathMax(width, getStringWidth(cell ?? ''));
    });
    return width;
  });
  const line = (start, between, end) => {
    const parts = ArrayPrototypeMap(widths, (width) => StringPrototypeRepeat('\u2500', width + 2));
    return start + ArrayPrototypeJoin(parts, between) + end;
  };
  const row = (cells) => {
    const parts = ArrayPrototypeMap(widths, (width, i) => {
      const cell = cells[i] ?? '';
      return ` ${cell}${StringPrototypeRepeat(' ', width - getStringWidth(cell))} `;
    });
    return `\u2502${ArrayPrototypeJoin(parts, '\u2502')}\u2502`;
  };
  const lines = [line('\u250c', '\u252c', '\u2510'), row(headings), line('\u251c', '\u253c', '\u2524')];
  for (let i = 0; i < columns[0].length; i++) {
    ArrayPrototypePush(lines, row(ArrayPrototypeMap(columns, (column) => column[i])));
  }
  ArrayPrototypePush(lines, line('\u2514', '\u2534', '\u2518'));
  return ArrayPrototypeJoin(lines, '\n');
}

/** Formats a value for a cell of a table. */
function formatCell(value) {
  const large = typeof value === 'object' && value !== null && !ArrayIsArray(value) && ObjectKeys(value).length > 2;
  return inspectValue(value, { depth: large ? -1 : 0, maxArrayLength: 3, breakLength: Infinity });
}

const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';
const indexes = (length) => {
  const list = [];
  for (let i = 0; i < length; i++) ArrayPrototypePush(list, `${i}`);
  return list;
};

function drawMap(map) {
  const [keys, values] = [[], []];
  MapPrototypeForEach(map, (value, key) => {
    ArrayPrototypePush(keys, formatCell(key));
    ArrayPrototypePush(values, formatCell(value));
  });
  return drawTable(['(iteration index)', 'Key', 'Values'], [indexes(keys.length), keys, values]);
}

function drawSet(set) {
  const values = [];
  SetPrototypeForEach(set, (value) => {
    ArrayPrototypePush(values, formatCell(value));
  });
  return drawTable(['(iteration index)', 'Values'], [indexes(values.length), values]);
}

/** Draws a row for each own property of the data, and a column for each property of the rows. */
function drawRows(data, names) {
  const rows = ObjectKeys(data);
  const columns = new SafeMap();
  const primitiveCells = [];
  let hasPrimitives = false;
  ArrayPrototypeForEach(rows, (key, i) => {
    const row = data[key];
    if (!isObject(row)) {
      hasPrimitives = true;
      primitiveCells[i] = formatCell(row);
      return;
    }
    ArrayPrototypeForEach(names ?? ObjectKeys(row), (name) => {
      if (!MapPrototypeHas(columns, name)) MapPrototypeSet(columns, name, []);
      if (ObjectHasOwn(row, name)) MapPrototypeGet(columns, name)[i] = formatCell(row[name]);
    });
  });
  const headings = ['(index)'];
  const cells = [rows];
  MapPrototypeForEach(columns, (column, name) => {
    ArrayPrototypePush(headings, `${name}`);
    ArrayPrototypePush(cells, column);
  });
  if (hasPrimitives) {
    ArrayPrototypePush(headings, 'Values');
    ArrayPrototypePush(cells, primitiveCells);
  }
  return drawTable(headings, cells);
}

/**
 * Creates a console.
 * @param {(level: string, text: string) => void} print
 */
export function createConsole(print) {
  let indent = '';
  const counts = new SafeMap();
  const timers = new SafeMap();

  const write = (level, text) => {
    print(level, indent === '' ? text : indent + StringPrototypeReplaceAll(text, '\n', `\n${indent}`));
  };
  const log = (...args) => write('log', format(args));
  const warn = (...args) => write('warn', format(args));
  const group = (...args) => {
    if (args.length > 0) write('log', format(args));
    indent += INDENT;
  };
  const timeOf = (label, method) => {
    const started = MapPrototypeGet(timers, label);
    if (started === undefined) warn(`No such label '${label}' for console.${method}()`);
    return started === undefined ? undefined : `${label}: ${formatTime(DateNow() - started)}`;
  };

  const methods = {
    log,
    warn,
    dir: (value, options) => write('log', inspectValue(value, { customInspect: false, ...options })),
    time(label = 'default') {
      label = `${label}`;
      if (MapPrototypeHas(timers, label)) warn(`Label '${label}' already exists for console.time()`);
      else MapPrototypeSet(timers, label, DateNow());
    },
    timeEnd(label = 'default') {
      label = `${label}`;
      const text = timeOf(label, 'timeEnd');
      if (text !== undefined) log('%s', text);
      MapPrototypeDelete(timers, label);
    },
    timeLog(label = 'default', ...data) {
      const text = timeOf(`${label}`, 'timeLog');
      if (text === undefined) return;
      ArrayPrototypeUnshift(data, '%s', text);
      write('log', format(data));
    },
    trace: function trace(...args) {
      const error = new Error(format(args));
      ObjectDefineProperty(error, 'name', { __proto__: null, value: 'Trace', configurable: true, writable: true });
      ErrorCaptureStackTrace(error, trace);
      write('trace', `${error.stack}`);
    },
    assert(condition, ...args) {
      if (condition) return;
      if (typeof args[0] === 'string') args[0] = `Assertion failed: ${args[0]}`;
      else ArrayPrototypeUnshift(args, 'Assertion failed');
      write('warn', format(args));
    },
    clear() {},
    count(label = 'default') {
      label = `${label}`;
      const count = (MapPrototypeGet(counts, label) ?? 0) + 1;
      MapPrototypeSet(counts, label, count);
      log('%s', `${label}: ${count}`);
    },
    countReset(label = 'default') {
      label = `${label}`;
      if (!MapPrototypeDelete(counts, label)) warn(`Count for '${label}' does not exist`);
    },
    group,
    groupEnd() {
      indent = StringPrototypeSlice(indent, INDENT.length);
    },
    table(data, names) {
      if (typeof data !== 'object' || data === null) log(data);
      else if (ObjectPrototypeIsPrototypeOf(MapPrototype, data)) write('log', drawMap(data));
      else if (ObjectPrototypeIsPrototypeOf(SetPrototype, data)) write('log', drawSet(data));
      else write('log', drawRows(data, ArrayIsArray(names) ? ArrayPrototypeSlice(names) : undefined));
    },
    debug: (...args) => write('debug', format(args)),
    info: (...args) => write('info', format(args)),
    dirxml: (...args) => write('log', format(args)),
    error: (...args) => write('error', format(args)),
    groupCollapsed: (...args) => group(...args),
    profile() {},
    profileEnd() {},
    timeStamp() {},
  };

  const console = { __proto__: ObjectGetPrototypeOf({}) };
  ArrayPrototypeForEach(ObjectEntries(methods), (entry) => {
    ObjectDefineProperty(console, entry[0], {
      __proto__: null,
      value: entry[1],
      enumerable: true,
      configurable: true,
      writable: true,
    });
  });
  ObjectDefineProperty(console, SymbolToStringTag, { __proto__: null, value: 'console', configurable: true });
  return console;
}
