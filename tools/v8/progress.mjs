/** How far ninja is, and when it may be done, from its own `[n/m]` lines. It decides what to say, never prints. */

const MINUTE = 60_000;
const QUIET = 30_000;
const STRIDE = 0.05;

// cargo puts the package before each line of a build script's output.
const STEP = /^\[v8 [^\]]*\] \[(\d+)\/(\d+)\] /;

export class Progress {
  #label;
  #began;
  #first;
  #step;
  #told;

  /** Times are milliseconds of one clock, given with each call. */
  constructor(label, now) {
    this.#label = label;
    this.#began = now;
    this.#told = { at: now, done: 0 };
  }

  /** Takes a line of the build's output; true when it was a step of the compile. */
  line(text, now) {
    const found = STEP.exec(text);
    if (!found) return false;
    this.#step = { done: Number(found[1]), total: Number(found[2]) };
    // ninja counts anew when it starts again; what was done before then says nothing about the speed now.
    if (this.#first?.total !== this.#step.total) this.#first = { ...this.#step, at: now };
    return true;
  }

  /** The state in one line. */
  text(now) {
    const elapsed = `${minutes(now - this.#began)} min`;
    if (!this.#step) return `${this.#label}: preparing, ${elapsed}`;
    const { done, total } = this.#step;
    const share = Math.floor((100 * done) / total);
    const left = this.#left(now);
    const estimate = left === undefined ? '' : `, about ${Math.max(1, minutes(left))} min left`;
    return `${this.#label}: ${done} of ${total} steps (${share} %), ${elapsed}${estimate}`;
  }

  /** The line for a log, or undefined while less than 30 s and less than 5 % have passed since the last one. */
  due(now) {
    const done = this.#step ? this.#step.done / this.#step.total : 0;
    if (now - this.#told.at < QUIET && Math.abs(done - this.#told.done) < STRIDE) return undefined;
    this.#told = { at: now, done };
    return this.text(now);
  }

  #left(now) {
    const done = effort(this.#step);
    const since = done - effort(this.#first);
    return since > 0 ? ((now - this.#first.at) / since) * (1 - done) : undefined;
  }
}

/** The share of the whole work that is done. Measured: the second half of V8's steps takes twice the time. */
function effort({ done, total }) {
  const share = done / total;
  return (share + Math.max(0, share - 0.5)) / 1.5;
}

function minutes(duration) {
  return Math.round(duration / MINUTE);
}
