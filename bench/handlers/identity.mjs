const worker = Math.random();

/** Who runs this: another number in each worker, as each loads this module for itself. */
export default function identity() {
  return worker;
}
