'use strict';

const { matchesNode } = require('../support/node-parity.js');

matchesNode('TextEncoder and TextDecoder', {
  'encodes as UTF-8': () =>
    ['', 'a', 'ä', '漢', '😀', '\ud800', '\udc00x', 'a\ud800b', '\0', '\uffff', '\ud83d\ude00\ud83d', undefined].map(
      (text) => hex(new TextEncoder().encode(text)),
    ),
  'arguments of encode are made into strings': () =>
    [null, 5, true, {}, [1, 2], 5n].map((value) => hex(new TextEncoder().encode(value))),
  'a Symbol cannot be encoded': () => thrownBy(() => new TextEncoder().encode(Symbol('a'))),
  'encoding is utf-8': () => [new TextEncoder().encoding, new TextEncoder('latin1').encoding],
  'encodeInto says what it read and wrote': () =>
    [
      ['', 3],
      ['abc', 3],
      ['abc', 2],
      ['ä', 1],
      ['aä', 2],
      ['aä', 3],
      ['😀', 3],
      ['😀', 4],
      ['a😀', 4],
      ['\ud800', 2],
      ['\ud800', 3],
      ['漢字', 5],
      ['x', 0],
    ].map(([text, length]) => {
      const bytes = new Uint8Array(length);
      return [new TextEncoder().encodeInto(text, bytes), hex(bytes)];
    }),
  'encodeInto writes into a part of a buffer': () => {
    const bytes = new Uint8Array(6);
    new TextEncoder().encodeInto('abc', bytes.subarray(2, 4));
    return hex(bytes);
  },
  'encodeInto asks for a Uint8Array': () =>
    [new ArrayBuffer(1), new Uint16Array(1), {}, undefined, [1]].map((target) =>
      thrownBy(() => new TextEncoder().encodeInto('a', target)),
    ),
  'decodes UTF-8 and replaces what is none': () =>
    [
      '',
      '61',
      'c3a4',
      'e6bca2',
      'f09f9880',
      '80',
      'c3',
      'c328',
      'e6bc',
      'eda080',
      'f8808080',
      'c080',
      'f4908080',
      'ff',
      'fe',
      'efbfbf',
      '61ff62',
      'f09f98',
      'f09f',
      'e28228',
      '00',
      'efbbbf61',
      'efbbbfefbbbf61',
      'f0808080',
      'e0809f',
    ].map((bytes) => new TextDecoder().decode(bytesOf(bytes))),
  'fatal refuses what is no UTF-8': () =>
    ['', '61', '80', 'c3', 'e6bc', 'eda080', 'ff', 'f4908080', 'efbbbf'].map((bytes) =>
      thrownBy(() => new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(bytes))),
    ),
  'a byte order mark is taken away or kept': () => [
    new TextDecoder('utf-8').decode(bytesOf('efbbbf61')),
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytesOf('efbbbf61')),
    new TextDecoder('utf-16le').decode(bytesOf('fffe6100')),
    new TextDecoder('utf-16le', { ignoreBOM: true }).decode(bytesOf('fffe6100')),
    new TextDecoder('utf-16be').decode(bytesOf('feff0061')),
  ],
  properties: () => {
    const decoder = new TextDecoder('UTF8', { fatal: true, ignoreBOM: true });
    const plain = new TextDecoder();
    return [decoder.encoding, decoder.fatal, decoder.ignoreBOM, plain.encoding, plain.fatal, plain.ignoreBOM];
  },
  'any view and any buffer can be decoded': () => {
    const { buffer } = bytesOf('0061c3a46200');
    return [
      buffer,
      new Uint8Array(buffer, 1, 4),
      new DataView(buffer, 1, 3),
      new Uint16Array(buffer, 2, 1),
      new Int8Array(buffer),
      undefined,
      new ArrayBuffer(0),
    ].map((input) => new TextDecoder().decode(input));
  },
  'nothing else can': () => ['a', 5, {}, [97], null].map((input) => thrownBy(() => new TextDecoder().decode(input))),
  'a stream is decoded in parts': () => {
    const decoder = new TextDecoder();
    const parts = ['f0', '9f98', '80', 'e6', 'bc'].map((bytes) => decoder.decode(bytesOf(bytes), { stream: true }));
    return [parts, decoder.decode(), decoder.decode(bytesOf('61'))];
  },
  'the byte order mark of a stream may come in parts': () => {
    const decoder = new TextDecoder();
    return [
      ['ef', 'bb', 'bf', '61'].map((bytes) => decoder.decode(bytesOf(bytes), { stream: true })),
      decoder.decode(),
    ];
  },
  'a fatal stream fails where it is wrong': () => {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    return [
      thrownBy(() => decoder.decode(bytesOf('c3'), { stream: true })),
      thrownBy(() => decoder.decode(bytesOf('a4'), { stream: true })),
      thrownBy(() => decoder.decode(bytesOf('c3'))),
    ];
  },
  'streams of UTF-16': () => {
    const decoder = new TextDecoder('utf-16le');
    return [
      ['3d', 'd800', 'de61', '00'].map((bytes) => decoder.decode(bytesOf(bytes), { stream: true })),
      decoder.decode(),
    ];
  },
  'labels of every encoding': () =>
    [
      'utf-8',
      'utf8',
      'UTF-8',
      ' utf-8\n',
      'unicode-1-1-utf-8',
      'unicode11utf8',
      'unicode20utf8',
      'x-unicode20utf8',
      'utf-16',
      'utf-16le',
      'UTF-16BE',
      'ucs-2',
      'unicode',
      'csunicode',
      'iso-10646-ucs-2',
      'unicodefeff',
      'unicodefffe',
      'ibm866',
      'cp866',
      '866',
      'csibm866',
      'iso-8859-2',
      'latin2',
      'l2',
      'iso-8859-3',
      'latin3',
      'iso-8859-4',
      'latin4',
      'iso-8859-5',
      'cyrillic',
      'iso-8859-6',
      'arabic',
      'asmo-708',
      'ecma-114',
      'iso-8859-7',
      'greek',
      'greek8',
      'ecma-118',
      'iso-8859-8',
      'hebrew',
      'visual',
      'iso-8859-10',
      'latin6',
      'l6',
      'iso-8859-13',
      'iso-8859-14',
      'iso-8859-15',
      'latin9',
      'koi8-r',
      'koi',
      'koi8',
      'koi8-u',
      'koi8-ru',
      'macintosh',
      'mac',
      'x-mac-roman',
      'windows-874',
      'tis-620',
      'iso-8859-11',
      'windows-1250',
      'cp1250',
      'windows-1251',
      'cp1251',
      'windows-1252',
      'cp1252',
      'ascii',
      'us-ascii',
      'latin1',
      'l1',
      'iso-8859-1',
      'iso_8859-1:1987',
      'windows-1253',
      'windows-1254',
      'latin5',
      'iso-8859-9',
      'windows-1255',
      'windows-1256',
      'windows-1257',
      'windows-1258',
      'gbk',
      'gb2312',
      'chinese',
      'x-gbk',
      'gb18030',
      'big5',
      'big5-hkscs',
      'x-x-big5',
      'euc-jp',
      'x-euc-jp',
      'iso-2022-jp',
      'shift_jis',
      'sjis',
      'ms932',
      'windows-31j',
      'x-sjis',
      'euc-kr',
      'korean',
      'ks_c_5601-1987',
      'windows-949',
    ].map((label) => [label, thrownBy(() => new TextDecoder(label).encoding)]),
  'labels of none': () =>
    [
      '',
      'x',
      'utf',
      'utf-7',
      'utf-32',
      'utf-8\0',
      '\u00a0utf-8',
      'utf_8',
      'replacement',
      'hz-gb-2312',
      'iso-2022-kr',
      null,
      5,
      {},
    ].map((label) => thrownBy(() => new TextDecoder(label).encoding)),
  'bytes of every single-byte encoding that Node decodes as the standard says': () => {
    const bytes = Uint8Array.from({ length: 96 }, (_, i) => i + 160);
    return [
      'iso-8859-2',
      'iso-8859-4',
      'iso-8859-5',
      'iso-8859-10',
      'iso-8859-13',
      'iso-8859-15',
      'windows-1250',
      'windows-1251',
      'koi8-r',
      'ibm866',
      'macintosh',
    ].map((label) => new TextDecoder(label).decode(bytes));
  },
  'East Asian encodings': () =>
    [
      ['shift_jis', '93fa967b8cea8365835883670a'],
      ['euc-jp', 'c6fccbdcb8ec'],
      ['iso-2022-jp', '1b2442467c4b5c1b2842'],
      ['gbk', 'd6d0b9fac4e3bac3'],
      ['gb18030', 'd6d0b9fa'],
      ['big5', 'a4a4a4e5'],
      ['euc-kr', 'c7d1b1b9be'.slice(0, 8)],
    ].map(([label, bytes]) => [label, new TextDecoder(label).decode(bytesOf(bytes))]),
  'the this of methods is checked': () => [
    thrownBy(() => TextDecoder.prototype.decode.call({})),
    thrownBy(() => TextEncoder.prototype.encode.call({}, 'a')),
    thrownBy(() => TextDecoder('utf-8')),
    thrownBy(() => TextEncoder()),
  ],
  'a text of a megabyte comes back': () => {
    const text = 'aä漢😀'.repeat(100_000);
    return new TextDecoder().decode(new TextEncoder().encode(text)) === text;
  },
  tags: () => [new TextEncoder(), new TextDecoder()].map((value) => Object.prototype.toString.call(value)),
});

