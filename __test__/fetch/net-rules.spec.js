'use strict';

// Tables of the hosts, ports and addresses that a list of hosts allows.

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { isPublic } = require('../../lib/fetch/addresses.js');
const { Rules, target } = require('../../lib/fetch/net-rules.js');

/** The decision about a URL before its name is resolved. */
function allows(list, url) {
  const rules = Rules.read('net', list);
  const host = target(new URL(url));
  return rules.allows(host) && (!isAddress(host.host) || rules.allowsAddress(host, host.host));
}
const isAddress = (host) => require('node:net').isIP(host) > 0;

const TABLE = [
  {
    list: ['api.example.com:443'],
    yes: [
      'https://api.example.com/',
      'https://api.example.com:443/a?b',
      'https://API.Example.COM/',
      'https://api.example.com./',
      'http://api.example.com:443/',
    ],
    no: [
      'http://api.example.com/',
      'https://api.example.com:8443/',
      'https://example.com/',
      'https://a.api.example.com/',
      'https://xapi.example.com/',
      'https://api.example.com.evil.com/',
      'https://api.example.com@evil.com/',
      'https://evil.com#api.example.com',
      'https://evil.com\\@api.example.com/',
      'https://evil.com/?api.example.com:443',
      'https://api.example.com../',
    ],
  },
  {
    list: ['api.example.com'],
    yes: ['https://api.example.com/', 'http://api.example.com/', 'http://api.example.com:80/'],
    no: ['http://api.example.com:8080/', 'https://api.example.com:444/'],
  },
  {
    list: ['API.Example.com.:443'],
    yes: ['https://api.example.com/', 'https://api.example.com./'],
    no: ['https://example.com/'],
  },
  {
    list: ['*.example.com'],
    yes: ['https://a.example.com/', 'http://b.a.example.com/', 'https://a.example.com./'],
    no: ['https://example.com/', 'https://aexample.com/', 'https://.example.com.evil.com/', 'https://a.example.org/'],
  },
  {
    list: ['bücher.example', 'xn--mnchen-3ya.example'],
    yes: [
      'https://bücher.example/',
      'https://xn--bcher-kva.example/',
      'https://BÜCHER.example',
      'https://münchen.example/',
    ],
    // The first letter of the last is Cyrillic.
    no: ['https://bucher.example/', 'https://munchen.example/', 'https://ьücher.example/'],
  },
  {
    list: ['127.0.0.1:8080'],
    yes: [
      'http://127.0.0.1:8080/',
      'http://127.1:8080/',
      'http://2130706433:8080/',
      'http://0x7f.0.0.1:8080/',
      'http://0177.0.0.1:8080/',
      'http://127.0.0.1.:8080/',
      'http://１２７.０.０.１:8080/',
      'http://[::ffff:127.0.0.1]:8080/',
      'http://[::ffff:7f00:1]:8080/',
    ],
    no: [
      'http://127.0.0.1/',
      'http://127.0.0.2:8080/',
      'http://localhost:8080/',
      'http://[::1]:8080/',
      'http://[::127.0.0.1]:8080/',
      'http://0.0.0.0:8080/',
    ],
  },
  {
    list: ['[::1]:8080'],
    yes: ['http://[::1]:8080/', 'http://[0:0:0:0:0:0:0:1]:8080/', 'http://[0000::0001]:8080/'],
    no: ['http://[::]:8080/', 'http://127.0.0.1:8080/', 'http://[::1]/', 'http://localhost:8080/'],
  },
  {
    list: ['[::ffff:10.0.0.5]:80'],
    yes: ['http://10.0.0.5/', 'http://[::ffff:10.0.0.5]/'],
    no: ['http://10.0.0.6/'],
  },
  {
    list: ['localhost:3000'],
    yes: ['http://localhost:3000/', 'http://LOCALHOST:3000/', 'http://localhost.:3000/'],
    no: ['http://localhost/', 'http://127.0.0.1:3000/', 'http://a.localhost:3000/', 'http://localhost.evil.com:3000/'],
  },
  {
    list: ['*:443', '*:8080'],
    yes: ['https://example.com/', 'http://example.com:8080', 'https://8.8.8.8/', 'https://[2606:4700::1111]/'],
    no: [
      'http://example.com/',
      'https://127.0.0.1/',
      'https://2130706433/',
      'https://0x7f000001/',
      'https://017700000001/',
      'https://0/',
      'https://0.0.0.0/',
      'https://10.0.0.1/',
      'https://172.16.0.1/',
      'https://192.168.1.1/',
      'https://169.254.169.254/',
      'https://2852039166/',
      'https://0xa9fea9fe/',
      'https://0251.0376.0251.0376/',
      'https://[::ffff:169.254.169.254]/',
      'https://[::ffff:a9fe:a9fe]/',
      'https://[64:ff9b::a9fe:a9fe]/',
      'https://[2002:a9fe:a9fe::]/',
      'https://[::a9fe:a9fe]/',
      'https://[::]/',
      'https://[::1]/',
      'https://[fe80::1]/',
      'https://[fd00:ec2::254]/',
      'https://①②⑦.⓪.⓪.①/',
    ],
  },
  { list: [], yes: [], no: ['https://example.com/', 'http://localhost/', 'https://8.8.8.8/'] },
  {
    list: ['10.0.0.5', '*:443'],
    yes: ['http://10.0.0.5/', 'https://10.0.0.5/', 'https://example.com/'],
    no: ['https://10.0.0.6/', 'http://10.0.0.5:8080/', 'http://example.com/'],
  },
];

for (const { list, yes, no } of TABLE) {
  describe(JSON.stringify(list), () => {
    for (const url of yes) test(`lets ${url} through`, () => assert.equal(allows(list, url), true));
    for (const url of no) test(`refuses ${url}`, () => assert.equal(allows(list, url), false));
  });
}

