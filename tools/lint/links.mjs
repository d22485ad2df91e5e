/**
 * Checks the links in the Markdown files of the repository: each must lead to a file that exists, and its anchor
 * to a heading of that file. Images count as links. Links to other sites are not followed.
 *
 *     node tools/lint/links.mjs
 */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Folders that hold files of others, or what a build made. */
const SKIPPED = new Set(['node_modules', 'target', 'dist', 'coverage', 'examples/render-docs/out']);

/** @returns {string[]} the Markdown files below `root`, relative to it, with `/` on every system */
export function markdownFiles(root = ROOT, folder = '') {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return isSkipped(entry.name, file) ? [] : markdownFiles(root, file);
    return entry.isFile() && entry.name.endsWith('.md') ? [file] : [];
  });
}

const isSkipped = (name, file) =>
  SKIPPED.has(name) || SKIPPED.has(file) || (name.startsWith('.') && name !== '.github');

/**
 * @param {string} markdown
 * @returns {string[]} the targets of its links and images that are not on another site
 */
export function linksOf(markdown) {
  const text = withoutFences(markdown).replace(/(`+)[^`\n](?:.*?[^`])?\1(?!`)/g, '');
  const found = [
    ...text.matchAll(/\]\(\s*(?:<([^>\n]*)>|([^\s)]+))/g),
    ...text.matchAll(/^ {0,3}\[[^\]\n]+\]:\s*(?:<([^>\n]*)>|(\S+))/gm),
    ...text.matchAll(/<(?:a|img|source)\b[^>]*?\s(?:href|src|srcset)="([^"]*)"/g),
  ];
  return found.map(([, first, second]) => first ?? second).filter((link) => !/^(?:[a-z][a-z\d+.-]*:|\/\/)/i.test(link));
}

/** @returns {string[]} a sentence for each link that leads nowhere */
export function brokenLinks(root = ROOT) {
  const texts = new Map(markdownFiles(root).map((file) => [file, readFileSync(path.join(root, file), 'utf8')]));
  return [...texts].flatMap(([file, text]) =>
    linksOf(text).flatMap((link) => {
      const why = whyBroken(root, texts, file, link);
      return why === undefined ? [] : [`${file}: ${link}: ${why}`];
    }),
  );
}

/** @returns {string | undefined} undefined where the link leads somewhere */
function whyBroken(root, texts, from, link) {
  const [, target, anchor] = /^([^#?]*)[^#]*(?:#(.*))?$/.exec(link);
  const file = target === '' ? from : path.posix.join(path.posix.dirname(from), decodeURI(target));
  if (target.startsWith('/') || file.startsWith('..')) return 'it leaves the repository';
  if (!existsSync(path.join(root, file))) return `there is no ${file}`;
  // Places in source files are the business of the site that shows them.
  if (anchor === undefined || !file.endsWith('.md') || statSync(path.join(root, file)).isDirectory()) return undefined;
  const text = texts.get(file);
  return text === undefined || anchorsOf(text).has(decodeURI(anchor)) ? undefined : `${file} has no heading #${anchor}`;
}

/** The anchors that GitHub gives to the headings of a file, and those that it sets itself. */
function anchorsOf(markdown) {
  const text = withoutFences(markdown);
  const anchors = new Set([...text.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)].map(([, id]) => id));
  const counts = new Map();
  for (const [, heading] of text.matchAll(/^ {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$/gm)) {
    const slug = slugOf(heading);
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

const slugOf = (heading) =>
  heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');

/** The text without its fenced blocks of code; the lines stay where they are. */
function withoutFences(markdown) {
  let fence;
  return markdown
    .split('\n')
    .map((line) => {
      const [, mark] = /^\s*(`{3,}|~{3,})/.exec(line) ?? [];
      if (fence === undefined) {
        fence = mark;
        return mark === undefined ? line : '';
      }
      if (mark?.startsWith(fence) && line.trim() === mark) fence = undefined;
      return '';
    })
    .join('\n');
}

if (realpathSync(process.argv[1] ?? '.') === fileURLToPath(import.meta.url)) {
  const broken = brokenLinks();
  for (const line of broken) console.error(line);
  process.exitCode = broken.length === 0 ? 0 : 1;
}
