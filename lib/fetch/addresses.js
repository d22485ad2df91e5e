'use strict';

// IP addresses: one text for each, and whether it is one of the public internet. Everything else is
// somebody's inside: this machine, its network, the cloud that it runs in, or nobody's at all.

const ipaddr = require('ipaddr.js');

/** IANA gives global addresses from here alone; what is outside is reserved, or a way to write an IPv4 address. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3');

/** Public by its number, but Azure answers there with the machine's own configuration. */
const AZURE_WIRE_SERVER = '168.63.129.16';

/** An address as it is compared: an IPv4 address that is mapped into IPv6 is that IPv4 address. */
function canonical(address) {
  return parse(address).toString();
}

/** @param {string} address - as a resolver or `URL` writes it, without brackets */
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
  // Which interface an address is reached by says nothing about whose it is.
  const [plain] = address.split('%');
  // ipaddr.js takes the long abandoned `::10.0.0.1` for an IPv4 address, which the system does not.
  return ipaddr.process(plain.includes(':') ? new URL(`http://[${plain}]`).hostname.slice(1, -1) : plain);
}

module.exports = { canonical, isLoopback, isPublic };
