// A node with one of the example roles for independent mailers, with a subdomain and a DKIM key for it.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { generateKey } from '../../src/dkim/key-store.ts'
import type { WholeNode, World } from './whole-node.ts'

export interface Mailer {
  /** Name of a file in roles/examples. */
  readonly role: string
  readonly listeners: readonly string[]
  readonly subdomain: string
  /** Next hop of mail for the subdomain: the program. */
  readonly lmtp: string
  readonly yaml?: Readonly<Record<string, unknown>>
  /** More keys of mail.yaml. */
  readonly mail?: Readonly<Record<string, unknown>>
}

/** The mx nodes of these tests connect from 127.0.0.1. */
export async function startMailer(world: World, mailer: Mailer): Promise<WholeNode> {
  const { role, listeners, subdomain, lmtp, yaml, mail } = mailer
  const keys = join(world.folder, `dkim-${role}`)
  mkdirSync(keys)
  const signing = { domain: subdomain, selector: 'ed', algorithm: 'ed25519-sha256', stage: 'active' } as const
  await generateKey(keys, { ...signing, now: Date.now() })
  return world.node({
    role: join(import.meta.dirname, `../../roles/examples/${role}.yaml`),
    listeners,
    yaml: { domain: subdomain, dkim: { keys }, srs: undefined, ...yaml },
    mail: { domains: [subdomain], transports: { [subdomain]: lmtp }, ...mail },
  })
}
