// The work of a tiny task, free of imports: isolane runs it in an isolate without Node.
export default function sum({ a, b }) {
  return a + b;
}
