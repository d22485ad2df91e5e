'use strict';

const { matchesNode, since, differsFromNode } = require('../support/node-parity.js');

matchesNode('URL', {
  'takes a URL apart': () => {
    const names = [
      'href',
      'origin',
      'protocol',
      'username',
      'password',
      'host',
      'hostname',
      'port',
      'pathname',
      'search',
    ];
    return [
      'https://user:pass@sub.example.com:8080/p/a/t/h?query=string#hash',
      'http://example.com',
      'HTTP://EXAMPLE.com:80/%7efoo/../%41',
      'file:///C:/a/../b',
      'mailto:a@b.c?subject=x',
      'data:text/plain,hi there',
      'blob:https://a.b/c',
      'ws://a:80/',
      'wss://a:443/x',
      'ftp://a:21/x',
      'javascript:alert(1)',
      'http://[::1]:3000/',
      'http://[2001:db8:0:0:1:0:0:1]/',
      'http://192.168.257/',
      'http://0x7f.1/',
      'http://0300.168.0xF0/',
      'http://münchen.de/ä?ä#ä',
      'http://例え.テスト/',
      'http://xn--mnchen-3ya.de/',
      'http://faß.de/',
      'non-special://host/path',
      'http:\\\\a\\b',
      ' http://a/b \n',
      'http://a/b\tc\nd',
      'http://a/ b?c d#e f',
      'http://a/%zz?%zz#%zz',
      'http://a/<>"`{}|?<>"`{}|^\'#<>"`{}|^',
      'http://a?x#',
      'http://a/?#',
      'http://a//b///c',
      'http://u@a',
      'http://:p@a',
      'http://u:@a',
      'http://a:/',
      'http://a:65535/',
      'http://a./',
      'http://a/./b/.././c/%2e/%2E%2e/d',
      'http://\u00ada.b/',
      'http://ＥＸＡＭＰＬＥ.com',
      'http://a_b/',
      'urn:isbn:123',
      'a:b',
      'about:blank#x',
      'http://1.2.3/',
      'http://4294967295/',
      'https://a.b:443',
      'http://a/\ud800',
      'http://a/?\ud800#\udc00',
    ].map((href) => names.map((name) => new URL(href)[name]));
  },
  'refuses what is no URL': () =>
    [
      '',
      'a',
      '/a',
      '//a',
      'http:',
      'http://',
      'http://a:65536',
      'http://a:b',
      'http://[::1',
      'http://[1]',
      'http://a b',
      'http://a%b',
      'http://1.2.3.256',
      'http://4294967296',
      'http://%00',
      'http://a<b',
      'http://\u200d',
      'https://',
      'ws:',
      '1:a',
      ':a',
      'http://a@',
      'http://@',
      'http://user@/x',
      'http://0x100000000',
      'http://a.%2F',
      'http://%',
      'http://[::1]a',
      'http://a^b',
      'http://a|b',
      'http://a\u0000b',
      'non-special://a b',
      'non-special://[::1',
    ].map((href) => thrownBy(() => new URL(href).href)),
  'the error of a bad URL is a TypeError, caught as such': () => {
    try {
      new URL('nonsense');
    } catch (error) {
      return [error instanceof TypeError, error.name, typeof error.message];
    }
  },
  'resolves against a base': () =>
    [
      ['b', 'http://a/c/d'],
      ['../b', 'http://a/c/d/e'],
      ['/b', 'http://a/c/d'],
      ['//b', 'http://a/c/d'],
      ['?b', 'http://a/c/d?x#y'],
      ['#b', 'http://a/c/d?x#y'],
      ['', 'http://a/c/d?x#y'],
      ['.', 'http://a/c/d'],
      ['..', 'http://a/c/d/'],
      ['http:b', 'http://a/c/d'],
      ['https:b', 'http://a/c/d'],
      ['#b', 'mailto:x'],
      ['b', 'non-special:/a/b'],
      ['b', 'file:///a/b'],
      ['\\b', 'http://a/c'],
      ['http://x/', 'http://a/c'],
      ['../../../b', 'http://a/c'],
      ['a:b', 'http://a/c'],
    ].map(([href, base]) => new URL(href, base).href),
  'refuses a base that cannot be one': () =>
    [
      ['b', 'mailto:x'],
      ['b', 'nonsense'],
      ['b', ''],
      ['', 'about:blank'],
      ['//', 'http://a'],
    ].map(([href, base]) => thrownBy(() => new URL(href, base).href)),
  'arguments are made into strings': () => [
    new URL({ toString: () => 'http://a/' }).href,
    new URL(new URL('http://a/b')).href,
    new URL('b', new URL('http://a/')).href,
    new URL(['http://a/']).href,
    thrownBy(() => new URL()),
    thrownBy(() => new URL(Symbol('a'))),
    thrownBy(() => new URL(undefined)),
    thrownBy(() => URL('http://a/')),
    new URL('http://a/', undefined).href,
    thrownBy(() => new URL('x', null)),
  ],
  'canParse answers without an error': () => [
    URL.canParse('http://a'),
    URL.canParse('a'),
    URL.canParse('a', 'http://b'),
    URL.canParse('a', 'b'),
    URL.canParse(''),
    URL.canParse(undefined, 'http://a'),
    thrownBy(() => URL.canParse()),
  ],
  'parse gives null instead of an error': since(22, () => [
    URL.parse('http://a/b').href,
    URL.parse('a'),
    URL.parse('a', 'http://b').href,
    URL.parse('a', 'b'),
    URL.parse('http://a') instanceof URL,
    thrownBy(() => URL.parse()),
  ]),
  'every setter changes its own part': () => {
    const changed = (name, value, href = 'https://u:p@a.b:8080/c?d=e#f') => {
      const url = new URL(href);
      url[name] = value;
      return url.href;
    };
    return [
      ['protocol', 'http'],
      ['protocol', 'http:x'],
      ['protocol', 'mailto'],
      ['protocol', ''],
      ['protocol', '1'],
      ['protocol', 'ws:'],
      ['username', 'x y'],
      ['username', ''],
      ['username', '@:/'],
      ['password', ''],
      ['password', 'ä:@'],
      ['host', 'x'],
      ['host', 'x:1'],
      ['host', ''],
      ['host', 'x/y'],
      ['host', 'x:y'],
      ['host', 'a b'],
      ['host', 'x:443'],
      ['hostname', 'x'],
      ['hostname', '1.2'],
      ['hostname', ''],
      ['hostname', 'ä.de'],
      ['hostname', 'x?y'],
      ['port', '1'],
      ['port', ''],
      ['port', '443'],
      ['port', '65536'],
      ['port', '12x'],
      ['port', 'x'],
      ['port', 99],
      ['port', '-1'],
      ['pathname', ''],
      ['pathname', 'x'],
      ['pathname', '/x?y#z'],
      ['pathname', '../../..'],
      ['pathname', '\\x'],
      ['pathname', 'ä %'],
      ['search', ''],
      ['search', '?'],
      ['search', 'x'],
      ['search', '?x#y'],
      ['search', "ä '"],
      ['hash', ''],
      ['hash', '#'],
      ['hash', 'x'],
      ['hash', '#x y`'],
      ['href', 'http://z/'],
      ['origin', 'http://z/'],
      ['searchParams', 'x'],
    ].map(([name, value]) => [name, value, changed(name, value)]);
  },
  'setters of URLs without a host do nothing where they must not': () =>
    [
      ['mailto:a@b', 'host', 'x'],
      ['mailto:a@b', 'pathname', 'x'],
      ['mailto:a@b', 'port', '1'],
      ['mailto:a@b', 'username', 'x'],
      ['file:///a', 'port', '1'],
      ['file:///a', 'username', 'x'],
      ['file:///a', 'host', 'x'],
      ['file:///a', 'protocol', 'http'],
      ['data:x', 'search', 'y'],
      ['data:x', 'hash', 'y'],
    ].map(([href, name, value]) => {
      const url = new URL(href);
      url[name] = value;
      return [href, name, url.href];
    }),
  'a bad href is a TypeError and changes nothing': () => {
    const url = new URL('http://a/');
    return [
      thrownBy(() => {
        url.href = 'nonsense';
      }),
      url.href,
    ];
  },
  'toString, toJSON and JSON.stringify give the href': () => {
    const url = new URL('http://a/ä');
    return [String(url), url.toString(), url.toJSON(), JSON.stringify({ url }), `${url}`];
  },
  'the tag is URL': () => [
    Object.prototype.toString.call(new URL('a:b')),
    Object.prototype.toString.call(new URLSearchParams()),
    Object.prototype.toString.call(new URLSearchParams().entries()),
  ],
  'methods ask for a URL as their this': () => [
    thrownBy(() => URL.prototype.toString.call({})),
    thrownBy(() => URL.prototype.href),
    thrownBy(() => URLSearchParams.prototype.get.call({}, 'a')),
    thrownBy(() => URLSearchParams.prototype.append.call(new Map(), 'a', 'b')),
  ],
  'parts are accessors of the prototype': () => [
    Object.keys(new URL('a:b')),
    ['href', 'origin', 'host', 'searchParams'].map((name) => {
      const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(URL.prototype, name);
      return [typeof get, typeof set, enumerable, configurable];
    }),
  ],
  'can be extended': () => {
    class Mine extends URL {
      get twice() {
        return this.href + this.href;
      }
    }
    const mine = new Mine('http://a/');
    return [mine.twice, mine instanceof URL];
  },
});

