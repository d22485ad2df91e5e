// The frame of every page, and the page of one document.
import type { Facts, Heading } from './markdown.ts';

const STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d8dee4; --wash: #f6f8fa; --paper: #fff; --link: #0b62c4; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --wash: #161b22; --paper: #0d1117; --link: #6cb6ff; }
}
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.6 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
header { padding: 1rem max(2rem, calc((100% - 76rem) / 2 + 2rem)); border-bottom: 1px solid var(--line); background: var(--wash); }
header p { margin: 0; color: var(--soft); font-size: .875rem; }
header strong { color: var(--ink); font-size: 1.05rem; }
.columns { display: flex; align-items: flex-start; gap: 3rem; max-width: 76rem; margin: 0 auto; padding: 1rem 2rem 4rem; }
nav { position: sticky; top: 0; flex: 0 0 15rem; max-height: 100vh; overflow: auto; padding: 1rem 0; font-size: .875rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li { margin: .2rem 0; padding-left: calc(var(--depth) * .9rem); overflow-wrap: anywhere; }
nav a { color: var(--soft); }
article { flex: 1; min-width: 0; overflow-wrap: break-word; }
article > :first-child { margin-top: 1rem; }
h1, h2, h3, h4, h5, h6 { line-height: 1.25; margin: 1.6em 0 .6em; }
h1, h2 { padding-bottom: .3em; border-bottom: 1px solid var(--line); }
img { max-width: 100%; vertical-align: middle; }
pre { padding: 1rem; overflow: auto; border-radius: 6px; background: var(--wash); line-height: 1.45; }
code { font: .875em ui-monospace, monospace; }
:not(pre) > code { padding: .15em .35em; border-radius: 4px; background: var(--wash); }
blockquote { margin: 1em 0; padding-left: 1em; border-left: .25em solid var(--line); color: var(--soft); }
table { border-collapse: collapse; display: block; overflow: auto; }
th, td { padding: .35rem .75rem; border: 1px solid var(--line); }
@media (max-width: 50rem) { .columns { display: block; } nav { position: static; max-height: none; } }
`;

// Scripts that a document's raw HTML brings along must not run in the reader's browser.
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:";

interface Frame {
  title: string;
  body: string;
  style?: string;
  policy?: string;
}

export function frame({ title, body, style = '', policy = POLICY }: Frame): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeHtml(title)}</title>
<style>${STYLE}${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

export function documentPage(path: string, title: string, body: string, facts: Facts): string {
  const up = '../'.repeat(path.split('/').length - 1);
  return frame({
    title,
    body: `<header>
<p><a href="${up}index.html">All documents</a></p>
<p><strong>${escapeHtml(path)}</strong></p>
<p>${count(facts.words, 'word')} · ${facts.minutes} min read · ${count(facts.codeBlocks, 'code block')} · ${count(facts.links, 'link')}</p>
</header>
<div class="columns">
${contents(facts.toc)}<article>
${body}</article>
</div>`,
  });
}

/** Escapes text for HTML, and leaves the character references that it has already. */
export function escapeHtml(text: string): string {
  return text
    .replace(/&(?!#?\w+;)/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}

function contents(toc: Heading[]): string {
  if (toc.length < 2) return '';
  const top = Math.min(...toc.map(({ level }) => level));
  const items = toc.map(
    ({ level, text, slug }) => `<li style="--depth: ${level - top}"><a href="#${slug}">${escapeHtml(text)}</a></li>`,
  );
  return `<nav aria-label="Contents"><ul>\n${items.join('\n')}\n</ul></nav>\n`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
