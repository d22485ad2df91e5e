/** Two static libraries, member by member. Times, owners and modes in the headers, and the order, do not count. */
import { ObjectFile } from './object.mjs';

/**
 * Gives `{ identical, different, missing, added, symbols }`: a count, `{ name, reasons }` for each member that is
 * in both and differs, the names that only `before` or only `after` has, and the same for the exported symbols.
 */
export function compare(before, after) {
  const result = { identical: 0, different: [], missing: [], added: [] };
  const [left, right] = [byName(before), byName(after)];
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    const [olds, news] = withoutEqual(left.get(name) ?? [], right.get(name) ?? []);
    result.identical += (left.get(name)?.length ?? 0) - olds.length;
    const both = Math.min(olds.length, news.length);
    for (let i = 0; i < both; i += 1) result.different.push({ name, reasons: reasons(olds[i], news[i]) });
    result.missing.push(...olds.slice(both).map(() => name));
    result.added.push(...news.slice(both).map(() => name));
  }
  const symbols = [exportsOf(before), exportsOf(after)];
  return { ...result, symbols: { missing: difference(...symbols), added: difference(...symbols.reverse()) } };
}

function byName(members) {
  const found = new Map();
  for (const { name, data } of members) found.set(name, [...(found.get(name) ?? []), data]);
  return found;
}

/** What is left of members of one name when each has been set against one that equals it. */
function withoutEqual(olds, news) {
  const rest = [...news];
  const left = olds.filter((old) => {
    const at = rest.findIndex((candidate) => old.equals(candidate));
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
  return [left, rest];
}

/** In what two object files differ, as lines. */
function reasons(before, after) {
  const [old, now] = [ObjectFile.read(before), ObjectFile.read(after)];
  if (!old || !now) return [`${before.length} and ${after.length} bytes, not both ELF objects`];
  const lines = [];
  const [left, right] = [sectionsOf(old), sectionsOf(now)];
  for (const [name, section] of left) {
    const other = right.get(name);
    if (!other) lines.push(`section ${name} is missing`);
    else if (other.size !== section.size) lines.push(`section ${name} has ${section.size} and ${other.size} bytes`);
    else if (!other.data.equals(section.data)) lines.push(`section ${name} has other bytes`);
  }
  for (const name of right.keys()) if (!left.has(name)) lines.push(`section ${name} is new`);
  for (const name of difference(old.exports(), now.exports())) lines.push(`symbol ${name} is missing`);
  for (const name of difference(now.exports(), old.exports())) lines.push(`symbol ${name} is new`);
  return lines.length > 0 ? lines : ['the same sections in another order or with other attributes'];
}

/** Sections by name; several of one name, as each function of a template has one, are numbered. */
function sectionsOf(object) {
  const counts = new Map();
  const found = new Map();
  for (const section of object.sections) {
    const count = (counts.get(section.name) ?? 0) + 1;
    counts.set(section.name, count);
    found.set(count === 1 ? section.name : `${section.name}#${count}`, section);
  }
  return found;
}

function exportsOf(members) {
  const found = new Set();
  for (const { data } of members) for (const name of ObjectFile.read(data)?.exports() ?? []) found.add(name);
  return found;
}

function difference(one, other) {
  return [...one].filter((name) => !other.has(name));
}