matchesNode('streams of text', {
  'TextDecoderStream decodes in parts': async () => {
    const stream = new TextDecoderStream();
    const writer = stream.writable.getWriter();
    for (const bytes of ['f09f', '9880', '61', 'c3']) writer.write(bytesOf(bytes));
    writer.close();
    const parts = [];
    for await (const part of stream.readable) parts.push(part);
    return [parts.join(''), stream.encoding, stream.fatal, stream.ignoreBOM];
  },
  'TextEncoderStream joins surrogates': async () => {
    const stream = new TextEncoderStream();
    const writer = stream.writable.getWriter();
    for (const text of ['a\ud83d', '\ude00', '\ud800', 'b', '\ud800']) writer.write(text);
    writer.close();
    const parts = [];
    for await (const part of stream.readable) parts.push(hex(part));
    return [parts.join(''), stream.encoding];
  },
  'a fatal TextDecoderStream fails': async () => {
    const stream = new TextDecoderStream('utf-8', { fatal: true });
    const writer = stream.writable.getWriter();
    const wrote = nameOf(() => writer.write(bytesOf('ff')));
    return [await nameOf(() => stream.readable.getReader().read()), await wrote];
  },
  'a bad label is refused': () => thrownBy(() => new TextDecoderStream('nonsense')),
});

