// Keys on disk: `<directory>/<domain>/<selector>.pem` (PKCS #8) and `<selector>.json` with its stage.
// A key without the JSON file, for example one written by configuration management, is active.

import { generateKeyPair } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { canonicalName } from '../dns/name.ts'
import { createFile } from '../lib/create-file.ts'
import { makeLikeDirectory } from '../lib/like-directory.ts'
import { replaceFile } from '../lib/replace-file.ts'
import type { DkimAlgorithm, DkimKey, KeyStage } from './key.ts'
import { readKeyFile, stateFile } from './key-file.ts'

export interface LoadedKeys {
  readonly keys: readonly DkimKey[]
  /** `file: what is wrong, what is expected`. If there are problems, no key is used. */
  readonly problems: readonly string[]
  /** Keys that work but need attention: weak keys, files readable by others. */
  readonly warnings: readonly string[]
}

/** RFC 8301 3.2 recommends 2048 bits; longer keys do not fit in one UDP answer. */
const RSA_BITS = 2048
/** RFC 6376 3.1 and 3.5: domain and selector consist of labels as in a host name. */
const LABELS = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?)*$/i

const generatePair = promisify(generateKeyPair)

/** Reads every key of the directory. */
export async function loadKeys(directory: string): Promise<LoadedKeys> {
  const keys: DkimKey[] = []
  const problems: string[] = []
  const warnings: string[] = []
  const domains = await listDirectory(directory)
  if (domains === null)
    return { keys, problems: [`${directory}: cannot be read, expected a directory of keys`], warnings }
  for (const { name: domain, isDirectory } of domains) {
    if (!isDirectory) continue
    const files = await listDirectory(join(directory, domain))
    if (files === null) problems.push(`${join(directory, domain)}: cannot be read`)
    for (const { name } of files ?? []) {
      if (!name.endsWith('.pem')) continue
      const file = join(directory, domain, name)
      const wrong = nameProblem(domain, name.slice(0, -4))
      if (wrong !== null) {
        problems.push(`${file}: ${wrong}`)
        continue
      }
      const read = await readKeyFile(file, { domain: domain.toLowerCase(), selector: name.slice(0, -4) })
      if (read.kind === 'refused') problems.push(read.problem)
      else {
        keys.push(read.key)
        warnings.push(...read.warnings)
      }
    }
  }
  return { keys, problems, warnings }
}

function nameProblem(domain: string, selector: string): string | null {
  if (canonicalName(domain) !== domain.toLowerCase() || !LABELS.test(domain))
    return `found directory ${domain}, expected a domain name`
  if (!LABELS.test(selector)) return `found selector ${selector}, expected letters, digits and hyphens`
  const tooLong = canonicalName(`${selector}._domainkey.${domain}`) === null
  return tooLong ? `found selector ${selector}, expected labels of at most 63 octets, 253 with the domain` : null
}

async function listDirectory(path: string): Promise<{ name: string; isDirectory: boolean }[] | null> {
  try {
    const entries = await readdir(path, { withFileTypes: true })
    // A symbolic link to a directory is followed, because some deployment tools use links.
    const listed = entries.map((entry) => ({
      name: entry.name,
      isDirectory: entry.isDirectory() || entry.isSymbolicLink(),
    }))
    return listed.filter((entry) => !entry.name.startsWith('.')).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  } catch {
    return null
  }
}

export type Generated =
  | { readonly kind: 'generated'; readonly key: DkimKey }
  | { readonly kind: 'refused'; readonly problem: string }

/** Creates a key and writes it with fsync, readable for the owner and, if its directory is, for the group. Never overwrites a file. */
export async function generateKey(
  directory: string,
  wanted: {
    readonly domain: string
    readonly selector: string
    readonly algorithm: DkimAlgorithm
    readonly stage: KeyStage
    readonly now: number
  },
): Promise<Generated> {
  const { selector, algorithm, stage, now } = wanted
  const domain = canonicalName(wanted.domain) ?? wanted.domain
  const wrong = nameProblem(domain, selector)
  if (wrong !== null) return { kind: 'refused', problem: wrong }
  const file = join(directory, domain, `${selector}.pem`)
  const { privateKey } =
    algorithm === 'rsa-sha256' ? await generatePair('rsa', { modulusLength: RSA_BITS }) : await generatePair('ed25519')
  const key: DkimKey = { domain, selector, algorithm, privateKey, stage, since: now, file }
  try {
    await makeLikeDirectory(join(directory, domain))
    await requireAbsent(file)
    // The stage first: a key without one is active and would sign before its record is in the DNS.
    await saveStage(key, stage, now)
    await createFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST'
    const problem = exists
      ? 'exists already, expected a new selector'
      : `cannot be written: ${(error as Error).message}`
    return { kind: 'refused', problem: `${file}: ${problem}` }
  }
  return { kind: 'generated', key }
}

async function requireAbsent(file: string): Promise<void> {
  const found = await stat(file).catch(() => null)
  if (found) throw Object.assign(new Error('the file exists'), { code: 'EEXIST' })
}

/** Writes the stage to the state file of the key, atomically. */
export async function saveStage(key: DkimKey, stage: KeyStage, now: number): Promise<DkimKey> {
  await replaceFile(stateFile(key.file), `${JSON.stringify({ stage, since: new Date(now).toISOString() })}\n`)
  return { ...key, stage, since: now }
}
