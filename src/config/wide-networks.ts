// Networks of trusted hosts must be narrow: a wide one would admit strangers.

import { isIP } from 'node:net'

/** Shortest accepted prefixes: the network of one site. */
const MIN_PREFIX = { 4: 24, 6: 64 } as const

/** Reports each network with a shorter prefix. `because` completes the sentence: what hosts of the network may do. */
export function reportWideNetworks(
  networks: readonly string[],
  because: string,
  report: (finding: string) => void,
): void {
  for (const network of networks.filter(isTooWide))
    report(
      `found the network ${network}, expected at most /${MIN_PREFIX[4]} (IPv4) or /${MIN_PREFIX[6]} (IPv6): ${because}`,
    )
}

function isTooWide(cidr: string): boolean {
  const [address, prefix] = cidr.split('/') as [string, string]
  return Number(prefix) < MIN_PREFIX[isIP(address) as 4 | 6]
}
