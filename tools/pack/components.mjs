/**
 * What is inside the addon besides crates: V8's own parts, which the `v8` crate brings without their license files,
 * undici's classes, and Rust's library.
 *
 * `text` is a file of `licences/`, which follows the `copyright` where it has none; `head` is a source file in the
 * crate whose first comment is the license; `file` a license file in this repository.
 */
export const COMPONENTS = [
  { name: 'V8', license: 'BSD-3-Clause', text: 'v8' },
  { name: "the Strongtalk assembler's parts in V8", license: 'BSD-3-Clause', head: 'v8/src/codegen/assembler.h' },
  { name: "fdlibm's parts in V8", license: 'SunPro', head: 'v8/src/base/ieee754.cc' },
  {
    name: "glibc's sine and cosine in V8",
    license: 'LGPL-2.1-or-later',
    copyright: 'Copyright (C) 2001-2022 Free Software Foundation, Inc.',
    text: 'LGPL-2.1',
  },
  { name: 'SipHash in V8', license: 'CC0-1.0', head: 'v8/third_party/siphash/halfsiphash.cc' },
  { name: 'rapidhash in V8', license: 'BSD-2-Clause', head: 'v8/third_party/rapidhash-v8/rapidhash.h' },
  {
    name: 'the UTF-8 decoder in V8',
    license: 'MIT',
    copyright: 'Copyright (c) 2008-2009 Bjoern Hoehrmann <bjoern@hoehrmann.de>',
    text: 'MIT',
  },
  {
    name: "CPython's sort in V8",
    license: 'PSF-2.0',
    copyright: 'Copyright (c) 2001-2018 Python Software Foundation; All Rights Reserved',
    text: 'PSF-2.0',
  },
  { name: 'inspector_protocol in V8', license: 'BSD-3-Clause', text: 'inspector-protocol' },
  { name: 'Wasm C/C++ API in V8', license: 'Apache-2.0', text: 'Apache-2.0' },
  {
    name: 'FP16',
    license: 'MIT',
    copyright:
      'Copyright (c) 2017 Facebook Inc.\nCopyright (c) 2017 Georgia Institute of Technology\nCopyright 2019 Google LLC',
    text: 'MIT',
  },
  { name: 'fast_float', license: 'MIT', copyright: 'Copyright (c) 2021 The fast_float authors', text: 'MIT' },
  { name: 'simdutf', license: 'MIT', copyright: 'Copyright 2021 The simdutf authors', text: 'MIT' },
  { name: 'Abseil', license: 'Apache-2.0', text: 'Apache-2.0' },
  { name: 'Highway', license: 'Apache-2.0', text: 'Apache-2.0' },
  { name: 'ICU', license: 'Unicode-3.0 and others', text: 'icu' },
  { name: 'libc++, libc++abi, LLVM libc', license: 'Apache-2.0 WITH LLVM-exception', text: 'Apache-2.0' },
  { name: 'the LLVM exception of those', license: 'Apache-2.0 WITH LLVM-exception', text: 'LLVM-exception' },
  {
    name: "Rust's standard library",
    license: 'MIT OR Apache-2.0',
    copyright: 'Copyright (c) The Rust Project Contributors',
    text: 'MIT',
  },
  { name: 'undici', license: 'MIT', file: 'node_modules/undici/LICENSE' },
];
