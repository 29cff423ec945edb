// What the files of a node contain, in the form in which snapshots remember it: names and addresses, never a password hash.

import { printAddress } from '../directory/address.ts'
import type { AddressRecord, DomainRecord } from '../directory/directory.ts'
import type { Snapshot } from '../directory/snapshot.ts'
import type { SourceContent, TargetsRow, UserRow } from '../directory/snapshots/source-content.ts'
import type { FilesRead } from './data-files.ts'

type Read = Pick<FilesRead, 'users' | 'apps' | 'pins' | 'machines'>

/** Users, app passwords and machines as users, domains as aliases `@domain`, and every address with an entry as an alias or a forward. */
export function fileContent(snapshot: Snapshot, { users, apps, pins, machines }: Read): SourceContent {
  const addresses = [...snapshot.addresses]
  return {
    users: [...userRows(snapshot, users), ...appRows(apps), ...pinRows(pins), ...machineRows(machines)],
    aliases: [...snapshot.domains].flatMap(domainRow).concat(addresses.flatMap(aliasRow)),
    forwards: addresses.flatMap(([address, { forward }]) =>
      forward ? [{ address, targets: forward.targets.map(printAddress), source: forward.source }] : [],
    ),
  }
}

function userRows(snapshot: Snapshot, passwd: Read['users']): readonly UserRow[] {
  const listed = [...snapshot.users.values()].map(({ name, addresses, source }) => ({
    name,
    addresses: addresses.map(printAddress),
    source,
  }))
  const known = new Set(listed.map(({ name }) => name))
  const withPassword = [...(passwd?.entries.keys() ?? [])].filter((name) => !known.has(name))
  return [...listed, ...withPassword.map((name) => ({ name, addresses: [], source: passwd?.file ?? '' }))]
}

function appRows(apps: Read['apps']): readonly UserRow[] {
  return (apps?.list ?? []).map(({ user, label, senders }) => ({
    name: `app password ${user}:${label}`,
    addresses: senders ?? [],
    source: apps?.file ?? '',
  }))
}

function pinRows(pins: Read['pins']): readonly UserRow[] {
  return (pins?.list ?? []).map(({ name }) => ({
    name: `certificates of ${name}`,
    addresses: [],
    source: 'user_certificates',
  }))
}

function machineRows(machines: Read['machines']): readonly UserRow[] {
  return (machines?.list ?? []).map(({ name, senders }) => ({
    name: `machine ${name}`,
    addresses: senders,
    source: 'machines',
  }))
}

/** Without the main domain alone, which no file has to name. */
function domainRow([name, record]: readonly [string, DomainRecord]): readonly TargetsRow[] {
  const { aliasOf, transport, catchAll, source } = record
  const targets = [
    ...(aliasOf ? [`@${aliasOf.domain}`] : []),
    ...(transport ? [transport.nextHop] : []),
    ...(catchAll?.targets.map(printAddress) ?? []),
  ]
  return source === 'configuration' && targets.length === 0 ? [] : [{ address: `@${name}`, targets, source }]
}

/** Every entry of an address but its forward; a record with a user only is in the users. */
function aliasRow([address, record]: readonly [string, AddressRecord]): readonly TargetsRow[] {
  const { alias, hostAlias, transport, discard, refusal } = record
  const entry = alias ?? hostAlias
  if (entry) return [{ address, targets: entry.targets.map(printAddress), source: entry.source }]
  if (transport) return [{ address, targets: [transport.nextHop], source: transport.source }]
  const text = discard ?? refusal
  return text ? [{ address, targets: [text.text], source: text.source }] : []
}