describe('the address that a name resolves to', () => {
  const behind = (list, url, address) => Rules.read('net', list).allowsAddress(target(new URL(url)), address);

  test('may be any public one', () => {
    for (const address of ['8.8.8.8', '::ffff:8.8.8.8', '2606:4700::1111']) {
      assert.equal(behind(['api.example.com'], 'https://api.example.com', address), true, address);
    }
  });

  test('is refused when it is not public, although the name is listed', () => {
    for (const list of [['api.example.com'], ['*.example.com'], ['*:443'], ['localhost', 'api.example.com']]) {
      for (const address of ['127.0.0.1', '10.0.0.5', '169.254.169.254', '::1', '::ffff:10.0.0.5', 'fe80::1%eth0']) {
        assert.equal(behind(list, 'https://api.example.com', address), false, `${list} ${address}`);
      }
    }
  });

  test('is allowed when it is listed itself with that port', () => {
    const list = ['db.internal', '10.0.0.5:443', '[fd00::1]:443'];
    assert.equal(behind(list, 'https://db.internal', '10.0.0.5'), true);
    assert.equal(behind(list, 'https://db.internal', '::ffff:10.0.0.5'), true);
    assert.equal(behind(list, 'https://db.internal', 'fd00:0::1'), true);
    assert.equal(behind(list, 'http://db.internal', '10.0.0.5'), false);
    assert.equal(behind(list, 'https://db.internal', '10.0.0.6'), false);
  });

  test('may be a loopback address, but no other internal one, for localhost and its subdomains', () => {
    for (const address of ['127.0.0.1', '127.0.0.53', '::1']) {
      assert.equal(behind(['localhost:3000'], 'http://localhost:3000', address), true);
      assert.equal(behind(['*.localhost:3000'], 'http://a.localhost:3000', address), true);
      assert.equal(behind(['localhost:3000'], 'http://localhost:3001', address), false);
      assert.equal(behind(['localhost:3000', '*:3000'], 'http://other.example:3000', address), false);
    }
    assert.equal(behind(['localhost:3000'], 'http://localhost:3000', '10.0.0.1'), false);
  });
});

describe('an address is public', () => {
  const inside = [
    '0.0.0.0',
    '0.1.2.3',
    '10.255.255.255',
    '100.64.0.1',
    '100.100.100.200',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.0.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::2',
    '::8.8.8.8',
    '::ffff:192.168.0.1',
    '::ffff:0:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '64:ff9b:1::1',
    '100::1',
    '1000::1',
    '2001::1',
    '2001:db8::1',
    '2002:0808:0808::1',
    '3fff::1',
    '4000::1',
    '5f00::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%lo',
    'fec0::1',
    'ff02::1',
  ];
  for (const address of inside) test(`not ${address}`, () => assert.equal(isPublic(address), false));

  for (const address of ['1.1.1.1', '9.255.255.255', '100.63.255.255', '100.128.0.1', '172.32.0.1', '2a00:1450::1']) {
    test(address, () => assert.equal(isPublic(address), true));
  }
});

describe('an entry is refused:', () => {
  const wrong = [
    [5, /a host or/],
    [null, /a host or/],
    [{}, /a host or/],
    ['', /a host or/],
    [':443', /a host or/],
    ['*', /'\*:443'/],
    ['*.', /a host or/],
    ['**.example.com', /a host or/],
    ['a*.example.com', /a host or/],
    ['api.*.com', /a host or/],
    ['*.*.com', /a host or/],
    ['https://api.example.com', /a host or/],
    ['api.example.com/path', /a host or/],
    ['user@api.example.com', /a host or/],
    ['api.example.com:0', /a host or/],
    ['api.example.com:65536', /a host or/],
    ['api.example.com:https', /a host or/],
    ['api.example.com:', /a host or/],
    ['api.example.com:443:1', /a host or/],
    ['api.example.com :443', /a host or/],
    ['a b', /a host or/],
    ['%61pi.example.com', /a host or/],
    ['::1', /a host or/],
    ['::1:8080', /a host or/],
    ['[::1', /a host or/],
    ['[::g]', /a host or/],
    ['[fe80::1%eth0]', /a host or/],
    ['[127.0.0.1]', /a host or/],
    ['10.0.0.0/8', /a host or/],
    ['256.0.0.1', /a host or/],
    ['*.10.0.0.1', /without \*/],
    ['2130706433', /127\.0\.0\.1, if that is meant/],
    ['127.1:8080', /127\.0\.0\.1, if that is meant/],
    ['0x7f.0.0.1', /127\.0\.0\.1, if that is meant/],
  ];
  for (const [entry, allowed] of wrong) {
    test(JSON.stringify(entry), () => {
      assert.throws(
        () => Rules.read('permissions.net', ['example.com', entry]),
        (error) => {
          assert.deepEqual([error.code, error.field, error.value], ['ERR_INVALID_ARG', 'permissions.net[1]', entry]);
          assert.match(error.message, allowed);
          return true;
        },
      );
    });
  }
});

test('a list that is no array is refused', () => {
  for (const list of ['example.com', 5, null, {}, new Set(['example.com'])]) {
    assert.throws(() => Rules.read('permissions.net', list), { code: 'ERR_INVALID_ARG', field: 'permissions.net' });
  }
});

test('a list is shown as it was written, and a long one is shortened', () => {
  assert.equal(String(Rules.read('net', ['A.example', '*:443'])), 'A.example, *:443');
  assert.equal(String(new Rules()), 'none');
  const long = Array.from({ length: 12 }, (_, i) => `h${i}.example`);
  assert.match(String(Rules.read('net', long)), /^h0\.example, .*h9\.example and 2 more$/);
});
