// The order in which a sender tries MX hosts: by preference, equals shuffled to spread the load (RFC 5321 5.1).

import type { MxGroup } from './mx.ts'

/** All hosts in the order to try. `random` gives numbers in [0, 1). */
export function orderHosts(groups: readonly MxGroup[], random: () => number): readonly string[] {
  return groups.flatMap((group) => shuffle(group.hosts, random))
}

/** Fisher and Yates. */
function shuffle(hosts: readonly string[], random: () => number): readonly string[] {
  const mixed = [...hosts]
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const moved = mixed[last] as string
    mixed[last] = mixed[other] as string
    mixed[other] = moved
  }
  return mixed
}
