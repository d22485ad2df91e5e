'use strict';

const { matchesNode, since } = require('../support/node-parity.js');

matchesNode('streams', {
  'a stream is read to its end': async () => {
    const reader = new ReadableStream({
      start(controller) {
        controller.enqueue('a');
        controller.enqueue({ b: 1 });
        controller.close();
      },
    }).getReader();
    const reads = [await reader.read(), await reader.read(), await reader.read()];
    await reader.closed;
    return reads;
  },
  'pull is called as much as is wanted': async () => {
    let pulls = 0;
    const stream = new ReadableStream({ pull: (controller) => controller.enqueue(++pulls) }, { highWaterMark: 2 });
    await later(5);
    const before = pulls;
    const reader = stream.getReader();
    await reader.read();
    await later(5);
    return [before, pulls];
  },
  'asynchronous iteration': async () => {
    const seen = [];
    const stream = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 3; i++) controller.enqueue(i);
        controller.close();
      },
    });
    for await (const part of stream) seen.push(part);
    return [seen, stream.locked];
  },
  'leaving an iteration cancels, unless told not to': async () => {
    const seen = [];
    const make = () =>
      new ReadableStream({
        pull: (controller) => controller.enqueue(1),
        cancel: (reason) => {
          seen.push(['cancel', reason]);
        },
      });
    for await (const part of make()) {
      seen.push(part);
      break;
    }
    const kept = make();
    for await (const part of kept.values({ preventCancel: true })) {
      seen.push(part);
      break;
    }
    return [seen, kept.locked, (await kept.getReader().read()).value];
  },
  'from iterables': async () => {
    const seen = [];
    for await (const part of ReadableStream.from(['a', 'b'])) seen.push(part);
    for await (const part of ReadableStream.from(
      (async function* parts() {
        yield 1;
        yield 2;
      })(),
    ))
      seen.push(part);
    return [seen, thrownBy(() => ReadableStream.from(5))];
  },
  'errors reach the reader': async () => {
    const stream = new ReadableStream({ start: (controller) => controller.error(new RangeError('a')) });
    const reader = stream.getReader();
    return [await nameOf(() => reader.read()), await nameOf(() => reader.closed)];
  },
  'errors of start and pull': async () => [
    thrownBy(
      () =>
        new ReadableStream({
          start() {
            throw new RangeError('a');
          },
        }),
    ),
    await nameOf(() =>
      new ReadableStream({
        pull() {
          throw new RangeError('b');
        },
      })
        .getReader()
        .read(),
    ),
    await nameOf(() =>
      new ReadableStream({
        start: async () => {
          throw new EvalError('c');
        },
      })
        .getReader()
        .read(),
    ),
  ],
  'a locked stream': async () => {
    const stream = new ReadableStream();
    const reader = stream.getReader();
    const outcome = [
      stream.locked,
      thrownBy(() => stream.getReader()),
      await nameOf(() => stream.cancel()),
      thrownBy(() => stream.tee()),
      thrownBy(() => stream.pipeThrough(new TransformStream())),
    ];
    reader.releaseLock();
    return [...outcome, stream.locked];
  },
  'reads that wait are rejected when the lock is given up': async () => {
    const reader = new ReadableStream().getReader();
    const read = nameOf(() => reader.read());
    reader.releaseLock();
    return [await read, await nameOf(() => reader.read())];
  },
  'cancel tells the source': async () => {
    const seen = [];
    const stream = new ReadableStream({
      cancel: (reason) => {
        seen.push(reason);
      },
    });
    await stream.cancel('why');
    return [seen, await stream.getReader().read()];
  },
  'tee gives the same to both': async () => {
    const [a, b] = ReadableStream.from([1, 2, 3]).tee();
    const collect = async (stream) => {
      const parts = [];
      for await (const part of stream) parts.push(part);
      return parts;
    };
    return Promise.all([collect(a), collect(b)]);
  },
  'pipeTo hands everything on and closes': async () => {
    const seen = [];
    await ReadableStream.from(['a', 'b']).pipeTo(
      new WritableStream({
        start: () => {
          seen.push('start');
        },
        write: (part) => {
          seen.push(part);
        },
        close: () => {
          seen.push('close');
        },
      }),
    );
    return seen;
  },
  'pipeTo with errors on either side': async () => {
    const seen = [];
    const bad = new ReadableStream({ pull: (controller) => controller.error(new RangeError('source')) });
    seen.push(
      await nameOf(() =>
        bad.pipeTo(
          new WritableStream({
            abort: (reason) => {
              seen.push(['abort', reason.message]);
            },
          }),
        ),
      ),
    );
    const source = new ReadableStream({
      pull: (controller) => controller.enqueue(1),
      cancel: (reason) => {
        seen.push(['cancel', reason.message]);
      },
    });
    seen.push(
      await nameOf(() =>
        source.pipeTo(
          new WritableStream({
            write() {
              throw new EvalError('sink');
            },
          }),
        ),
      ),
    );
    return seen;
  },
  'pipeTo is ended by a signal': async () => {
    const controller = new AbortController();
    const seen = [];
    const piped = nameOf(() =>
      new ReadableStream({
        cancel: () => {
          seen.push('cancel');
        },
      }).pipeTo(
        new WritableStream({
          abort: () => {
            seen.push('abort');
          },
        }),
        { signal: controller.signal },
      ),
    );
    controller.abort();
    return [await piped, seen.sort()];
  },
  'pipeThrough transforms': async () => {
    const upper = new TransformStream({
      start: (controller) => controller.enqueue('<'),
      transform: (part, controller) => controller.enqueue(part.toUpperCase()),
      flush: (controller) => controller.enqueue('>'),
    });
    const seen = [];
    for await (const part of ReadableStream.from(['a', 'b']).pipeThrough(upper)) seen.push(part);
    return seen;
  },
  'a TransformStream without a transformer hands on': async () => {
    const { readable, writable } = new TransformStream();
    const writer = writable.getWriter();
    writer.write(1);
    writer.close();
    const seen = [];
    for await (const part of readable) seen.push(part);
    return seen;
  },
  'errors of a transformer reach both sides': async () => {
    const { readable, writable } = new TransformStream({
      transform() {
        throw new RangeError('a');
      },
    });
    const writer = writable.getWriter();
    const wrote = nameOf(() => writer.write(1));
    return [await nameOf(() => readable.getReader().read()), await wrote, await nameOf(() => writer.closed)];
  },
  'terminate ends the readable side': async () => {
    const { readable, writable } = new TransformStream({
      transform: (part, controller) => {
        controller.enqueue(part);
        controller.terminate();
      },
    });
    const writer = writable.getWriter();
    const wrote = nameOf(() => writer.write(1));
    const seen = [];
    for await (const part of readable) seen.push(part);
    return [seen, await wrote, await nameOf(() => writer.write(2))];
  },
  'backpressure of a WritableStream': async () => {
    let release;
    const stream = new WritableStream(
      {
        write: () =>
          new Promise((resolve) => {
            release = resolve;
          }),
      },
      { highWaterMark: 2 },
    );
    const writer = stream.getWriter();
    const sizes = [writer.desiredSize];
    const first = writer.write('a');
    sizes.push(writer.desiredSize);
    const second = writer.write('b');
    sizes.push(writer.desiredSize);
    await later(1);
    release();
    await first;
    sizes.push(writer.desiredSize);
    release();
    await second;
    await writer.ready;
    sizes.push(writer.desiredSize);
    return sizes;
  },
  'abort and close of a WritableStream': since(22, async () => {
    const seen = [];
    const make = () =>
      new WritableStream({
        write: (part) => {
          seen.push(part);
        },
        close: () => {
          seen.push('close');
        },
        abort: (reason) => {
          seen.push(['abort', reason]);
        },
      });
    const closed = make().getWriter();
    closed.write(1);
    await closed.close();
    seen.push(await nameOf(() => closed.write(2)), await nameOf(() => closed.close()));
    const aborted = make();
    await aborted.abort('why');
    seen.push(await nameOf(() => aborted.getWriter().write(1)));
    return seen;
  }),
  'the signal of a controller is aborted': async () => {
    let signal;
    const stream = new WritableStream({
      start: (controller) => {
        signal = controller.signal;
      },
    });
    const before = signal.aborted;
    await stream.abort('why');
    return [before, signal.aborted, signal.reason];
  },
  'queuing strategies': () => {
    const [count, bytes] = [
      new CountQueuingStrategy({ highWaterMark: 3 }),
      new ByteLengthQueuingStrategy({ highWaterMark: 5 }),
    ];
    return [
      count.highWaterMark,
      count.size({}),
      bytes.highWaterMark,
      bytes.size(new Uint8Array(4)),
      thrownBy(() => new CountQueuingStrategy()),
      thrownBy(() => new ReadableStream({}, { highWaterMark: -1 })),
    ];
  },
  'a size function counts': async () => {
    let desired;
    new ReadableStream(
      {
        start: (controller) => {
          controller.enqueue('abc');
          desired = controller.desiredSize;
        },
      },
      { highWaterMark: 10, size: (part) => part.length },
    );
    return desired;
  },
  'bytes are read into a buffer of the reader': async () => {
    const stream = new ReadableStream({
      type: 'bytes',
      start: (controller) => {
        controller.enqueue(Uint8Array.of(1, 2, 3, 4, 5));
        controller.close();
      },
    });
    const reader = stream.getReader({ mode: 'byob' });
    const first = await reader.read(new Uint8Array(2));
    const second = await reader.read(new Uint8Array(10));
    const end = await reader.read(new Uint8Array(1));
    return [hex(first.value), first.done, hex(second.value), second.done, end.done, end.value?.byteLength];
  },
  'a source of bytes answers a request': async () => {
    const stream = new ReadableStream({
      type: 'bytes',
      pull(controller) {
        const { byobRequest } = controller;
        byobRequest.view[0] = 42;
        byobRequest.respond(1);
      },
    });
    const { value } = await stream.getReader({ mode: 'byob' }).read(new Uint8Array(4));
    return [hex(value), value.buffer.byteLength];
  },
  'the buffer that is read into is taken': async () => {
    const stream = new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(Uint8Array.of(1)) });
    const view = new Uint8Array(1);
    await stream.getReader({ mode: 'byob' }).read(view);
    return view.byteLength;
  },
  'streams of values have no such reader': () => thrownBy(() => new ReadableStream().getReader({ mode: 'byob' })),
  'bad arguments': () => [
    thrownBy(() => new ReadableStream({ type: 'x' })),
    thrownBy(() => new ReadableStream({ pull: 5 })),
    thrownBy(() => new ReadableStream().getReader({ mode: 'x' })),
    thrownBy(() => new WritableStream({ type: 'bytes' })),
    thrownBy(() => new TransformStream({ readableType: 'bytes' })),
  ],
  tags: () =>
    [
      new ReadableStream(),
      new WritableStream(),
      new TransformStream(),
      new ReadableStream().getReader(),
      new WritableStream().getWriter(),
    ].map((value) => Object.prototype.toString.call(value)),
});

