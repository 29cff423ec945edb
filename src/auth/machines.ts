// The machines that may submit mail, from a YAML file: name, fingerprints of keys (which outlive renewals) or of certificates, and the
// senders each may use. Several fingerprints per machine let an old and a new key overlap.
//
//   machines:
//     - name: web-01
//       fingerprints: ["sha256:…"]        # of the public key, or of the certificate
//       keys: ["…"]                       # of the public key only
//       certificates: ["…"]               # of the certificate only
//       senders: [web-01@example.org, "@web-01.example.org"]

import { readFile } from 'node:fs/promises'
import type { Located, LocatedMap } from '../directory/located.ts'
import { describeLocated, entryOf, textOf } from '../directory/located.ts'
import { collectProblems, type Problem, type ProblemList } from '../directory/data-problem.ts'
import { readYaml } from '../directory/files/yaml-file.ts'
import { readFingerprint } from '../lib/fingerprint.ts'
import type { ClientCertificate } from '../smtp/session.ts'
import type { CertificateAuthenticator, Identification } from './authenticator.ts'

export interface Machine {
  readonly name: string
  /** SHA-256 of the public key, lower-case hexadecimal. */
  readonly keys: readonly string[]
  /** SHA-256 of the certificate. */
  readonly certificates: readonly string[]
  /** Addresses, or `@domain` for all addresses of a domain. */
  readonly senders: readonly string[]
}

export interface Machines extends CertificateAuthenticator {
  readonly list: readonly Machine[]
  readonly problems: readonly Problem[]
}

/** What a list of fingerprints is about, and what its entries may have. */
export interface ListForm {
  /** The key of the list, and one entry of it. */
  readonly key: 'machines' | 'users'
  readonly one: 'machine' | 'user'
  readonly fields: ReadonlySet<string>
  readonly name: RegExp
}

const form: ListForm = {
  key: 'machines',
  one: 'machine',
  fields: new Set(['name', 'fingerprints', 'keys', 'certificates', 'senders']),
  name: /^[a-z0-9][a-z0-9._-]{0,253}$/,
}

/** Reads the file; one that cannot be read is a problem and has no machines. */
export async function loadMachines(file: string): Promise<Machines> {
  try {
    return parseMachines(file, await readFile(file, 'utf8'))
  } catch (error) {
    const { problems, ...list } = collectProblems()
    list.error(
      { file, line: 1, column: 1 },
      `found no readable file (${(error as Error).message}), expected a YAML file of machines`,
    )
    return createMachines([], problems)
  }
}

/** Reads the text of a machines file. A machine with a problem is left out. */
export function parseMachines(file: string, text: string): Machines {
  const { entries, problems } = parseFingerprints(file, text, form)
  return createMachines(entries, problems)
}

/** Reads a list of names with fingerprints. */
export function parseFingerprints(file: string, text: string, of: ListForm) {
  const { problems, ...list } = collectProblems()
  const top = readYaml(file, text, list)
  const entries: Machine[] = []
  const taken = new Map<string, string>()
  for (const item of top ? itemsOfList(top, list, of) : []) {
    const entry = readEntry(item, list, of)
    if (entry && isUnique(entry, taken, { item, list })) entries.push(entry)
  }
  return { entries, problems }
}

/** Creates an authenticator for the machines of a list. */
function createMachines(list: readonly Machine[], problems: readonly Problem[] = []): Machines {
  const byKey = new Map(list.flatMap((machine) => machine.keys.map((key) => [key, machine.name] as const)))
  const byCertificate = new Map(
    list.flatMap(({ certificates, name }) => certificates.map((each) => [each, name] as const)),
  )
  return {
    list,
    problems,
    identify: async (certificate: ClientCertificate): Promise<Identification> => {
      const identity = byKey.get(certificate.keyFingerprint) ?? byCertificate.get(certificate.fingerprint)
      return identity === undefined
        ? {
            kind: 'wrong',
            cause: `unknown certificate ${certificate.subject}, key sha256:${certificate.keyFingerprint}`,
          }
        : { kind: 'identified', identity }
    },
  }
}

function itemsOfList(top: LocatedMap, list: ProblemList, { key, one }: ListForm): readonly LocatedMap[] {
  for (const entry of top.entries)
    if (entry.key !== key) list.error(entry.place, `found the key ${entry.key}, expected ${key}`)
  const value = entryOf(top, key)?.value
  if (!value || (value.kind === 'scalar' && value.value === null)) return []
  if (value.kind !== 'list') {
    list.error(value.place, `found ${describeLocated(value)}, expected a list of ${key}`)
    return []
  }
  return value.items.flatMap((item) => {
    if (item.kind === 'map') return [item]
    list.error(item.place, `found ${describeLocated(item)}, expected a ${one} with name and fingerprints`)
    return []
  })
}

function readEntry(item: LocatedMap, list: ProblemList, { one, fields, name: nameForm }: ListForm): Machine | null {
  let good = true
  const report: ProblemList = {
    ...list,
    error: (place, message) => {
      good = false
      list.error(place, message)
    },
  }
  for (const entry of item.entries)
    if (!fields.has(entry.key))
      report.error(entry.place, `found the key ${entry.key}, expected one of ${[...fields].join(', ')}`)
  const name =
    textOf(entryOf(item, 'name')?.value ?? item)
      ?.trim()
      .toLowerCase() ?? ''
  if (!nameForm.test(name))
    report.error(
      entryOf(item, 'name')?.place ?? item.place,
      'found no usable name, expected letters, digits, dots and dashes',
    )
  const prints = (key: string) => readPrints(entryOf(item, key)?.value, report)
  const both = prints('fingerprints')
  const keys = [...prints('keys'), ...both]
  const certificates = [...prints('certificates'), ...both]
  if (good && keys.length + certificates.length === 0) report.error(item.place, `${one} ${name} has no fingerprint`)
  const senders = readSenders(entryOf(item, 'senders')?.value, report)
  return good ? { name, keys, certificates, senders } : null
}

function readPrints(value: Located | undefined, report: ProblemList): readonly string[] {
  return itemsOf(value).flatMap((item) => {
    const print = readFingerprint(textOf(item) ?? '')
    if (print !== null) return [print]
    report.error(item.place, `found ${describeLocated(item)}, expected a SHA-256 fingerprint of 64 hexadecimal digits`)
    return []
  })
}

function readSenders(value: Located | undefined, report: ProblemList): readonly string[] {
  return itemsOf(value).flatMap((item) => {
    const sender = (textOf(item) ?? '').trim().toLowerCase()
    if (/^(?:[^\s@]+@)?@?(?:\*\.)?[^\s@]+$/.test(sender)) return [sender]
    report.error(item.place, `found ${describeLocated(item)}, expected an address, @domain or *.domain`)
    return []
  })
}

/** A single value counts as a list. */
function itemsOf(value: Located | undefined): readonly Located[] {
  if (!value || (value.kind === 'scalar' && value.value === null)) return []
  return value.kind === 'list' ? value.items : [value]
}

/** With a shared name or fingerprint one machine could send as another. */
function isUnique(
  machine: Machine,
  taken: Map<string, string>,
  at: { readonly item: LocatedMap; readonly list: ProblemList },
): boolean {
  const marks = new Set([`name ${machine.name}`, ...machine.keys, ...machine.certificates])
  for (const mark of marks) {
    const other = taken.get(mark)
    if (other === undefined) continue
    at.list.error(at.item.place, `found ${mark} of ${machine.name} again, it belongs to ${other}`)
    return false
  }
  for (const mark of marks) taken.set(mark, machine.name)
  return true
}
