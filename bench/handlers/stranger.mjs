// tasks/stranger.mjs as a module.
export default function stranger(inputs) {
  if (globalThis.guest !== undefined) return 'somebody was here';
  globalThis.guest = inputs.a;
  return inputs.a + inputs.b;
}
