// Decides whether an identity may use an address as sender: its own addresses, aliases that allow it, and the same at alias domains, with
// any +tag. An app password can be limited to some of them.

import { addressKey, parseAddress, splitTag } from '../directory/address.ts'
import type { Directory } from '../directory/directory.ts'
import type { Mailbox } from '../smtp/mailbox.ts'
import type { Authenticated } from '../smtp/origin.ts'
import type { SendAs } from './resolution.ts'
import type { MachineSenders, RouterSettings } from './router-settings.ts'

/** Alias domains of alias domains. Loading refuses loops, so this is never reached. */
const ALIAS_DOMAIN_LIMIT = 10

/** For an authenticated user (name with or without the domain) or machine. */
export async function maySendAs(
  directory: Directory,
  settings: RouterSettings,
  identity: Authenticated,
  address: string,
): Promise<SendAs> {
  const sender = parseAddress(address)
  if (identity.kind === 'machine') return machineAnswer(settings, identity.identity, sender)
  const user = userName(directory, identity.identity)
  if (user === null) return { kind: 'no', allowed: [] }
  const grants = await directory.grants(user)
  if (grants.kind === 'unavailable') return { kind: 'unavailable', cause: grants.cause }
  if (grants.kind === 'absent') return { kind: 'no', allowed: [] }
  const limit = identity.app === undefined ? null : settings.appSenders?.(identity.identity, identity.app)
  // Its session is about to end: the message that is arriving is not refused for good.
  if (limit === undefined) return { kind: 'unavailable', cause: `app password ${identity.app} was removed` }
  const allowed = limit ?? grants.value.map((grant) => grant.address)
  if (!sender) return { kind: 'no', allowed }
  const names = new Set(namesOf(directory, sender, settings.tagDelimiter ?? '+'))
  const isWithin = (one: string) => patternsAllow([one], sender) || sameAddress(directory, one, names)
  if (limit !== null && !limit.some(isWithin)) return { kind: 'no', allowed }
  const grant = grants.value.find((each) => sameAddress(directory, each.address, names))
  if (grant) return { kind: 'yes', source: grant.source }
  return grants.incomplete === undefined ? { kind: 'no', allowed } : { kind: 'unavailable', cause: grants.incomplete }
}

function machineAnswer(settings: RouterSettings, name: string, sender: Mailbox | null): SendAs {
  const machine = settings.machines?.find((each) => each.name === name)
  if (!machine) return { kind: 'no', allowed: [] }
  return sender ? machineMaySend(machine, sender) : { kind: 'no', allowed: machine.senders }
}

/** The recipients to which a machine is limited, if the address is not among them; null if it may write to it. Users have no such limit. */
export function recipientLimit(
  settings: Pick<RouterSettings, 'machines'>,
  { kind, identity }: Authenticated,
  address: string,
): readonly string[] | null {
  const limit = kind === 'machine' ? settings.machines?.find(({ name }) => name === identity)?.recipients : null
  if (!limit) return null
  const recipient = parseAddress(address)
  return recipient && patternsAllow(limit, recipient) ? null : limit
}

/** The user name in `kim` and `kim@example.org`; null for an identity of another domain. */
function userName(directory: Directory, identity: string): string | null {
  if (!identity.includes('@')) return identity.toLowerCase()
  const address = parseAddress(identity)
  if (!address) return null
  const names = namesOf(directory, address, '')
  const isMain = names.some((name) => name.endsWith(`@${directory.mainDomain}`))
  return isMain ? address.local.toLowerCase() : null
}

function sameAddress(directory: Directory, granted: string, names: ReadonlySet<string>): boolean {
  const address = parseAddress(granted)
  return address !== null && namesOf(directory, address, '').some((name) => names.has(name))
}

/** The address with and without its tag, at its own domain and at the domains that it is an alias domain of. */
function namesOf(directory: Directory, address: Mailbox, delimiter: string): readonly string[] {
  const split = splitTag(address.local, delimiter)
  const names: string[] = []
  let { domain } = address
  for (let count = 0; count < ALIAS_DOMAIN_LIMIT; count += 1) {
    names.push(addressKey({ local: address.local, domain }))
    if (split) names.push(addressKey({ local: split.base, domain }))
    const main = directory.domain(domain)?.aliasOf?.domain
    if (main === undefined) break
    domain = main
  }
  return names
}

function machineMaySend(machine: MachineSenders, sender: Mailbox): SendAs {
  return patternsAllow(machine.senders, sender)
    ? { kind: 'yes', source: 'configuration' }
    : { kind: 'no', allowed: machine.senders }
}

/** @param patterns as in MachineSenders */
function patternsAllow(patterns: readonly string[], sender: Mailbox): boolean {
  const key = addressKey(sender)
  const matches = (pattern: string): boolean => {
    const text = pattern.toLowerCase()
    if (text.startsWith('*.')) return sender.domain.endsWith(text.slice(1))
    const domain = text.startsWith('@') ? text.slice(1) : text
    return domain.includes('@') ? domain === key : domain === sender.domain
  }
  return patterns.some(matches)
}
