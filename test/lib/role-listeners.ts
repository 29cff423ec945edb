// The listeners of a role that a test gives no address: a node binds them at the ports of the role on every address of the machine, where
// nodes of other tests bind them too.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const roles = join(import.meta.dirname, '../../roles')

/**
 * Names of listeners of the role that `placed` lacks; none if the role is unknown, which the node refuses.
 * @param role its name, or the absolute path of a role file
 */
export function unplacedListeners(role: string, placed: Readonly<Record<string, unknown>>): string[] {
  const file = role.includes('/') ? role : join(roles, `${role}.yaml`)
  if (!existsSync(file)) return []
  const { listeners } = parse(readFileSync(file, 'utf8')) as { readonly listeners?: Readonly<Record<string, unknown>> }
  return Object.keys(listeners ?? {}).filter((name) => !(name in placed))
}
