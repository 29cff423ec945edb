// The LDAP and SQL sources of this moment. A reload asks them all again; if their settings changed, others take their place once the new
// configuration has been found good. Two of one kind never run at the same time: they would write into the same folder.

import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../observe/json-log.ts'
import { startSources } from '../wiring/directory-sources.ts'
import type { RunningSources, SourceSet } from '../wiring/directory-sources.ts'

export interface SourceHolder {
  /** Always those that run: what was built with it goes on with their successors. */
  readonly set: SourceSet
  current(): RunningSources
  /** Asks them all again, unless the configuration wants others anyway. */
  refresh(next: Config): Promise<void>
  /** Puts the sources of a configuration that is now in force in their place; nothing happens if its settings are the same. */
  adopt(next: Config): Promise<void>
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
    set: {
      get list() {
        return current.list
      },
      get live() {
        return current.live
      },
      passwords: () => current.passwords(),
      troubles: [],
    },
    current: () => current,
    refresh: async (next) => {
      if (settingsOf(next) === settings) await current.refresh()
    },
    adopt: async (next) => {
      if (settingsOf(next) === settings) return
      // The old ones go on answering from memory until the new ones do.
      await current.close()
      current = await startSources(next, ports)
      settings = settingsOf(next)
    },
    close: () => current.close(),
  }
}

function settingsOf({ directory, domain, data }: Config): string {
  return JSON.stringify([directory, domain, data])
}
