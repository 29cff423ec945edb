// The machines that may submit mail, from a YAML file or a folder of them: name, fingerprints of keys (which outlive renewals) or of
// certificates, and what each may do. Several fingerprints per machine let an old and a new key overlap.
//
//   machines:
//     - name: web-01
//       fingerprints: ["sha256:…"]        # of the public key, or of the certificate
//       keys: ["…"]                       # of the public key only
//       certificates: ["…"]               # of the certificate only
//       senders: [web-01@example.org, "@web-01.example.org"]
//       recipients: ["@example.org"]      # optional: only these
//       networks: [192.0.2.0/24]          # optional: only from these
//       expires: 2027-06-30               # optional: the last day (UTC)

import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { collectProblems, type Problem, type ProblemList } from '../directory/data-problem.ts'
import { describeLocated, entryOf, type Located, textOf } from '../directory/located.ts'
import { networkMatcher, parseNetwork } from '../lib/ip-address.ts'
import type { ClientCertificate } from '../smtp/session.ts'
import type { Identification } from './authenticator.ts'
import {
  type FingerprintEntry,
  itemsOf,
  type ListForm,
  type ReadEntry,
  readFingerprintList,
  type Taken,
} from './fingerprint-list.ts'

export interface Machine extends FingerprintEntry {
  /** Addresses, or `@domain` for all addresses of a domain. */
  readonly senders: readonly string[]
  /** The only recipients, in the same form; null for any. */
  readonly recipients: readonly string[] | null
  /** True for an address from which it may connect; null for any. */
  readonly allows: ((ip: string) => boolean) | null
  /** Unix milliseconds from which on it may not connect; null for never. */
  readonly expires: number | null
}

/** How a machine connects. */
export interface MachineClaim {
  readonly certificate: ClientCertificate
  readonly ip: string
  /** Unix milliseconds. */
  readonly now: number
}

export interface Machines {
  readonly list: readonly Machine[]
  readonly problems: readonly Problem[]
  /** The files that were read. */
  readonly files: readonly string[]
  identify(claim: MachineClaim): Promise<Identification>
}

const form: ListForm = {
  key: 'machines',
  one: 'machine',
  fields: new Set(['name', 'fingerprints', 'keys', 'certificates', 'senders', 'recipients', 'networks', 'expires']),
  name: /^[a-z0-9][a-z0-9._-]{0,253}$/,
}
const DAY_MS = 86_400_000
const day = /^\d{4}-\d{2}-\d{2}$/
const fragment = /^[^.].*\.ya?ml$/

/** Reads a file, or the YAML files of a folder in the order of their names. What cannot be read is a problem. */
export async function loadMachines(path: string): Promise<Machines> {
  const taken: Taken = new Map()
  const problems: Problem[] = []
  const list: Machine[] = []
  const files = await filesOf(path)
  for (const file of files) {
    const read = await readMachines(file, taken)
    problems.push(...read.problems)
    list.push(...read.entries)
  }
  return createMachines({ list, problems, files })
}

/** Reads the text of a machines file. A machine with a problem is left out. */
export function parseMachines(file: string, text: string): Machines {
  const { entries, problems } = readFingerprintList(file, text, { form, taken: new Map(), finish })
  return createMachines({ list: entries, problems, files: [file] })
}

async function filesOf(path: string): Promise<readonly string[]> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (!isFolder) return [path]
  const names = await readdir(path).catch((): string[] => [])
  return names
    .filter((name) => fragment.test(name))
    .toSorted()
    .map((name) => join(path, name))
}

async function readMachines(file: string, taken: Taken) {
  try {
    return readFingerprintList(file, await readFile(file, 'utf8'), { form, taken, finish })
  } catch (error) {
    const { problems, ...list } = collectProblems()
    list.error(
      { file, line: 1, column: 1 },
      `found no readable file (${(error as Error).message}), expected a YAML file of machines`,
    )
    return { entries: [], problems }
  }
}

/** Creates an authenticator for the machines of a list. */
function createMachines(read: Omit<Machines, 'identify'>): Machines {
  const { list } = read
  const byKey = new Map(list.flatMap((machine) => machine.keys.map((key) => [key, machine] as const)))
  const byCertificate = new Map(list.flatMap((machine) => machine.certificates.map((each) => [each, machine] as const)))
  return {
    ...read,
    identify: async ({ certificate, ip, now }) => {
      const machine = byKey.get(certificate.keyFingerprint) ?? byCertificate.get(certificate.fingerprint)
      if (!machine)
        return {
          kind: 'wrong',
          cause: `unknown certificate ${certificate.subject}, key sha256:${certificate.keyFingerprint}`,
        }
      const cause = whyRefused(machine, ip, now)
      return cause === null ? { kind: 'identified', identity: machine.name } : { kind: 'wrong', cause }
    },
  }
}

function whyRefused({ name, allows, expires }: Machine, ip: string, now: number): string | null {
  if (expires !== null && now >= expires)
    return `machine ${name} expired on ${new Date(expires - DAY_MS).toISOString().slice(0, 10)}`
  return allows === null || allows(ip) ? null : `machine ${name} may not connect from ${ip}`
}

function finish({ item, ...entry }: ReadEntry, report: ProblemList): Machine {
  const value = (key: string) => entryOf(item, key)?.value
  const networks = readNetworks(value('networks'), report)
  return {
    ...entry,
    senders: readAddresses(value('senders'), report),
    recipients: value('recipients') === undefined ? null : readAddresses(value('recipients'), report),
    allows: networks === null ? null : networkMatcher(networks),
    expires: readExpiry(value('expires'), report),
  }
}

function readAddresses(value: Located | undefined, report: ProblemList): readonly string[] {
  return itemsOf(value).flatMap((item) => {
    const address = (textOf(item) ?? '').trim().toLowerCase()
    if (/^(?:[^\s@]+@)?@?(?:\*\.)?[^\s@]+$/.test(address)) return [address]
    report.error(item.place, `found ${describeLocated(item)}, expected an address, @domain or *.domain`)
    return []
  })
}

function readNetworks(value: Located | undefined, report: ProblemList): readonly string[] | null {
  if (value === undefined) return null
  return itemsOf(value).flatMap((item) => {
    const network = parseNetwork((textOf(item) ?? '').trim())
    if (network !== null) return [network]
    report.error(item.place, `found ${describeLocated(item)}, expected an address or a network such as 192.0.2.0/24`)
    return []
  })
}

/** The end of the day (UTC). */
function readExpiry(value: Located | undefined, report: ProblemList): number | null {
  if (value === undefined) return null
  const text = (textOf(value) ?? '').trim()
  const at = day.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  if (!Number.isNaN(at)) return at + DAY_MS
  report.error(value.place, `found ${describeLocated(value)}, expected the last day such as 2027-06-30`)
  return null
}
