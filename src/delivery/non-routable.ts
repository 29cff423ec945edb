// Addresses at which no other mail host can be (RFC 6890): our own loopback, "this host", one link, groups. A stranger's DNS that names one
// of them wants us to talk to our own services. Private networks are not among them: organisations have mail hosts there.

import { BlockList, isIPv6 } from 'node:net'

const nowhere = new BlockList()
nowhere.addSubnet('0.0.0.0', 8, 'ipv4')
nowhere.addSubnet('127.0.0.0', 8, 'ipv4')
nowhere.addSubnet('169.254.0.0', 16, 'ipv4')
/** Multicast, reserved, broadcast. */
nowhere.addSubnet('224.0.0.0', 3, 'ipv4')
nowhere.addAddress('::', 'ipv6')
nowhere.addAddress('::1', 'ipv6')
nowhere.addSubnet('fe80::', 10, 'ipv6')
nowhere.addSubnet('ff00::', 8, 'ipv6')

/** True for an address that mail must not go to because the DNS of others says so; IPv4 in IPv6 counts as IPv4. */
export function isNowhere(address: string): boolean {
  return nowhere.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}
