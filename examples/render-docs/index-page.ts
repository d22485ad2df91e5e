// The list of all documents: grouped by package at first, sorted by a click on a column's head.
import { escapeHtml, frame } from './page.ts';

export interface IndexEntry {
  /** npm package that the document belongs to. */
  packageName: string;
  path: string;
  title: string;
  words: number;
  minutes: number;
  headings: number;
  codeBlocks: number;
  links: number;
}

const STYLE = `
main { max-width: 76rem; margin: 0 auto; padding: 1rem 2rem 4rem; }
input { width: 100%; max-width: 24rem; padding: .4rem .6rem; font: inherit; color: inherit; background: var(--wash); border: 1px solid var(--line); border-radius: 6px; }
table { display: table; width: 100%; margin-top: 1rem; font-size: .9rem; }
th, td { border: 0; text-align: left; }
td { border-top: 1px solid var(--line); vertical-align: baseline; }
th { position: sticky; top: 0; background: var(--paper); }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible { outline: 2px solid var(--link); }
th[aria-sort=ascending] button::after { content: " ↑"; }
th[aria-sort=descending] button::after { content: " ↓"; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.again td { border-top-color: transparent; }
.again td:first-child { color: transparent; }
tbody tr:hover { background: var(--wash); }
small { color: var(--soft); }
`;

// Runs in the browser. A row of the same package as the row above it does not repeat its name.
const SCRIPT = `
const body = document.querySelector('tbody');
const rows = [...body.rows];
const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
const compare = (a, b) => (isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b);
function group() {
  let above;
  for (const row of rows) {
    if (row.hidden) continue;
    row.classList.toggle('again', above !== undefined && value(above, 0) === value(row, 0));
    above = row;
  }
}
for (const head of document.querySelectorAll('th')) {
  head.firstElementChild.addEventListener('click', () => {
    const descending = head.getAttribute('aria-sort') === 'ascending';
    for (const other of document.querySelectorAll('th')) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
    const column = head.cellIndex;
    rows.sort((a, b) => compare(value(a, column), value(b, column)) * (descending ? -1 : 1));
    body.append(...rows);
    group();
  });
}
document.querySelector('input').addEventListener('input', ({ target }) => {
  for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(target.value.toLowerCase());
  group();
});
group();
`;

const NUMBERS = ['Words', 'Minutes', 'Headings', 'Code blocks', 'Links'];

export function indexPage(root: string, entries: IndexEntry[]): string {
  const packages = new Set(entries.map(({ packageName }) => packageName));
  const words = entries.reduce((sum, entry) => sum + entry.words, 0);
  const heads = [
    '<th aria-sort="ascending"><button>Package</button></th>',
    '<th><button>Document</button></th>',
    ...NUMBERS.map((name) => `<th class="number"><button>${name}</button></th>`),
  ];
  return frame({
    title: `Documents of ${root}`,
    style: STYLE,
    policy: "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
    body: `<header>
<p><strong>Documents of ${escapeHtml(root)}</strong></p>
<p>${entries.length} documents of ${packages.size} packages, ${words} words</p>
</header>
<main>
<input type="search" placeholder="Filter" aria-label="Filter the documents">
<table>
<thead><tr>${heads.join('')}</tr></thead>
<tbody>
${entries.map(row).join('\n')}
</tbody>
</table>
</main>
<script>${SCRIPT}</script>`,
  });
}

function row(entry: IndexEntry): string {
  const { packageName, path, title, words, minutes, headings, codeBlocks, links } = entry;
  const href = `${path.split('/').map(encodeURIComponent).join('/')}.html`;
  const where = title === path ? '' : `<br><small>${escapeHtml(path)}</small>`;
  const numbers = [words, minutes, headings, codeBlocks, links];
  const cells = [
    `<td>${escapeHtml(packageName)}</td>`,
    `<td data-value="${escapeHtml(title)}"><a href="${href}">${escapeHtml(title)}</a>${where}</td>`,
    ...numbers.map((n) => `<td class="number">${n}</td>`),
  ];
  return `<tr>${cells.join('')}</tr>`;
}
