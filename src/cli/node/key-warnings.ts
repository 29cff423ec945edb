// What `waypost check` finds about the keys of certificates: a new key in the files that the node would not use, because the DNS does not show it.

import { createKeyHold } from '../../certificates/key-hold.ts'
import { readKept } from '../../certificates/kept-pairs.ts'
import type { TlsaWitnesses } from '../../certificates/published-tlsa.ts'
import type { Config } from '../../config/config.ts'
import type { Problem } from '../../config/problem.ts'
import { openStubs } from '../../dns/open-resolver.ts'
import { commandClock } from '../../lib/clock.ts'
import { slotsOf, warningsOf } from '../../node/key-watch.ts'
import { keyHoldSettings } from '../../wiring/key-hold-settings.ts'
import { keptPairsPath } from '../../wiring/node-paths.ts'
import { resolverSettings } from '../../wiring/node-settings.ts'

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** Decides as the node would, and stores nothing. @param mayAsk false: only what the node has found before */
export async function keyWarnings(config: Config, mayAsk: boolean): Promise<readonly Problem[]> {
  const places = keyHoldSettings(config)
  if (!places || !config.tls) return []
  const kept = await readKept(keptPairsPath(config)).catch(() => null)
  // Before the first start nothing is in use.
  if (kept === null || kept.pairs.length === 0) return []
  if (!mayAsk) return warningsOf(kept, config)
  const resolvers = await openStubs(resolverSettings(config))
  // Whether they validate is not asked here: a record without DNSSEC is worth a warning too.
  const witnesses = (): TlsaWitnesses => ({ resolvers, countsInsecure: true })
  const log = {
    ...quiet,
    bug: (error: unknown) => {
      throw error
    },
  }
  const hold = createKeyHold(places, kept, { clock: commandClock, log, witnesses, keep: async () => undefined })
  const managed = config.tls.acme !== undefined
  await hold.choose(slotsOf(config.tls).filter(({ slot }) => !managed || slot !== 'tls'))
  return warningsOf(hold.state(), config)
}
