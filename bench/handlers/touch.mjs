/** Counts up the first and the last byte of a buffer. */
export function touch(buffer) {
  const bytes = new Uint8Array(buffer);
  const last = bytes.length - 1;
  if (bytes[0] !== bytes[last]) throw new Error(`the ends differ: ${bytes[0]} and ${bytes[last]}`);
  bytes[0]++;
  bytes[last]++;
  return buffer;
}
