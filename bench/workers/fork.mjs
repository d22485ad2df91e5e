const { default: handler } = await import(process.argv[2]);

process.on('message', async ([id, payload]) => {
  try {
    process.send([id, await handler(payload)]);
  } catch (error) {
    process.send([id, undefined, String(error)]);
  }
});
process.send('ready');