matchesNode('URLSearchParams', {
  'is made of strings, records, pairs and others of its kind': () =>
    [
      '',
      '?a=1',
      'a=1&b=2',
      '??a',
      'a&b=&=c&&',
      'a=1&a=2',
      'a+b=c+d',
      'a%20b=%zz',
      '%F0%9F%91%8D',
      'a=%ff',
      '\ud800',
      'a=b=c',
      '#a',
      { a: '1', b: 2 },
      [
        ['a', '1'],
        ['b', '2'],
      ],
      new URLSearchParams('a=1'),
      new Map([['a', 'b']]),
      undefined,
      5,
      true,
      {},
      [],
      new Set([['x', 'y']]),
      { 'a b': 'ä&=' },
      (function* pairs() {
        yield ['a', 'b'];
        yield ['c', 'd'];
      })(),
    ].map((init) => [
      String(new URLSearchParams(init)),
      [...new URLSearchParams(String(new URLSearchParams(typeof init === 'object' ? '' : init)))],
    ]),
  'refuses pairs that are none': () =>
    [[['a']], [['a', 'b', 'c']], ['ab'], [1], [null], [[]], { [Symbol.iterator]: 1 }].map((init) =>
      thrownBy(() => String(new URLSearchParams(init))),
    ),
  'strings of two characters are pairs': () => thrownBy(() => String(new URLSearchParams(['ab', 'cd']))) !== undefined,
  changes: () => {
    const params = new URLSearchParams('a=1&b=2&a=3');
    const steps = [];
    const note = (value) => steps.push([value, String(params), params.size]);
    note(params.get('a'));
    note(params.getAll('a'));
    note(params.get('x'));
    note(params.getAll('x'));
    note(params.has('a'));
    note(params.has('x'));
    params.append('a', 4);
    note();
    params.set('a', '5');
    note();
    params.set('new', 'ä ö');
    note();
    params.delete('a');
    note();
    params.delete('none');
    note();
    params.append(undefined, null);
    note();
    params.sort();
    note();
    return steps;
  },
  'has and delete take a value': () => {
    const params = new URLSearchParams('a=1&a=2&b=1');
    const had = [params.has('a', '2'), params.has('a', '3'), params.has('a', undefined)];
    params.delete('a', '1');
    return [had, String(params)];
  },
  'sort is stable and by code units': () => {
    const params = new URLSearchParams('z=b&a=b&z=a&a=a&\uffff=1&😀=2&ä=3&A=4&=5');
    params.sort();
    return String(params);
  },
  iterates: () => {
    const params = new URLSearchParams('a=1&b=2');
    const seen = [];
    params.forEach((value, key, self) => {
      seen.push([value, key, self === params]);
    });
    params.forEach(
      function each() {
        seen.push(this.x);
      },
      { x: 'this' },
    );
    return [
      [...params],
      [...params.keys()],
      [...params.values()],
      [...params.entries()],
      seen,
      params[Symbol.iterator] === params.entries,
    ];
  },
  'is iterated live': () => {
    const params = new URLSearchParams('a=1&b=2&c=3');
    const seen = [];
    for (const [key] of params) {
      seen.push(key);
      params.delete(key);
    }
    return seen;
  },
  'forEach asks for a function': () => [
    thrownBy(() => new URLSearchParams('a').forEach()),
    thrownBy(() => new URLSearchParams('a').forEach(1)),
  ],
  'arguments are required': () => {
    const params = new URLSearchParams();
    return [
      thrownBy(() => params.get()),
      thrownBy(() => params.getAll()),
      thrownBy(() => params.has()),
      thrownBy(() => params.set('a')),
      thrownBy(() => params.append('a')),
      thrownBy(() => params.delete()),
      thrownBy(() => params.get(Symbol('a'))),
    ];
  },
  'is written as forms are': () => String(new URLSearchParams([['a', ' !"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~ä😀\ud800']])),
  'belongs to its URL': () => {
    const url = new URL('http://a/?x=1#h');
    const { searchParams } = url;
    const steps = [searchParams === url.searchParams, String(searchParams)];
    searchParams.append('y', 'ä b');
    steps.push(url.href);
    url.search = '?z=2&z=3';
    steps.push(searchParams.getAll('z'), String(searchParams));
    searchParams.delete('z');
    steps.push(url.href, url.search);
    url.href = 'http://b/?q';
    steps.push([...searchParams]);
    return steps;
  },
  'can be changed with for of and Object.fromEntries': () => Object.fromEntries(new URLSearchParams('a=1&b=2&a=3')),
});

differsFromNode('URL', {
  'http: to file:': [
    'the crate that parses URLs lets no URL become one of a file',
    () => {
      const url = new URL('http://a/');
      url.protocol = 'file';
      return url.href;
    },
    'http://a/',
  ],
});
