// The keys by which a pool counts an address: its client and its network. Parsing an address takes longer than the rest of a request for a
// unit, and the same addresses come again, so recent ones are kept.

import { clientNetwork, siteNetwork } from '../lib/ip-address.ts'

export interface AddressKeys {
  readonly client: string
  readonly network: string
}

/** Some hundred KiB. Beyond it all are computed again. */
const CAPACITY = 2000

const recent = new Map<string, AddressKeys>()

export function addressKeys(ip: string): AddressKeys {
  const known = recent.get(ip)
  if (known) return known
  const keys = { client: `client ${clientNetwork(ip)}`, network: `network ${siteNetwork(ip)}` }
  if (recent.size >= CAPACITY) recent.clear()
  recent.set(ip, keys)
  return keys
}
