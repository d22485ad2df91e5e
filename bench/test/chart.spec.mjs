import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHTML } from 'linkedom';
import { chartOf } from '../chart.mjs';

const spread = (median) => ({
  median,
  min: median * 0.9,
  max: median * 1.1,
  ratio: { median: median / 10, min: 1, max: 1 },
});
const benchCase = {
  name: 'tasks & <more>',
  unit: { speed: 'tasks/s', time: 'ms' },
  baseline: 'piscina',
  summary: {
    piscina: { speed: spread(10), time: spread(5) },
    none: { speed: spread(1000), time: spread(1) },
    isolane: { speed: spread(40), time: spread(2) },
    slow: { speed: spread(1), time: {} },
  },
};
const result = {
  machine: { cpu: 'a cpu', cores: 2, os: 'an os' },
  node: 'v20.0.0',
  date: '2026-01-02T03:04:05Z',
  commit: 'abc',
  rounds: 3,
  quick: false,
  names: { isolane: 'isolane', piscina: 'piscina <5>', slow: 'slow', none: '(no pool)' },
  versions: { piscina: '5.3.2', isolane: '0.1.0' },
};
const textsOf = (svg) => [...parseHTML(svg).document.querySelectorAll('text')].map((text) => text.textContent);

test('a chart is the same text each time, whatever the order in which contenders ran', () => {
  const turned = { ...benchCase, summary: Object.fromEntries(Object.entries(benchCase.summary).reverse()) };
  assert.equal(chartOf(result, turned, ['speed', 'time']), chartOf(result, benchCase, ['speed', 'time']));
});

test('names are escaped', () => {
  const svg = chartOf(result, benchCase, ['speed']);
  assert.match(svg, />tasks &amp; &lt;more&gt;</);
  assert.match(svg, />piscina &lt;5&gt;</);
  assert.doesNotMatch(svg, /<more>|<5>/);
});

test('the best is first, and who has no figure is left out', () => {
  const names = new Set(Object.values(result.names));
  const order = (figure) => textsOf(chartOf(result, benchCase, [figure])).filter((text) => names.has(text));
  assert.deepEqual(order('speed'), ['isolane', 'piscina <5>', 'slow']);
  assert.deepEqual(order('time'), ['isolane', 'piscina <5>']);
});

test('no pool is drawn only where the pools are held against it', () => {
  assert.ok(!textsOf(chartOf(result, benchCase, ['speed'])).includes('(no pool)'));
  assert.ok(textsOf(chartOf(result, { ...benchCase, baseline: 'none' }, ['speed'])).includes('(no pool)'));
});

test('small print says machine, Node, versions and date', () => {
  const text = textsOf(chartOf(result, benchCase, ['speed'])).join('\n');
  for (const part of [
    'a cpu, 2 cores',
    'an os',
    'Node v20.0.0',
    '2026-01-02, abc',
    'isolane 0.1.0, piscina 5.3.2',
    '3 rounds',
  ]) {
    assert.ok(text.includes(part), `${part} is missing in:\n${text}`);
  }
});

test('a case without a good run has no chart', () => {
  assert.equal(chartOf(result, { ...benchCase, summary: {} }, ['speed']), undefined);
});
