'use strict';

// What the engine provides: the data of Intl, WebAssembly, and the properties of the globals, compared with Node.

const { matchesNode, differsFromNode } = require('../support/node-parity.js');

matchesNode('Intl', {
  'dates of many locales': () => {
    const date = new Date(Date.UTC(2024, 1, 29, 13, 5, 9));
    const out = [];
    for (const locale of [
      'en-US',
      'en-GB',
      'de',
      'fr',
      'es',
      'ja',
      'zh-CN',
      'ko',
      'ru',
      'pl',
      'tr',
      'sv',
      'nl',
      'it',
      'uk',
      'el',
      'cs',
      'hu',
      'fi',
    ]) {
      const parts = { weekday: 'long', month: 'long' };
      for (const [type, style] of Object.entries(parts))
        out.push([locale, new Intl.DateTimeFormat(locale, { [type]: style, timeZone: 'UTC' }).format(date)]);
      out.push(
        new Intl.DateTimeFormat(locale, { year: 'numeric', month: '2-digit', day: '2-digit', timeZone: 'UTC' }).format(
          date,
        ),
      );
    }
    return out;
  },
  'time zones and their changes': () =>
    [
      'Europe/Berlin',
      'America/New_York',
      'Asia/Tokyo',
      'Asia/Kolkata',
      'Australia/Lord_Howe',
      'Pacific/Auckland',
      'UTC',
    ].map((timeZone) =>
      [Date.UTC(2024, 2, 31, 0, 59), Date.UTC(2024, 2, 31, 1, 1), Date.UTC(2024, 10, 3, 6, 30)].map((time) =>
        new Intl.DateTimeFormat('en-GB', {
          timeZone,
          year: 'numeric',
          month: 'numeric',
          day: 'numeric',
          hour: 'numeric',
          minute: 'numeric',
          hour12: false,
        }).format(time),
      ),
    ),
  'a time zone that does not exist': () => thrownBy(() => new Intl.DateTimeFormat('en', { timeZone: 'Mars/Base' })),
  'calendars and numbering systems': () => [
    new Intl.DateTimeFormat('th-TH-u-ca-buddhist', { year: 'numeric', timeZone: 'UTC' }).format(0),
    new Intl.DateTimeFormat('ja-JP-u-ca-japanese', { year: 'numeric', timeZone: 'UTC' }).format(0),
    new Intl.NumberFormat('ar-EG').format(1234.5),
    new Intl.NumberFormat('fa').format(7),
    new Intl.NumberFormat('hi-IN').format(12345678),
    new Intl.NumberFormat('bn').format(12),
  ],
  'numbers of many locales': () =>
    ['en', 'de', 'fr', 'pt-BR', 'sv', 'ru', 'ja', 'en-IN'].map((locale) => [
      new Intl.NumberFormat(locale).format(1234567.891),
      new Intl.NumberFormat(locale, { style: 'percent' }).format(0.256),
      new Intl.NumberFormat(locale, { style: 'currency', currency: 'EUR' }).format(1234.5),
      new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }).format(12.5),
    ]),
  'number styles': () => [
    new Intl.NumberFormat('en', { notation: 'compact' }).format(1_234_567),
    new Intl.NumberFormat('de', { notation: 'compact', compactDisplay: 'long' }).format(1_234_567),
    new Intl.NumberFormat('en', { style: 'unit', unit: 'kilometer-per-hour' }).format(50),
    new Intl.NumberFormat('en', { minimumIntegerDigits: 3 }).format(5),
    new Intl.NumberFormat('en', { signDisplay: 'always' }).format(5),
    new Intl.NumberFormat('en', { notation: 'scientific' }).format(12345),
    new Intl.NumberFormat('en').format(10n ** 20n),
    new Intl.NumberFormat('en', { currency: 'USD', style: 'currency', currencySign: 'accounting' }).format(-5),
    thrownBy(() => new Intl.NumberFormat('en', { style: 'currency' })),
  ],
  'toLocaleString uses the same': () => [
    (1234.5).toLocaleString('de'),
    new Date(0).toLocaleDateString('de', { timeZone: 'UTC' }),
    5n.toLocaleString('en'),
    [1.5, 2].toLocaleString('de'),
  ],
  sorting: () => {
    const words = ['z', 'ä', 'a', 'Z', 'ö', 'o', 'å', 'A', 'é', 'e', '10', '2'];
    return ['de', 'sv', 'en']
      .map((locale) => [...words].sort(new Intl.Collator(locale).compare))
      .concat(
        [[...words].sort(new Intl.Collator('en', { numeric: true }).compare)],
        [['a', 'A', 'á'].map((word) => 'a'.localeCompare(word, 'en', { sensitivity: 'base' }))],
      );
  },
  segments: () => [
    [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment('a👨‍👩‍👧é🇩🇪')].map(({ segment }) => segment),
    [...new Intl.Segmenter('en', { granularity: 'word' }).segment('Hello, world! 3.5')].map(
      ({ segment, isWordLike }) => [segment, isWordLike],
    ),
    [...new Intl.Segmenter('en', { granularity: 'sentence' }).segment('One. Two? Three!')].map(
      ({ segment }) => segment,
    ),
    [...new Intl.Segmenter('ja', { granularity: 'word' }).segment('吾輩は猫である')].map(({ segment }) => segment),
  ],
  plurals: () =>
    ['en', 'ar', 'pl', 'ja', 'cy', 'ru'].map((locale) => [
      [0, 1, 2, 3, 5, 11, 21, 100, 1.5].map((n) => new Intl.PluralRules(locale).select(n)),
      new Intl.PluralRules(locale, { type: 'ordinal' }).select(2),
    ]),
  lists: () =>
    ['en', 'de', 'ja', 'es'].map((locale) => [
      new Intl.ListFormat(locale).format(['a', 'b', 'c']),
      new Intl.ListFormat(locale, { type: 'disjunction' }).format(['a', 'b']),
    ]),
  names: () =>
    ['en', 'de', 'fr', 'ja'].map((locale) => [
      new Intl.DisplayNames(locale, { type: 'region' }).of('JP'),
      new Intl.DisplayNames(locale, { type: 'language' }).of('de'),
      new Intl.DisplayNames(locale, { type: 'currency' }).of('EUR'),
      new Intl.DisplayNames(locale, { type: 'script' }).of('Cyrl'),
    ]),
  'relative times': () =>
    ['en', 'de', 'ru', 'ja'].map((locale) => [
      new Intl.RelativeTimeFormat(locale).format(-3, 'day'),
      new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(1, 'day'),
      new Intl.RelativeTimeFormat(locale).format(2, 'month'),
    ]),
  locales: () => {
    const locale = new Intl.Locale('zh-Hant-TW-u-ca-roc-hc-h12');
    return [
      locale.language,
      locale.script,
      locale.region,
      locale.calendar,
      locale.hourCycle,
      new Intl.Locale('sr').maximize().script,
      new Intl.Locale('en-Latn-US').minimize().baseName,
      Intl.getCanonicalLocales('EN-us'),
      thrownBy(() => new Intl.Locale('x_y_z')),
    ];
  },
  'supported values': () => [
    Intl.supportedValuesOf('currency').includes('EUR'),
    Intl.supportedValuesOf('unit').length,
    Intl.supportedValuesOf('timeZone').length > 300,
    Intl.DateTimeFormat.supportedLocalesOf(['de', 'xx', 'ja', 'sw']),
  ],
});

