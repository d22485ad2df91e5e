import { barX, plot, ruleY, text } from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { isHigherBetter, number } from './result.mjs';

const WIDTH = 760;
const MARGIN = 20;
const NAMES_WIDTH = 180;
/** Room to the right of the longest bar for its figure. */
const LABEL_WIDTH = 150;
const ROW = 22;
const SMALL_PRINT = 118;

const isOwn = (contender) => contender.startsWith('isolane');
/** No pool: drawn pale, and only where it is what the pools are held against. */
const isPale = (contender) => contender === 'none';

// Colours are GitHub's, light unless whoever looks prefers dark. The card brings its own ground, so that it
// can be read where the page has chosen another mode than the system.
const STYLE = `
.card { fill: #ffffff; stroke: #d0d7de }
text { fill: #1f2328; font-family: system-ui, -apple-system, 'Segoe UI', sans-serif }
.small { fill: #59636e; font-size: 10px }
.own rect { fill: #0969da }
.other rect { fill: #afb8c1 }
.pale rect { fill: #e6eaef }
.spread line { stroke: #1f2328; stroke-opacity: 0.55 }
@media (prefers-color-scheme: dark) {
  .card { fill: #0d1117; stroke: #3d444d }
  text { fill: #f0f6fc }
  .small { fill: #9198a1 }
  .own rect { fill: #4493f8 }
  .other rect { fill: #656c76 }
  .pale rect { fill: #2a313c }
  .spread line { stroke: #f0f6fc }
}`;

const NAMESPACE = 'http://www.w3.org/2000/svg';

/** Breaks words into lines; an SVG does not by itself. */
function linesOf(words, glue) {
  const lines = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + glue.length + word.length <= SMALL_PRINT)
      lines.push(lines.pop() + glue + word);
    else lines.push(word);
  }
  return lines;
}

/** The bars of one figure, best first: its median, a line from the least to the most of the rounds, the ratio. */
function panelOf(document, { unit, baseline, summary }, names, figure) {
  const sign = isHigherBetter(unit[figure]) ? -1 : 1;
  const rows = Object.entries(summary)
    .filter(([contender]) => !isPale(contender) || contender === baseline)
    .filter(([, figures]) => figures[figure]?.median !== undefined)
    .map(([contender, figures]) => ({ contender, name: names[contender], ...figures[figure] }))
    .sort((a, b) => sign * (a.median - b.median));
  const bars = (className, wanted) =>
    barX(rows.filter(wanted), { x: 'median', y: 'name', className, insetTop: 2, insetBottom: 2 });
  const ratio = (row) => (row.ratio && row.contender !== baseline ? ` (${number(row.ratio.median)} ×)` : '');
  const panel = plot({
    document,
    width: WIDTH - 2 * MARGIN,
    height: rows.length * ROW,
    marginTop: 0,
    marginBottom: 0,
    marginLeft: NAMES_WIDTH,
    marginRight: LABEL_WIDTH,
    x: { axis: null, domain: [0, Math.max(...rows.map(({ max }) => max))] },
    y: { label: null, tickSize: 0, domain: rows.map(({ name }) => name), padding: 0.1 },
    style: { fontSize: '12px' },
    marks: [
      bars('own', ({ contender }) => isOwn(contender)),
      bars('pale', ({ contender }) => isPale(contender)),
      bars('other', ({ contender }) => !isOwn(contender) && !isPale(contender)),
      ruleY(
        rows.filter(({ min, max }) => min !== max),
        { y: 'name', x1: 'min', x2: 'max', className: 'spread', strokeWidth: 1.5 },
      ),
      text(rows, { x: 'max', y: 'name', text: (row) => number(row.median) + ratio(row), textAnchor: 'start', dx: 6 }),
    ],
  });
  // Plot scopes its own style by a class; ours is for the whole drawing.
  panel.querySelector('style')?.remove();
  return { panel, height: rows.length * ROW };
}

/** Coordinates to a hundredth of a pixel: the same result is the same file, and another one differs in few lines. */
const rounded = (svg) =>
  svg
    .replace(/ (x|y|x1|x2|y1|y2|width|height|transform|d)="([^"]*)"/g, (_, name, value) => {
      return ` ${name}="${value.replace(/\d+\.\d+/g, (n) => String(Number(Number(n).toFixed(2))))}"`;
    })
    .replaceAll('><', '>\n<');

/** What stands below every chart: where the figures come from. */
function smallPrintOf({ machine, node, date, commit, rounds, versions, quick }, { baseline, summary }) {
  const entrants = Object.keys(summary)
    .filter((contender) => versions[contender] && versions[contender] !== node)
    .sort();
  const about = [
    `median of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, line: least to most`,
    `(n ×): of ${baseline} in the same round`,
    `${machine.cpu}, ${machine.cores} cores`,
    machine.os,
    `Node ${node}`,
    `${date.slice(0, 10)}${commit ? `, ${commit}` : ''}`,
    ...(quick ? ['QUICK: says nothing about speed'] : []),
  ];
  return [
    ...linesOf(about, ' · '),
    ...linesOf(
      entrants.map((id) => `${id} ${versions[id]}`),
      ', ',
    ),
  ];
}

/**
 * One case of a result as an SVG text: bars for each of its figures. Undefined where no contender has any.
 *
 * @param figures which of the case's figures are drawn
 */
export function chartOf(result, benchCase, figures) {
  if (Object.keys(benchCase.summary).length === 0) return undefined;
  const { document } = parseHTML('<html></html>');
  const make = (name, attributes, content) => {
    const element = document.createElementNS(NAMESPACE, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    if (content !== undefined) element.textContent = content;
    return element;
  };

  // A text and no attribute: linkedom leaves `<` in attributes as it is, which XML forbids.
  const svg = make('svg', { xmlns: NAMESPACE, role: 'img' });
  svg.append(make('title', {}, benchCase.name));
  svg.append(make('style', {}, STYLE));
  const card = make('rect', { class: 'card', x: 0.5, y: 0.5, width: WIDTH - 1, rx: 6 });
  svg.append(card);

  let y = MARGIN + 14;
  svg.append(make('text', { x: MARGIN, y, 'font-size': 15, 'font-weight': 600 }, benchCase.name));
  for (const figure of figures) {
    const { panel, height } = panelOf(document, benchCase, result.names, figure);
    const better = isHigherBetter(benchCase.unit[figure]) ? 'more' : 'less';
    y += 24;
    svg.append(
      make('text', { x: MARGIN, y, 'font-size': 12 }, `${figure}, ${benchCase.unit[figure]} (${better} is better)`),
    );
    y += 8;
    panel.setAttribute('x', String(MARGIN));
    panel.setAttribute('y', String(y));
    svg.append(panel);
    y += height;
  }
  y += 10;
  for (const line of smallPrintOf(result, benchCase)) {
    y += 14;
    svg.append(make('text', { class: 'small', x: MARGIN, y }, line));
  }

  const height = y + MARGIN - 6;
  card.setAttribute('height', String(height - 1));
  for (const [key, value] of Object.entries({ viewBox: `0 0 ${WIDTH} ${height}`, width: WIDTH, height })) {
    svg.setAttribute(key, String(value));
  }
  return `${rounded(svg.toString())}\n`;
}
