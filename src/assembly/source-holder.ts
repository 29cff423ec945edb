// The LDAP and SQL sources of this moment. A reload asks them all again; if their settings changed, others take their place, but only once
// the rest of the new configuration has been found good.

import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../observe/log.ts'
import { startSources } from './directory-sources.ts'
import type { RunningSources } from './directory-sources.ts'

export interface Renewal {
  readonly sources: RunningSources
  /** Ends the sources that are no longer wanted: the old ones if the reload was taken, the new ones if it was refused. */
  settle(taken: boolean): Promise<void>
}

export interface SourceHolder {
  current(): RunningSources
  renew(config: Config): Promise<Renewal>
  close(): Promise<void>
}

export interface SourcePorts {
  readonly clock: Clock
  readonly log: Log
}

/** Starts the sources that the configuration names. */
export async function holdSources(config: Config, ports: SourcePorts): Promise<SourceHolder> {
  let current = await startSources(config, ports)
  let settings = settingsOf(config)
  return {
    current: () => current,
    renew: async (next) => {
      if (settingsOf(next) === settings) {
        await current.refresh()
        return { sources: current, settle: async () => undefined }
      }
      const sources = await startSources(next, ports)
      return {
        sources,
        settle: async (taken) => {
          const surplus = taken ? current : sources
          if (taken) {
            current = sources
            settings = settingsOf(next)
          }
          await surplus.close()
        },
      }
    },
    close: () => current.close(),
  }
}

function settingsOf({ directory, domain, data }: Config): string {
  return JSON.stringify([directory, domain, data])
}
