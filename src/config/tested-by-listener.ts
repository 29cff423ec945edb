// Which checks are in test mode on each listener: by the role file, the node and the listener, whose word counts most.

import { allChecks } from '../policy/check-table.ts'
import { type CheckModes, reportModes } from './check-modes.ts'
import type { Report } from './problem.ts'
import type { RoleFile } from './role-file.ts'
import type { SectionValues } from './sections.ts'

/** The names of the checks in test mode, by listener. */
export type TestedByListener = Readonly<Record<string, readonly string[]>>

type Parts = Pick<SectionValues, 'listen' | 'checks'> & { readonly role: RoleFile }

/** What is in test mode on each listener of the role. Reports modes that a check cannot have. */
export function testedChecks({ role, listen, checks }: Parts, report: Report): TestedByListener {
  reportModes(checks, role, (name, finding) => report(['checks', name], finding))
  for (const [listener, { checks: own }] of Object.entries(listen))
    reportModes(own, role, (name, finding) => report(['listen', listener, 'checks', name], finding))
  return Object.fromEntries(
    Object.keys(role.listeners).map((listener) => {
      const modes: CheckModes = { ...role.modes, ...checks, ...listen[listener]?.checks }
      return [listener, allChecks(role.checks).filter((name) => modes[name] === 'test')]
    }),
  )
}
