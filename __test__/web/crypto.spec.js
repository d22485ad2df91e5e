'use strict';

const { matchesNode, since, differsFromNode } = require('../support/node-parity.js');

matchesNode('crypto', {
  'getRandomValues fills what it is given and gives it back': () =>
    [
      Int8Array,
      Uint8Array,
      Uint8ClampedArray,
      Int16Array,
      Uint16Array,
      Int32Array,
      Uint32Array,
      BigInt64Array,
      BigUint64Array,
    ].map((Kind) => {
      const array = new Kind(64);
      return [crypto.getRandomValues(array) === array, array.some((value) => value !== array[0])];
    }),
  'getRandomValues fills the part that a view shows': () => {
    const bytes = new Uint8Array(96);
    crypto.getRandomValues(bytes.subarray(32, 64));
    return [
      bytes.slice(0, 32).every((byte) => byte === 0),
      bytes.slice(64).every((byte) => byte === 0),
      bytes.slice(32, 64).some((byte) => byte !== 0),
    ];
  },
  'getRandomValues has a quota': () => [
    thrownBy(() => crypto.getRandomValues(new Uint8Array(65_536)).length),
    thrownBy(() => crypto.getRandomValues(new Uint8Array(65_537)).length),
  ],
  'getRandomValues refuses floats and what is no view': () =>
    [new Float64Array(1), new Float32Array(1), new DataView(new ArrayBuffer(1))].map((value) =>
      thrownBy(() => crypto.getRandomValues(value)),
    ),
  randomUUID: () => {
    const ids = Array.from({ length: 50 }, () => crypto.randomUUID());
    return [
      ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)),
      new Set(ids).size,
    ];
  },
  'tags and constructors': () => [
    Object.prototype.toString.call(crypto),
    Object.prototype.toString.call(crypto.subtle),
    thrownBy(() => new Crypto()),
    thrownBy(() => new SubtleCrypto()),
    thrownBy(() => new CryptoKey()),
    crypto instanceof Crypto,
  ],
  'the this of methods is checked': () => [
    thrownBy(() => crypto.getRandomValues.call({}, new Uint8Array(1))),
    thrownBy(() => Crypto.prototype.randomUUID.call({})),
  ],
});

