'use strict';

// What fails of the Web Platform Tests for URLs. All of it is the crate `url` and what Deno makes of its
// answers, so that Deno fails it too. In the order of the reasons.

/** Of a URL of a file, empty segments of the path are lost, and a drive takes the place of the host. */
const FILES = [
  '/ against file://h/C:/a/b',
  '/..//localhost//pig against file://lion/',
  '/////mouse against file:///elephant',
  '////one/two against file:///',
  '//localhost//pig against file://lion/',
  '/C:/ against file://host/',
  '/c:/foo/bar against file://host/path',
  'C|\n/ against file://host/dir/file',
  'C| against file://host/D:/dir1/dir2/file',
  'C| against file://host/dir/file',
  'C|# against file://host/dir/file',
  'C|/ against file://host/',
  'C|/ against file://host/dir/file',
  'C|? against file://host/dir/file',
  'C|\\ against file://host/dir/file',
  '\\/localhost//pig against file://lion/',
  'file:.//p',
  'file:/.//p',
  'file:///.// against file:////',
  'file:////foo',
  'file:////one/two against file:///',
  'file://1.2.3.4/C:/',
  'file://[1::8]/C:/',
  'file://\\/localhost//cat',
  'file://example.net/C:/',
  'file://localhost////foo',
  'file://localhost//a//../..//',
  'file://localhost//a//../..//foo',
  'file://spider///',
  'file:/C:/ against file://host/',
  'file:C:/ against file://host/',
  'file:\\\\//',
  'file:\\\\\\\\',
  'file:\\\\\\\\#guppy',
  'file:\\\\\\\\?fox',
  'file:\\\\localhost//',
];

/** A path that begins with two slashes is given with the `/.` that the whole URL has before it. */
const DOTS = [
  ' against non-spec:/..//p',
  '..//path against non-spec:/p',
  '/..//path against non-spec:/p',
  '/.//path against non-spec:/p',
  'a/..//path against non-spec:/p',
  'non-spec:/..//',
  'non-spec:/..//path',
  'non-spec:/.//',
  'non-spec:/.//path',
  'non-spec:/a/..//',
  'non-spec:/a/..//path',
  'path against non-spec:/..//p',
];

/** The origin of any URL is that of a `blob:` around it, and not of those of `http:` and `https:` alone. */
const BLOBS = [
  'blob:blob:https://example.org/',
  'blob:ftp://host/path',
  'blob:ws://example.org/',
  'blob:wss://example.org/',
];

const PARSING = [...FILES, ...DOTS, ...BLOBS];

const SETTING = [
  'file:///unicorn set pathname to //\\/',
  'file:///unicorn set pathname to //monkey/..//',
  'file://monkey/ set pathname to \\\\',
  'foo:///some/path set pathname to ',
  'http://example.net/path set hostname to example.com:8080',
  'http://example.net:8080/path set hostname to example.com:',
  'non-spec:/ set pathname to /..//p',
  'non-spec:/ set pathname to /.//p',
  'non-spec:/ set pathname to //p',
  'non-spec:/.// set pathname to p',
  'non-spec:/.//p set hostname to ',
  'non-spec:/.//p set hostname to h',
];

module.exports = { PARSING, SETTING };
