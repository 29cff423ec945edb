// The configuration of a node: the values of all sections, its role and its listeners. Checked and frozen.

import type { ListenerConfig } from './listeners.ts'
import type { Path, Problem } from './problem.ts'
import type { RoleFile } from './role-file.ts'
import type { SectionValues } from './sections.ts'
import type { TestedByListener } from './tested-by-listener.ts'

/** The sections that the frame completes with other sections or with the role. */
type Completed = 'role' | 'listen' | 'checks' | 'postmaster' | 'authserv_id'

/** A file that holds a secret, and the key that names it. */
export interface SecretFile {
  readonly path: Path
  /** Absolute. */
  readonly file: string
}

export interface Config extends Omit<SectionValues, Completed> {
  /** The node's YAML file. */
  readonly file: string
  /** The node's YAML file and every file that was read for it: role, certificates, keys, secrets, passwords, reply rules. */
  readonly files: readonly string[]
  /** The files of the configuration that hold secrets. */
  readonly secrets: readonly SecretFile[]
  /** The problem `key: finding` at the position of a key, for what only the start of the node finds. */
  readonly at: (path: Path, finding: string) => Problem
  readonly role: RoleFile
  readonly listeners: readonly ListenerConfig[]
  readonly tested_checks: TestedByListener
  readonly postmaster: string
  readonly authserv_id: string
}
