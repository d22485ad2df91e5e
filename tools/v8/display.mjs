/** Shows a compile's progress: one line rewritten on a terminal, a line now and then elsewhere. */
import { Progress } from './progress.mjs';

export class Display {
  #progress;
  #say;
  #timer;
  #terminal = process.stderr.isTTY;

  constructor(label, say) {
    this.#progress = new Progress(label, Date.now());
    this.#say = say;
    this.#timer = setInterval(() => this.#show(), 1000);
  }

  line(text) {
    if (this.#progress.line(text, Date.now()) && !this.#terminal) this.#show();
  }

  end() {
    clearInterval(this.#timer);
    if (this.#terminal) process.stderr.write('\n');
  }

  #show() {
    const now = Date.now();
    if (this.#terminal) {
      const width = process.stderr.columns || 80;
      process.stderr.write(`\r${this.#progress.text(now).slice(0, width - 1)}\x1b[K`);
      return;
    }
    const line = this.#progress.due(now);
    if (line) this.#say(line);
  }
}
