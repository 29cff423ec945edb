// Sets the password of a person in LDAP: by a modification of the attribute that the node reads, or by the Password Modify operation, with
// which the server makes the hash (RFC 3062).

import { Attribute, Change } from 'ldapts'
import type { Client } from 'ldapts'
import type { Clock } from '../../lib/clock.ts'
import { createLdapPool } from './ldap-pool.ts'
import type { LdapResult } from './ldap-pool.ts'
import type { LdapServerSettings } from './ldap-settings.ts'

export interface LdapPasswordSettings {
  readonly server: LdapServerSettings
  /** The attribute to replace; null for the Password Modify operation. */
  readonly attribute: string | null
  /** The bind that changes it; null for the person, with the old password. */
  readonly account: { readonly dn: string; readonly password: string } | null
}

export interface LdapPasswordChange {
  readonly dn: string
  readonly old: string
  readonly password: string
  /** Of the new password, for the attribute. */
  readonly hash: string
}

export interface LdapPasswordWriter {
  /** `refused`: the server does not permit it, such as by its rules for passwords. Nothing has changed then. */
  set(change: LdapPasswordChange): Promise<LdapResult<void>>
  close(): void
}

/** RFC 3062 1. */
const PASSWORD_MODIFY = '1.3.6.1.4.1.4203.1.11.1'
const SEQUENCE = 0x30
/** Context-specific tags of the fields (RFC 3062 2). */
const USER = 0x80
const OLD = 0x81
const NEW = 0x82

export function createLdapPasswordWriter(settings: LdapPasswordSettings, clock: Clock): LdapPasswordWriter {
  const { server, attribute, account } = settings
  const pool = createLdapPool(server, clock)
  return {
    set: (change) => {
      const request = async (client: Client): Promise<void> => {
        if (attribute === null) await client.exop(PASSWORD_MODIFY, passwordModify(change))
        else await client.modify(change.dn, replacing(attribute, change.hash))
      }
      const bind = account ?? { dn: change.dn, password: change.old }
      // A bind with an empty name or password is anonymous (RFC 4513 5.1.2).
      if (bind.dn === '' || bind.password === '')
        return Promise.resolve({ kind: 'refused', cause: 'the bind has no name or no password' })
      return pool.queryAs({ kind: 'simple', ...bind }, request, server.timeoutMs)
    },
    close: () => pool.close(),
  }
}

function replacing(attribute: string, hash: string): Change {
  return new Change({ operation: 'replace', modification: new Attribute({ type: attribute, values: [hash] }) })
}

/** PasswdModifyRequestValue, in BER. */
function passwordModify({ dn, old, password }: LdapPasswordChange): Buffer {
  return element(SEQUENCE, Buffer.concat([element(USER, dn), element(OLD, old), element(NEW, password)]))
}

function element(tag: number, value: string | Buffer): Buffer {
  const content = Buffer.from(value as string)
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(content.length)]), content])
}

/** X.690 8.1.3: short below 128, else the number of octets first. */
function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length]
  const octets: number[] = []
  for (let rest = length; rest > 0; rest >>>= 8) octets.unshift(rest & 0xff)
  return [0x80 | octets.length, ...octets]
}
