/** A contender as the runner knows it; one that does not load takes part in all, so that its rounds say why. */
async function load(id) {
  try {
    const { default: contender } = await import(`./contenders/${id}.mjs`);
    const { execArgv = [], missing, leftOut = {} } = contender;
    return { id, execArgv, missing, leftOut, can: (need) => need in contender };
  } catch {
    return { id, execArgv: [], missing: undefined, leftOut: {}, can: () => true };
  }
}

/**
 * Who takes part in what: a contender in each case whose `needs` it has, unless something is `missing`
 * or it says why it is `leftOut` of one.
 * Resolves with `races`, cases that have entrants, and the reasons of those who are missing.
 */
export async function lineUp(caseIds, contenderIds) {
  const contenders = await Promise.all(contenderIds.map(load));
  const missing = {};
  const races = [];
  for (const id of caseIds) {
    const { default: benchCase } = await import(`./cases/${id}.mjs`);
    const able = contenders.filter((contender) => contender.can(benchCase.needs ?? 'setup'));
    for (const contender of able) {
      if (contender.missing) missing[contender.id] = contender.missing;
      else if (contender.leftOut[id]) missing[`${contender.id} in ${id}`] = contender.leftOut[id];
    }
    const entrants = able.filter((contender) => !contender.missing && !contender.leftOut[id]);
    if (entrants.length > 0) races.push({ id, benchCase, entrants });
  }
  return { races, missing };
}
