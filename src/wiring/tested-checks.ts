// Config → the checks in test mode of each listener, for the checks and in words.

import type { Config } from '../config/config.ts'
import { testModeOf } from '../policy/check-table.ts'
import { noTestedChecks, type TestedChecks } from '../policy/test-mode.ts'

type Tested = Pick<Config, 'tested_checks'>

/** A listener that the configuration does not have any more, until the restart, has no check in test mode: every check acts. */
export function testedChecksOf({ tested_checks: all }: Tested, listener: string): TestedChecks {
  const names = Object.hasOwn(all, listener) ? (all[listener] ?? []) : []
  if (names.length === 0) return noTestedChecks
  return new Map(
    names.flatMap((name) => {
      const scope = testModeOf(name)
      return typeof scope === 'string' ? [[name, scope] as const] : []
    }),
  )
}

/** `spam (smtp), dnsbl (smtp, smtps)`; null without any. */
export function describeTestedChecks({ tested_checks: all }: Tested): string | null {
  const names = [...new Set(Object.values(all).flat())]
  const listenersOf = (name: string) => Object.keys(all).filter((listener) => all[listener]?.includes(name))
  return names.length === 0 ? null : names.map((name) => `${name} (${listenersOf(name).join(', ')})`).join(', ')
}
