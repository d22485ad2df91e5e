// A pool that closes itself where its block ends, also when the block throws. `await using` is syntax of Node 24;
// before that, the same is written with try and finally.
const major = Number.parseInt(process.versions.node, 10);
await import(major >= 24 ? './await-using/block.mjs' : './await-using/try-finally.mjs');
