// The work of poolifier's benchmark against other pools: 'CPU_INTENSIVE', the product given back whole.
export default function poolifier({ taskType, taskSize }) {
  if (taskType !== 'CPU_INTENSIVE') throw new Error(`unknown type of task: ${taskType}`);
  let factorial = 1n;
  for (let n = 1n; n <= BigInt(taskSize); n++) factorial *= n;
  return { ok: 1, factorial };
}
