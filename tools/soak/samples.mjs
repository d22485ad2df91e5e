/** What the process takes over time, and how that grows. */
import { readdirSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Of Node's own V8: what is garbage there must not look like growth. The isolates have a V8 of their own.
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

/** A figure for each, NaN where the system does not tell. */
function look() {
  collectGarbage();
  return {
    rssMB: process.memoryUsage.rss() / 1e6,
    heapMB: process.memoryUsage().heapUsed / 1e6,
    threads: orNaN(() => Number(/^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1])),
    files: orNaN(() => readdirSync('/proc/self/fd').length),
  };
}

function orNaN(read) {
  try {
    return read();
  } catch {
    return Number.NaN;
  }
}

export class Samples {
  #all = [];
  #begun = performance.now();
  #timer;

  /** @param {number} every - milliseconds */
  start(every) {
    this.take();
    this.#timer = setInterval(() => this.take(), every);
  }

  stop() {
    clearInterval(this.#timer);
    this.take();
  }

  take() {
    const sample = { minutes: (performance.now() - this.#begun) / 60_000, ...look() };
    this.#all.push(sample);
    return sample;
  }

  /**
   * First, last, least and most of a figure from a time on, and its slope per minute by least squares.
   * @param {'rssMB' | 'heapMB' | 'threads' | 'files'} name
   * @param {number} from - minutes
   */
  trend(name, from) {
    const points = this.#all.filter(({ minutes }) => minutes >= from).map((sample) => [sample.minutes, sample[name]]);
    const values = points.map(([, value]) => value);
    return {
      first: values[0],
      last: values.at(-1),
      least: Math.min(...values),
      most: Math.max(...values),
      slope: slope(points),
      minutes: points.at(-1)[0] - points[0][0],
    };
  }
}

/** @param {number[][]} points - pairs of x and y */
export function slope(points) {
  const mean = (index) => points.reduce((sum, point) => sum + point[index], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  let [above, below] = [0, 0];
  for (const [px, py] of points) {
    above += (px - x) * (py - y);
    below += (px - x) ** 2;
  }
  return below === 0 ? 0 : above / below;
}
