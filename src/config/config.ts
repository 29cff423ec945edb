// The configuration of a node: the values of all sections, its role and its listeners. Checked and frozen.

import type { ListenerConfig } from './listeners.ts'
import type { RoleFile } from './role-file.ts'
import type { SectionValues } from './sections.ts'

/** The sections that the frame completes with other sections or with the role. */
type Completed = 'role' | 'listen' | 'postmaster' | 'authserv_id'

export interface Config extends Omit<SectionValues, Completed> {
  /** The node's YAML file. */
  readonly file: string
  /** The node's YAML file and every file that was read for it: role, certificates, keys, secrets, passwords, reply rules. */
  readonly files: readonly string[]
  readonly role: RoleFile
  readonly listeners: readonly ListenerConfig[]
  readonly postmaster: string
  readonly authserv_id: string
}
