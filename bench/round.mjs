// One contender, one case, one fresh process: `node bench/round.mjs <case> <contender> [--quick]`.
// run.mjs forks it; by hand it prints its figures, which is the way to profile:
// `node --cpu-prof bench/round.mjs burst isolane`.

const WORKERS = 2;

const [caseId, contenderId, flag] = process.argv.slice(2);
const { default: benchCase } = await import(`./cases/${caseId}.mjs`);
const before = await benchCase.before?.();
const { default: contender } = await import(`./contenders/${contenderId}.mjs`);

const figures = await benchCase.measure(contender, { workers: WORKERS, quick: flag === '--quick', before });
const report = { name: contender.name, version: contender.version, figures };

if (process.send) process.send(report, () => process.disconnect());
else console.log(report);