matchesNode('crypto.subtle', {
  digest: async () => {
    const data = new TextEncoder().encode('isolane');
    const digests = [];
    for (const name of ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512', 'sha-256', { name: 'SHA-256' }]) {
      digests.push(
        hex(await crypto.subtle.digest(name, data)),
        hex(await crypto.subtle.digest(name, new Uint8Array(0))),
      );
    }
    return digests;
  },
  'digest takes any view': async () => {
    const { buffer } = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7);
    const digests = [];
    for (const view of [buffer, new DataView(buffer, 2, 4), new Uint16Array(buffer, 2, 2), new BigInt64Array(buffer)])
      digests.push(hex(await crypto.subtle.digest('SHA-256', view)));
    return digests;
  },
  'what is unknown is a NotSupportedError': async () => [
    await nameOf(() => crypto.subtle.digest('MD5', new Uint8Array(1))),
    await nameOf(() => crypto.subtle.digest('SHA-256', 'text')),
    await nameOf(() => crypto.subtle.importKey('raw', new Uint8Array(16), 'Nonsense', true, [])),
  ],
  'HMAC signs and verifies': async () => {
    const out = [];
    for (const hash of ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']) {
      const key = await crypto.subtle.importKey('raw', new TextEncoder().encode('key'), { name: 'HMAC', hash }, true, [
        'sign',
        'verify',
      ]);
      const data = new TextEncoder().encode('The quick brown fox');
      const signature = await crypto.subtle.sign('HMAC', key, data);
      out.push(
        hex(signature),
        await crypto.subtle.verify('HMAC', key, signature, data),
        await crypto.subtle.verify('HMAC', key, signature, data.slice(1)),
      );
      out.push(
        key.type,
        key.extractable,
        key.usages,
        key.algorithm.name,
        key.algorithm.hash.name,
        key.algorithm.length,
        hex(await crypto.subtle.exportKey('raw', key)),
      );
    }
    return out;
  },
  'AES-GCM, AES-CBC and AES-CTR there and back': async () => {
    const out = [];
    const data = new TextEncoder().encode('sixteen bytes!!! and more');
    for (const length of [16, 32]) {
      for (const algorithm of [
        { name: 'AES-GCM', iv: new Uint8Array(12).fill(1) },
        { name: 'AES-GCM', iv: new Uint8Array(12).fill(1), additionalData: Uint8Array.of(1, 2) },
        { name: 'AES-CBC', iv: new Uint8Array(16).fill(2) },
        { name: 'AES-CTR', counter: new Uint8Array(16).fill(3), length: 64 },
      ]) {
        const key = await crypto.subtle.importKey('raw', new Uint8Array(length).fill(7), algorithm.name, true, [
          'encrypt',
          'decrypt',
        ]);
        const sealed = await crypto.subtle.encrypt(algorithm, key, data);
        out.push(hex(sealed), hex(await crypto.subtle.decrypt(algorithm, key, sealed)), key.algorithm.length);
      }
    }
    return out;
  },
  'what was changed does not decrypt': async () => {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(16), 'AES-GCM', false, ['encrypt', 'decrypt']);
    const algorithm = { name: 'AES-GCM', iv: new Uint8Array(12) };
    const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, key, new Uint8Array(4)));
    sealed[0] ^= 1;
    return nameOf(() => crypto.subtle.decrypt(algorithm, key, sealed));
  },
  'keys do what they are for, and no more': since(24, async () => {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(16), 'AES-GCM', false, ['encrypt']);
    const algorithm = { name: 'AES-GCM', iv: new Uint8Array(12) };
    return [
      await nameOf(() => crypto.subtle.decrypt(algorithm, key, new Uint8Array(32))),
      await nameOf(() => crypto.subtle.exportKey('raw', key)),
      await nameOf(() => crypto.subtle.encrypt({ name: 'AES-CBC', iv: new Uint8Array(16) }, key, new Uint8Array(1))),
      await nameOf(() => crypto.subtle.importKey('raw', new Uint8Array(15), 'AES-GCM', true, ['encrypt'])),
      await nameOf(() => crypto.subtle.importKey('raw', new Uint8Array(16), 'AES-GCM', true, ['sign'])),
      await nameOf(() => crypto.subtle.importKey('raw', new Uint8Array(16), 'AES-GCM', true, [])),
    ];
  }),
  'PBKDF2 and HKDF': async () => {
    const password = new TextEncoder().encode('password');
    const salt = new TextEncoder().encode('salt');
    const base = await crypto.subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits', 'deriveKey']);
    const other = await crypto.subtle.importKey('raw', password, 'HKDF', false, ['deriveBits']);
    const derived = await crypto.subtle.deriveKey(
      { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: 10 },
      base,
      { name: 'AES-GCM', length: 256 },
      true,
      ['encrypt'],
    );
    return [
      hex(await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-1', salt, iterations: 2 }, base, 160)),
      hex(await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-512', salt, iterations: 100 }, base, 256)),
      hex(await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info: Uint8Array.of(1) }, other, 336)),
      hex(await crypto.subtle.exportKey('raw', derived)),
    ];
  },
  'ECDSA signs and verifies': async () => {
    const out = [];
    for (const namedCurve of ['P-256', 'P-384']) {
      const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve }, true, [
        'sign',
        'verify',
      ]);
      const algorithm = { name: 'ECDSA', hash: namedCurve === 'P-256' ? 'SHA-256' : 'SHA-384' };
      const data = Uint8Array.of(1, 2, 3);
      const signature = await crypto.subtle.sign(algorithm, privateKey, data);
      const jwk = await crypto.subtle.exportKey('jwk', publicKey);
      const again = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve }, true, ['verify']);
      const spki = await crypto.subtle.importKey(
        'spki',
        await crypto.subtle.exportKey('spki', publicKey),
        { name: 'ECDSA', namedCurve },
        true,
        ['verify'],
      );
      out.push(
        signature.byteLength,
        await crypto.subtle.verify(algorithm, again, signature, data),
        await crypto.subtle.verify(algorithm, spki, signature, data),
        await crypto.subtle.verify(algorithm, publicKey, signature, Uint8Array.of(1)),
      );
      out.push(
        jwk.kty,
        jwk.crv,
        jwk.key_ops,
        jwk.ext,
        jwk.x.length,
        privateKey.usages,
        publicKey.usages,
        privateKey.type,
        publicKey.type,
      );
    }
    return out;
  },
  'ECDH gives both the same': async () => {
    const algorithm = { name: 'ECDH', namedCurve: 'P-256' };
    const [a, b] = await Promise.all([
      crypto.subtle.generateKey(algorithm, true, ['deriveBits']),
      crypto.subtle.generateKey(algorithm, true, ['deriveBits']),
    ]);
    const one = await crypto.subtle.deriveBits({ name: 'ECDH', public: b.publicKey }, a.privateKey, 256);
    const two = await crypto.subtle.deriveBits({ name: 'ECDH', public: a.publicKey }, b.privateKey, 256);
    return [hex(one) === hex(two), one.byteLength];
  },
  'Ed25519 signs as RFC 8032 says': since(22, async () => {
    const pkcs8 = bytesOf(
      '302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    );
    const key = await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', true, ['sign']);
    const open = await crypto.subtle.importKey(
      'raw',
      bytesOf('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
      'Ed25519',
      true,
      ['verify'],
    );
    const signature = await crypto.subtle.sign('Ed25519', key, new Uint8Array(0));
    return [
      hex(signature),
      await crypto.subtle.verify('Ed25519', open, signature, new Uint8Array(0)),
      await crypto.subtle.verify('Ed25519', open, signature, Uint8Array.of(1)),
    ];
  }),
  'RSA signs, encrypts and exports': async () => {
    const algorithm = { modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' };
    const out = [];
    for (const name of ['RSASSA-PKCS1-v1_5', 'RSA-PSS']) {
      const { privateKey, publicKey } = await crypto.subtle.generateKey({ name, ...algorithm }, true, [
        'sign',
        'verify',
      ]);
      const use = { name, saltLength: 32 };
      const signature = await crypto.subtle.sign(use, privateKey, Uint8Array.of(1));
      const jwk = await crypto.subtle.exportKey('jwk', publicKey);
      out.push(
        signature.byteLength,
        await crypto.subtle.verify(use, publicKey, signature, Uint8Array.of(1)),
        jwk.kty,
        jwk.alg,
        jwk.e,
        publicKey.algorithm.modulusLength,
        hex(publicKey.algorithm.publicExponent),
      );
    }
    const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: 'RSA-OAEP', ...algorithm }, false, [
      'encrypt',
      'decrypt',
    ]);
    const sealed = await crypto.subtle.encrypt('RSA-OAEP', publicKey, Uint8Array.of(5, 6));
    out.push(
      sealed.byteLength,
      hex(await crypto.subtle.decrypt('RSA-OAEP', privateKey, sealed)),
      privateKey.extractable,
      publicKey.extractable,
    );
    return out;
  },
  'keys are wrapped and unwrapped': async () => {
    const wrapping = await crypto.subtle.importKey('raw', new Uint8Array(16).fill(9), 'AES-KW', true, [
      'wrapKey',
      'unwrapKey',
    ]);
    const key = await crypto.subtle.importKey(
      'raw',
      new Uint8Array(32).fill(4),
      { name: 'HMAC', hash: 'SHA-256' },
      true,
      ['sign'],
    );
    const wrapped = await crypto.subtle.wrapKey('raw', key, wrapping, 'AES-KW');
    const back = await crypto.subtle.unwrapKey(
      'raw',
      wrapped,
      wrapping,
      'AES-KW',
      { name: 'HMAC', hash: 'SHA-256' },
      true,
      ['sign'],
    );
    return [hex(wrapped), hex(await crypto.subtle.exportKey('raw', back))];
  },
  'generated keys': async () => {
    const aes = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt', 'decrypt']);
    const hmac = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-512' }, true, ['sign']);
    const jwk = await crypto.subtle.exportKey('jwk', aes);
    return [
      aes.type,
      aes.algorithm.length,
      hmac.algorithm.length,
      jwk.kty,
      jwk.alg,
      jwk.k.length,
      jwk.ext,
      jwk.key_ops,
      await nameOf(() => crypto.subtle.generateKey({ name: 'AES-GCM', length: 100 }, true, ['encrypt'])),
      await nameOf(() => crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, true, [])),
    ];
  },
});

differsFromNode('crypto', {
  'decrypting AES-GCM with a tag that is not 128 bits long': [
    'the crates that do it know no other length for it',
    async () => {
      const key = await crypto.subtle.importKey('raw', new Uint8Array(16), 'AES-GCM', true, ['encrypt', 'decrypt']);
      const algorithm = { name: 'AES-GCM', iv: new Uint8Array(12), tagLength: 96 };
      const sealed = await crypto.subtle.encrypt(algorithm, key, new Uint8Array(1));
      return nameOf(() => crypto.subtle.decrypt(algorithm, key, sealed));
    },
    'threw TypeError',
  ],
});
