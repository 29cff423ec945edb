// Reads one key file and its state file; every error names the file, the value found and the value expected.

import { createPrivateKey, type KeyObject } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { type DkimAlgorithm, type DkimKey, type KeyStage, keyStages } from './key.ts'

export type KeyFileReading =
  | { readonly kind: 'read'; readonly key: DkimKey; readonly warnings: readonly string[] }
  | { readonly kind: 'refused'; readonly problem: string }

/** RFC 8301 3.2: signers must use at least 1024 bits and should use 2048. */
const MIN_RSA_BITS = 1024
const GOOD_RSA_BITS = 2048
/** Readable by the world, or writable by the group. */
const TOO_OPEN = 0o027

/** Reads the key at `file`. */
export async function readKeyFile(
  file: string,
  name: { readonly domain: string; readonly selector: string },
): Promise<KeyFileReading> {
  const parsed = await parseKey(file)
  if ('problem' in parsed) return { kind: 'refused', problem: `${file}: ${parsed.problem}` }
  const state = await readState(stateFile(file))
  if ('problem' in state) return { kind: 'refused', problem: state.problem }
  const warnings: string[] = []
  if (parsed.mode & TOO_OPEN) {
    warnings.push(`${file}: found mode ${(parsed.mode & 0o777).toString(8)}, expected 600 or 640`)
  }
  if (parsed.bits !== null && parsed.bits < GOOD_RSA_BITS) {
    warnings.push(`${file}: found an RSA key of ${parsed.bits} bits, expected ${GOOD_RSA_BITS} (RFC 8301)`)
  }
  const { algorithm, privateKey } = parsed
  return { kind: 'read', key: { ...name, algorithm, privateKey, ...state, file }, warnings }
}

/** The state file of a key file. */
export function stateFile(keyFile: string): string {
  return keyFile.replace(/\.pem$/, '.json')
}

interface ParsedKey {
  readonly privateKey: KeyObject
  readonly algorithm: DkimAlgorithm
  readonly bits: number | null
  readonly mode: number
}

async function parseKey(file: string): Promise<ParsedKey | { readonly problem: string }> {
  let privateKey: KeyObject
  let mode: number
  try {
    const text = await readFile(file)
    mode = (await stat(file)).mode
    privateKey = createPrivateKey(text)
  } catch (error) {
    const { code, message, syscall } = error as NodeJS.ErrnoException
    return { problem: syscall !== undefined ? `cannot be read (${code})` : `found no private key in PEM (${message})` }
  }
  if (privateKey.asymmetricKeyType === 'ed25519') return { privateKey, algorithm: 'ed25519-sha256', bits: null, mode }
  if (privateKey.asymmetricKeyType !== 'rsa') {
    return { problem: `found a key of type ${privateKey.asymmetricKeyType}, expected rsa or ed25519` }
  }
  const bits = privateKey.asymmetricKeyDetails?.modulusLength ?? 0
  if (bits < MIN_RSA_BITS) {
    return { problem: `found an RSA key of ${bits} bits, expected at least ${MIN_RSA_BITS} (RFC 8301)` }
  }
  return { privateKey, algorithm: 'rsa-sha256', bits, mode }
}

type State = { readonly stage: KeyStage; readonly since: number | null }

async function readState(file: string): Promise<State | { readonly problem: string }> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { stage: 'active', since: null }
    return { problem: `${file}: cannot be read (${code})` }
  }
  const expected = `expected {"stage": ${keyStages.map((stage) => `"${stage}"`).join(' | ')}, "since": time}`
  try {
    const { stage, since } = JSON.parse(text) as { stage?: unknown; since?: unknown }
    const known = keyStages.find((one) => one === stage)
    if (known === undefined) return { problem: `${file}: found stage ${JSON.stringify(stage)}, ${expected}` }
    const at = Date.parse(String(since))
    return { stage: known, since: Number.isNaN(at) ? null : at }
  } catch {
    return { problem: `${file}: found no JSON, ${expected}` }
  }
}
