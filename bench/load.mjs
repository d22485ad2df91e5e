/**
 * Keeps `window` tasks in flight for as long as `more(i)` holds for the number of the next task,
 * and checks each result. Resolves with the number of tasks that ran.
 */
export async function runWindow(pool, task, window, more) {
  let next = 0;
  const lane = async () => {
    while (more(next)) {
      const i = next++;
      task.check(await pool.run(task.payload(i)), i);
    }
  };
  await Promise.all(Array.from({ length: window }, lane));
  return next;
}

/** Keeps `window` tasks in flight for a time and not for a number, so that the fast are not measured for less long. */
export async function throughputOf(pool, task, window, ms) {
  const start = performance.now();
  const end = start + ms;
  const tasks = await runWindow(pool, task, window, () => performance.now() < end);
  return (tasks / (performance.now() - start)) * 1000;
}

/** Submits all tasks in one turn and awaits them; `submit` is how long the event loop is blocked. */
export async function burst(pool, task, count) {
  const promises = new Array(count);
  const start = performance.now();
  for (let i = 0; i < count; i++) promises[i] = pool.run(task.payload(i));
  const submitted = performance.now();
  const results = await Promise.all(promises);
  const end = performance.now();
  results.forEach(task.check);
  return { throughput: (count / (end - start)) * 1000, submit: submitted - start };
}

/** Starts a pool, lets both sides compile their hot code, measures, and closes it. */
export async function withWarmPool(setup, task, { workers, quick }, measure) {
  const pool = await setup({ handler: task.handler, workers });
  const tasks = quick ? 200 : 20_000;
  await runWindow(pool, task, 64, (i) => i < tasks);
  const figures = await measure(pool);
  // Not in a `finally`: a failure ends the process, and a close that hangs must not hide it.
  await pool.close();
  return figures;
}
