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

/** Starts a pool, lets both sides compile their hot code, measures, and closes it. */
export async function withWarmPool(contender, task, { workers, quick }, measure) {
  const pool = await contender.setup({ handler: task.handler, workers });
  const tasks = quick ? 200 : 20_000;
  await runWindow(pool, task, 64, (i) => i < tasks);
  const figures = await measure(pool);
  // Not in a `finally`: a failure ends the process, and a close that hangs must not hide it.
  await pool.close();
  return figures;
}
