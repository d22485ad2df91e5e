/** Answers `[id, payload]` with what `run` makes of it, at once where it is no promise. */
export function answerer(run, post) {
  const fail = (id, error) => post([id, undefined, String(error)]);
  return ([id, payload]) => {
    try {
      const result = run(payload);
      if (typeof result?.then !== 'function') return post([id, result]);
      result.then(
        (value) => post([id, value]),
        (error) => fail(id, error),
      );
    } catch (error) {
      fail(id, error);
    }
  };
}