matchesNode('WebAssembly', {
  'compile, instantiate and call': async () => {
    const bytes = bytesOf('0061736d0100000001070160027f7f017f03020100070701036164640000' + '0a09010700200020016a0b');
    const { instance, module } = await WebAssembly.instantiate(bytes);
    const again = await WebAssembly.instantiate(await WebAssembly.compile(bytes));
    const sync = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    return [
      instance.exports.add(2, 3),
      again.exports.add(-1, 1),
      sync.exports.add(2 ** 31 - 1, 1),
      WebAssembly.Module.exports(module),
      WebAssembly.Module.imports(module),
      WebAssembly.validate(bytes),
      WebAssembly.validate(bytes.slice(0, 20)),
    ];
  },
  'imports and their errors': async () => {
    const bytes = bytesOf('0061736d01000000010401600000020701016d01660000030201000707010372756e00010a0601040010000b');
    const seen = [];
    const { instance } = await WebAssembly.instantiate(bytes, { m: { f: () => seen.push('called') } });
    instance.exports.run();
    const throwing = await WebAssembly.instantiate(bytes, {
      m: {
        f() {
          throw new RangeError('mine');
        },
      },
    });
    return [
      seen,
      thrownBy(() => throwing.instance.exports.run()),
      await nameOf(() => WebAssembly.instantiate(bytes)),
      await nameOf(() => WebAssembly.instantiate(bytes, { m: {} })),
      WebAssembly.Module.imports(new WebAssembly.Module(bytes)),
    ];
  },
  'bytes that are no module': async () => [
    await nameOf(() => WebAssembly.compile(Uint8Array.of(1, 2))),
    await nameOf(() => WebAssembly.compile('text')),
    thrownBy(() => new WebAssembly.Module(new Uint8Array(0))),
    thrownBy(() => WebAssembly.Module(new Uint8Array(0))),
  ],
  'a trap is a RuntimeError': async () => {
    const bytes = bytesOf('0061736d010000000104016000000302010007070103' + '72756e00000a05010300000b');
    const { instance } = await WebAssembly.instantiate(bytes);
    try {
      instance.exports.run();
    } catch (error) {
      return [error instanceof WebAssembly.RuntimeError, error instanceof Error, error.name];
    }
  },
  'memory grows': () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 3 });
    const before = memory.buffer;
    const grown = memory.grow(1);
    return [
      grown,
      before.byteLength,
      memory.buffer.byteLength,
      thrownBy(() => memory.grow(5)),
      thrownBy(() => new WebAssembly.Memory({ initial: 2, maximum: 1 })),
    ];
  },
  'tables and globals': () => {
    const table = new WebAssembly.Table({ element: 'anyfunc', initial: 2 });
    const global = new WebAssembly.Global({ value: 'i32', mutable: true }, 5);
    global.value = 7;
    const constant = new WebAssembly.Global({ value: 'i64' }, 5n);
    return [
      table.length,
      table.get(0),
      global.value,
      constant.value,
      thrownBy(() => {
        constant.value = 1n;
      }),
      thrownBy(() => table.get(5)),
    ];
  },
  tags: () => [
    Object.prototype.toString.call(WebAssembly),
    Object.prototype.toString.call(new WebAssembly.Memory({ initial: 0 })),
  ],
});

