/** Waits as a task does that asks something of a network, and gives back its number. `async`, as poolifier wants it. */
export default async function wait({ i, ms }) {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return i;
}