matchesNode('atob and btoa', {
  'btoa writes base64': () =>
    ['', 'a', 'ab', 'abc', '\0', 'ÿ', 'äöü', 5, null, undefined, true, {}].map((text) => btoa(text)),
  'btoa refuses what is above ÿ': () => ['Ā', '漢', '😀', 'aĀ'].map((text) => thrownBy(() => btoa(text))),
  'atob reads base64': () =>
    [
      '',
      'YQ==',
      'YQ',
      'YWI=',
      'YWI',
      'YWJj',
      ' Y Q = = ',
      'Y\nQ\t=\f=\r',
      'AA==',
      '/+8=',
      'YR==',
      null,
      12,
      undefined,
      'nu\tll',
    ].map((text) => thrownBy(() => atob(text))),
  'atob refuses what is none': () =>
    [
      'Y',
      'YQ=',
      'YQ===',
      '=',
      '====',
      'Y=Q=',
      'YW-_',
      'Y*',
      'YWJjZ',
      'ä',
      '\u00a0',
      'YQ==YQ==',
      'A',
      '\0',
      'YQ\vA=',
    ].map((text) => thrownBy(() => atob(text))),
  'their error is a DOMException with a code': () => {
    try {
      atob('*');
    } catch (error) {
      return [error instanceof DOMException, error.name, error.code, error instanceof Error];
    }
  },
  'an argument is required': () => [thrownBy(() => atob()), thrownBy(() => btoa()), thrownBy(() => btoa(Symbol('a')))],
  'all bytes there and back': () => {
    const text = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
    return [btoa(text), atob(btoa(text)) === text];
  },
});

matchesNode('String.prototype.normalize and RegExp with Unicode', {
  'normal forms': () =>
    ['ä', 'a\u0308', 'ﬁ', 'Å', '각', 'ｱ', '①', '\u1e9b\u0323'].map((text) =>
      ['NFC', 'NFD', 'NFKC', 'NFKD', undefined].map((form) => text.normalize(form)),
    ),
  'a form that does not exist': () => thrownBy(() => 'a'.normalize('NFX')),
  'properties of characters': () =>
    [
      [/\p{L}+/gu, 'aä漢1'],
      [/\p{Script=Greek}/gu, 'aαb'],
      [/\p{Emoji_Presentation}/gu, 'a😀1'],
      [/\p{Lu}/gu, 'aBÄ'],
      [/\P{ASCII}/gu, 'aä'],
      [/\p{Sc}/gu, '€$a'],
    ].map(([pattern, text]) => text.match(pattern)),
  'sets of the v flag': () =>
    [
      [/[\p{L}--[a-z]]/gv, 'aBä'],
      [/[\p{L}&&\p{ASCII}]/gv, 'aBä'],
      [/^\p{RGI_Emoji}$/v, '👨‍👩‍👧'],
      [/[\q{abc|d}x]/gv, 'abcdx'],
    ].map(([pattern, text]) => text.match(pattern)),
  'names, lookbehind, sticky, indices': () => [
    'a1b2'.replace(/(?<letter>[a-z])(?<digit>\d)/g, '$<digit>$<letter>'),
    '$5 €6'.match(/(?<=€)\d/)[0],
    /b/dy.exec('b').indices[0],
    /a/y.test('ba'),
  ],
  'case without a locale': () => [
    'ß'.toUpperCase(),
    'İ'.toLowerCase(),
    'ΑΣ'.toLowerCase(),
    'i'.toLocaleUpperCase('tr'),
    'I'.toLocaleLowerCase('tr'),
    'ǆ'.toUpperCase(),
  ],
  'well-formed strings': () => ['a\ud800'.isWellFormed(), 'a\ud800'.toWellFormed(), '😀'.isWellFormed()],
});