matchesNode('Blob and File', {
  'is made of texts, bytes and blobs': async () => {
    const blob = new Blob(
      [
        'ä',
        Uint8Array.of(1, 2),
        new ArrayBuffer(1),
        new Blob(['b']),
        new Uint16Array([256]),
        5,
        { toString: () => 'o' },
      ],
      { type: 'Text/Plain' },
    );
    return [blob.size, blob.type, hex(await blob.arrayBuffer()), await blob.text()];
  },
  slices: async () => {
    const blob = new Blob(['0123456789'], { type: 'a/b' });
    const out = [];
    for (const args of [[], [2], [2, 5], [-3], [-3, -1], [5, 2], [20], [0, 3, 'x/y']]) {
      const part = blob.slice(...args);
      out.push([part.size, part.type, await part.text()]);
    }
    return out;
  },
  'is streamed': async () => {
    let text = '';
    for await (const part of new Blob(['hello ', 'world']).stream().pipeThrough(new TextDecoderStream())) text += part;
    return text;
  },
  'types and line endings': async () => [
    new Blob([], { type: 'ä' }).type,
    new Blob([], { type: 'A B' }).type,
    new Blob().size,
    await new Blob(['a\r\nb\nc'], { endings: 'transparent' }).text(),
  ],
  'parts must be a list': () => [
    thrownBy(() => new Blob('a').size),
    thrownBy(() => new Blob(5).size),
    thrownBy(() => new Blob({}).size),
    new Blob(new Set(['a', 'b'])).size,
  ],
  bytes: since(24, async () => hex(await new Blob(['abc']).bytes())),
  'a File has a name and a time': async () => {
    const file = new File(['abc'], 'a.txt', { type: 'text/plain', lastModified: 5 });
    return [
      file.name,
      file.lastModified,
      file.size,
      file.type,
      await file.text(),
      file instanceof Blob,
      Math.abs(new File([], 'b').lastModified - Date.now()) < 1000,
      thrownBy(() => new File([])),
      thrownBy(() => new File()),
    ];
  },
  'large ones': async () => {
    const blob = new Blob([new Uint8Array(1_000_000).fill(1), new Uint8Array(1_000_000).fill(2)]);
    return [blob.size, hex(await blob.slice(999_998, 1_000_002).arrayBuffer())];
  },
  tags: () => [Object.prototype.toString.call(new Blob()), Object.prototype.toString.call(new File([], 'a'))],
});
