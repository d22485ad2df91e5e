// Compares what an isolate gave with what plain Node gave.

const CONTEXT = 30;

/** One line that names the file and what is wrong, or undefined when both results are equal. */
export function describeProblem(file, onIsolane, inNode) {
  if (onIsolane.status === 'rejected') return `FAILED ${file}: ${describeError(onIsolane.reason)}`;
  if (inNode.status === 'rejected') return `FAILED ${file} in plain Node only: ${describeError(inNode.reason)}`;
  const difference = firstDifference(onIsolane.value, inNode.value);
  return difference && `DIFFERS ${file}${difference}`;
}

function firstDifference(a, b, where = '') {
  if (Object.is(a, b)) return undefined;
  if (typeof a === 'string' && typeof b === 'string') {
    let at = 0;
    while (a[at] === b[at]) at += 1;
    return `${where} at character ${at}: ${excerpt(a, at)} on isolane, ${excerpt(b, at)} in Node`;
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return `${where}: ${JSON.stringify(a)} on isolane, ${JSON.stringify(b)} in Node`;
  }
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const difference = firstDifference(a[key], b[key], `${where} .${key}`);
    if (difference) return difference;
  }
  return undefined;
}

function excerpt(text, at) {
  return JSON.stringify(text.slice(Math.max(0, at - CONTEXT), at + CONTEXT));
}

function describeError({ code, message, cause }) {
  return [code, message, cause && `(${cause.name}: ${cause.message})`].filter(Boolean).join(' ');
}