matchesNode('globals', {
  'functions and classes are the same kinds of property': () =>
    [
      'setTimeout',
      'clearTimeout',
      'setInterval',
      'setImmediate',
      'queueMicrotask',
      'structuredClone',
      'console',
      'globalThis',
      'Array',
      'Intl',
      'WebAssembly',
    ].map((name) => {
      const { enumerable, configurable, writable } = Object.getOwnPropertyDescriptor(globalThis, name);
      return [name, enumerable, configurable, writable];
    }),
  'what is enumerable and what is not': () =>
    [
      'URL',
      'URLSearchParams',
      'TextEncoder',
      'TextDecoder',
      'AbortController',
      'Event',
      'EventTarget',
      'Blob',
      'ReadableStream',
      'DOMException',
      'MessageChannel',
      'Crypto',
      'crypto',
      'performance',
      'atob',
      'btoa',
      'setTimeout',
    ].map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name).enumerable]),
  'everything that is usual is there': () =>
    [
      'URL',
      'URLSearchParams',
      'TextEncoder',
      'TextDecoder',
      'TextEncoderStream',
      'TextDecoderStream',
      'AbortController',
      'AbortSignal',
      'Event',
      'EventTarget',
      'CustomEvent',
      'MessageEvent',
      'MessageChannel',
      'MessagePort',
      'Blob',
      'File',
      'DOMException',
      'ReadableStream',
      'WritableStream',
      'TransformStream',
      'ByteLengthQueuingStrategy',
      'CountQueuingStrategy',
      'Crypto',
      'CryptoKey',
      'SubtleCrypto',
    ].filter((name) => typeof globalThis[name] === 'function' && globalThis[name].name === name),
  'globals can be replaced and put back': () => {
    const { setTimeout: own } = globalThis;
    globalThis.setTimeout = () => 'mine';
    const replaced = setTimeout();
    globalThis.setTimeout = own;
    return [replaced, setTimeout === own];
  },
  'names of functions': () =>
    [
      'atob',
      'btoa',
      'structuredClone',
      'queueMicrotask',
      'setTimeout',
      'clearTimeout',
      'clearInterval',
      'clearImmediate',
    ].map((name) => globalThis[name].name),
  'strict and sloppy code have their this': () => [
    (function sloppy() {
      return this === globalThis;
    })(),
    (function strict() {
      'use strict';
      return this;
    })() === undefined,
  ],
  'built-ins are not frozen': () => [
    Object.isFrozen(Object.prototype),
    Object.isFrozen(Array.prototype),
    Object.isExtensible(globalThis),
  ],
  stacks: () => {
    const holder = {};
    Error.captureStackTrace(holder);
    return [
      typeof Error.stackTraceLimit,
      typeof Error.captureStackTrace,
      typeof holder.stack,
      new Error('a').stack.split('\n')[0],
    ];
  },
  'weak references and finalization': () => [
    new WeakRef({ a: 1 }).deref(),
    typeof FinalizationRegistry,
    typeof new FinalizationRegistry(() => {}).register,
  ],
});

differsFromNode('Intl', {
  'languages of few speakers': [
    'the data that V8 is linked with is that of Chromium, and they are written in English',
    () => [
      Intl.DateTimeFormat.supportedLocalesOf(['is', 'eu', 'zu', 'de']),
      new Intl.NumberFormat('is').format(1234.5),
    ],
    [['de'], '1,234.5'],
  ],
});

differsFromNode('globals', {
  'the tag of globalThis': [
    'it is no object of Node',
    () => Object.prototype.toString.call(globalThis),
    '[object Object]',
  ],
});
