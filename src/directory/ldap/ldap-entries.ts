// Converts LDAP entries to rows. Attribute names are case-insensitive (RFC 4512 2.5); values that are not text are ignored.

import type { Entry } from 'ldapts'
import type { TargetsRow, UserRow } from '../snapshots/source-content.ts'
import type { LdapAliases, LdapUsers } from './ldap-settings.ts'

export interface PersonRows {
  readonly user: UserRow
  readonly forwards: readonly TargetsRow[]
}

/** The attributes to request. */
export function userAttributes({ attributes }: LdapUsers): string[] {
  const { user, addresses, forward, password } = attributes
  return [user, ...addresses, forward, ...(password === null ? [] : [password])]
}

/**
 * A person: the login name is an own address too, and all own addresses have the forward. Null for an entry without a name.
 * `isOwn` is false for private addresses, which people keep in the same attributes.
 */
export function readPerson(
  entry: Entry,
  { attributes }: LdapUsers,
  isOwn: (address: string) => boolean,
): PersonRows | null {
  const [name] = textsOf(entry, attributes.user)
  if (name === undefined) return null
  const source = entry.dn
  const further = attributes.addresses.flatMap((attribute) => addressesOf(entry, attribute)).filter(isOwn)
  const addresses = [...new Set([name, ...further])]
  const password = attributes.password === null ? undefined : textsOf(entry, attributes.password)[0]
  const targets = addressesOf(entry, attributes.forward)
  return {
    user: { name, addresses, ...(password === undefined ? {} : { password }), source },
    forwards: targets.length === 0 ? [] : addresses.map((address) => ({ address, targets, source })),
  }
}

/** An alias entry may have several names: each becomes one alias. */
export function readAliasEntry(entry: Entry, { attributes }: LdapAliases): readonly TargetsRow[] {
  const targets = addressesOf(entry, attributes.targets)
  return addressesOf(entry, attributes.address).map((address) => ({ address, targets, source: entry.dn }))
}

/** `type:address`, as in proxyAddresses and targetAddress of Active Directory; `SMTP:` marks the primary one, `smtp:` the others. */
const typedAddress = /^([a-z][a-z0-9-]*):(.*)$/is

/** The forms of an address with its type, for servers that compare values exactly. */
export function typedForms(address: string): readonly string[] {
  return [`smtp:${address}`, `SMTP:${address}`]
}

/** Values that are addresses. Of values with a type only those of SMTP are; others (X500, SIP, EUM) belong to other systems. */
function addressesOf(entry: Entry, attribute: string): readonly string[] {
  return textsOf(entry, attribute).flatMap((text) => {
    const [, type, address = ''] = typedAddress.exec(text.trim()) ?? []
    if (type === undefined) return [text]
    return type.toLowerCase() === 'smtp' && address.trim() !== '' ? [address.trim()] : []
  })
}

function textsOf(entry: Entry, attribute: string): readonly string[] {
  const wanted = attribute.toLowerCase()
  const found = Object.entries(entry).find(([name]) => name.toLowerCase() === wanted)?.[1] ?? []
  const values: readonly (string | Buffer)[] = Array.isArray(found) ? found : [found]
  return values.filter((value) => typeof value === 'string').filter((value) => value.trim() !== '')
}
