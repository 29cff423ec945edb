// The LDAP and SQL sources of a running node. A reload refreshes them, or replaces them if their settings changed and the new
// configuration is valid. The old ones are closed first: two mirrors must not write to the same snapshot directory.

import { readStored } from '../auth/stored-password.ts'
import type { Config } from '../config/config.ts'
import { startSources } from '../directory/source-set.ts'
import type { RunningSources, SourceSet } from '../directory/source-set.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { sourceSettings } from '../wiring/directory-settings.ts'

export interface SourceHolder {
  /** Always the sources that run now, so that data loaded before a replacement uses the new ones. */
  readonly set: SourceSet
  current(): RunningSources
  /** Reads all sources now, unless `next` replaces them anyway. */
  refresh(next: Config): Promise<void>
  /** Replaces the sources by those of a configuration that is now active; does nothing if the settings are the same. */
  adopt(next: Config): Promise<void>
  close(): Promise<void>
}

/** Starts the sources that the configuration names. */
export async function holdSources(
  config: Config,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<SourceHolder> {
  const canVerify = (hash: string) => readStored(hash).kind === 'read'
  const start = (of: Config) => startSources(sourceSettings(of), { clock, log, canVerify })
  let current = await start(config)
  let settings = comparable(config)
  return {
    set: {
      get list() {
        return current.list
      },
      get live() {
        return current.live
      },
      passwords: () => current.passwords(),
      problems: [],
    },
    current: () => current,
    refresh: async (next) => {
      if (comparable(next) === settings) await current.refresh()
    },
    adopt: async (next) => {
      if (comparable(next) === settings) return
      // A closed mirror still answers from memory until its successor runs.
      await current.close()
      current = await start(next)
      settings = comparable(next)
    },
    close: () => current.close(),
  }
}

function comparable({ directory, domain, data }: Config): string {
  return JSON.stringify([directory, domain, data])
}
