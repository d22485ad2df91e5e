'use strict';

// IP addresses: their canonical text, and whether they belong to the public internet. All others are internal: they
// belong to this machine, its network or the cloud that it runs in, or are reserved.

const ipaddr = require('ipaddr.js');

/** The only block from which IANA allocates global unicast addresses. The others are reserved, or other ways to write an IPv4 address. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3');

/** In a public block, but Azure serves the configuration of the virtual machine there. */
const AZURE_WIRE_SERVER = '168.63.129.16';

/** The canonical text of an address, for comparisons. That of an IPv4-mapped IPv6 address is the IPv4 address. */
function canonical(address) {
  return parse(address).toString();
}

/** Tells whether an address is public. @param {string} address - as a resolver or `URL` writes it, without brackets */
function isPublic(address) {
  const parsed = parse(address);
  if (parsed.range() !== 'unicast') return false;
  if (parsed.kind() === 'ipv6') return parsed.match(GLOBAL_IPV6);
  return parsed.toString() !== AZURE_WIRE_SERVER;
}

function isLoopback(address) {
  return parse(address).range() === 'loopback';
}

function parse(address) {
  // The zone id, which follows '%', names an interface and is not part of the address.
  const [plain] = address.split('%');
  // ipaddr.js takes the deprecated form `::10.0.0.1` for an IPv4 address, which operating systems do not.
  return ipaddr.process(plain.includes(':') ? new URL(`http://[${plain}]`).hostname.slice(1, -1) : plain);
}

module.exports = { canonical, isLoopback, isPublic };
