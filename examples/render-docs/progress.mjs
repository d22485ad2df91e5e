// Progress on standard error: a bar on a terminal, a line for each quarter elsewhere.
import { SingleBar } from 'cli-progress';

/** `latency()` gives `{ p50, p95 }` in milliseconds. */
export function showProgress(total, latency, stream = process.stderr) {
  const start = performance.now();
  let done = 0;

  const figures = () => {
    const { p50, p95 } = latency();
    const rate = Math.round(done / ((performance.now() - start) / 1000));
    return `${done}/${total} · ${rate} documents/s · p50 ${p50.toFixed(1)} ms · p95 ${p95.toFixed(1)} ms`;
  };
  const display = stream.isTTY ? bar(total, stream, figures) : lines(total, stream, figures);

  return {
    tick() {
      done += 1;
      display.update(done);
    },
    stop: () => display.stop(),
  };
}

function bar(total, stream, figures) {
  const single = new SingleBar({
    stream,
    hideCursor: true,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    // Called when the bar is drawn, a few times a second, and not for each document.
    format: ({ barCompleteString, barIncompleteString, barsize }, { progress }) => {
      const filled = Math.round(progress * barsize);
      return `${barCompleteString.slice(0, filled)}${barIncompleteString.slice(filled)} ${figures()}`;
    },
  });
  single.start(total, 0);
  return single;
}

function lines(total, stream, figures) {
  let quarter = 0;
  return {
    update(done) {
      const reached = Math.floor((4 * done) / total);
      if (reached === quarter) return;
      quarter = reached;
      stream.write(`${figures()}\n`);
    },
    stop() {},
  };
}
