// The name of the client for `waypost explain`: that of the command line, or the confirmed one.

import { createBudgets } from '../../budget/budgets.ts'
import type { Config } from '../../config/config.ts'
import { confirmedName } from '../../dns/fcrdns.ts'
import { openResolver } from '../../dns/open-resolver.ts'
import { commandClock as clock } from '../../lib/clock.ts'
import type { NodeData } from '../../node/load-data.ts'
import { type Evidence, nameUnknown, noEvidence } from '../../policy/evidence.ts'
import type { Origin } from '../../smtp/origin.ts'
import { greylistSettings } from '../../wiring/greylist-settings.ts'
import { resolverSettings } from '../../wiring/node-settings.ts'

/** The address of a client that the operator does not name: documentation uses it. */
const SAMPLE_CLIENT = '192.0.2.1'

interface NamedClient {
  readonly remoteName: string | null
  readonly evidence: readonly Evidence[]
}

interface Asked {
  readonly config: Config
  readonly data: Pick<NodeData, 'ownLists'>
  readonly origin: Origin
}

/** Asks the DNS only where the answer can matter. */
export async function namedClient(
  { config, data, origin }: Asked,
  { host, ip }: { readonly host?: string; readonly ip: string },
): Promise<NamedClient> {
  if (host !== undefined) return { remoteName: host, evidence: noEvidence }
  const greylists = greylistSettings(config) !== null
  const matters = greylists || data.ownLists.entries.some(({ conditions }) => conditions.host ?? conditions.helo)
  if (!matters || origin.kind !== 'internet') return { remoteName: null, evidence: noEvidence }
  // The address is an example, about which the DNS says nothing.
  if (ip === SAMPLE_CLIENT)
    return { remoteName: null, evidence: greylists ? [nameUnknown('no --ip or --host is given')] : noEvidence }
  const resolver = await openResolver(resolverSettings(config), { clock, budgets: createBudgets(clock) })
  const found = await confirmedName(ip, { resolver, clock })
  if (found.kind === 'unavailable') return { remoteName: null, evidence: [nameUnknown(found.cause)] }
  return { remoteName: found.kind === 'name' ? found.name : null, evidence: noEvidence }
}
