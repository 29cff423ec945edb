// The people and machines of a test world: lee with a password, ci-01 with a certificate of the world's authority.

import { createHash, X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type HashableScheme, hashPassword } from '../../src/auth/schemes.ts'
import type { Issued } from '../../src/demo/ca.ts'
import { plant } from './planted-secrets.ts'
import type { World } from './whole-node.ts'

export const password = 'correct horse battery staple'
plant(password)

export interface Accounts {
  /** The keys of a node's YAML that name the files. */
  readonly yaml: { readonly users: string; readonly machines: string }
  readonly machine: Issued
}

/**
 * Writes both files into the world's folder.
 * @param scheme of the password's hash: by default the one of new passwords, which costs much CPU time at each login
 */
export async function writeAccounts(world: World, scheme: HashableScheme = 'ARGON2ID'): Promise<Accounts> {
  const users = join(world.folder, 'passwd')
  writeFileSync(users, `lee:${hashPassword(scheme, password)}\n`, { mode: 0o600 })
  const machine = world.ca.issue({ names: ['ci-01.example.org'], client: true })
  const machines = join(world.folder, 'machines.yaml')
  const ci = {
    name: 'ci-01',
    fingerprints: [`sha256:${keyFingerprint(machine.certificate)}`],
    senders: ['ci-01@example.org'],
  }
  writeFileSync(machines, stringify({ machines: [ci] }), { mode: 0o600 })
  return { yaml: { users, machines }, machine }
}

export function keyFingerprint(certificate: string): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(key).digest('hex')
}
