/** Work for a processor: FNV-1a over 100,000 bytes that are made on the way. */
export default function hash(i) {
  let value = 0x811c9dc5 ^ (i % 8);
  for (let n = 0; n < 100_000; n++) value = Math.imul(value ^ (n & 0xff), 0x01000193);
  return value >>> 0;
}
