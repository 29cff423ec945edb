// The file of operators: a line for each proof, with the name of the operator, what the operator may do, and the digest of a token or of a
// client certificate. `#` begins a comment.

import { createHash, timingSafeEqual } from 'node:crypto'
import { readFingerprint } from '../lib/fingerprint.ts'

/** `view`: sees the page only. `act`: changes the queue, accounts and bans too. */
export const rights = ['view', 'act'] as const
export type Right = (typeof rights)[number]

export interface OperatorEntry {
  readonly name: string
  readonly right: Right
  readonly proof: 'token' | 'certificate'
  /** SHA-256, lower-case hexadecimal. */
  readonly digest: string
}

export type OperatorList =
  | { readonly kind: 'read'; readonly entries: readonly OperatorEntry[] }
  | { readonly kind: 'bad'; readonly problem: string }

/** The name is in the ledger and in URLs of nothing: letters, digits, and what mail addresses have. */
export const operatorName = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$/
/** A node has a few operators; more lines are another file. */
const MAX_LINES = 1000

/** @param text of the file. One wrong line makes the whole list bad: a typing error must not remove an operator silently. */
export function parseOperators(text: string): OperatorList {
  const lines = text.split(/\r?\n/)
  if (lines.length > MAX_LINES)
    return { kind: 'bad', problem: `found ${lines.length} lines, expected at most ${MAX_LINES}` }
  const entries: OperatorEntry[] = []
  for (const [index, line] of lines.entries()) {
    const bare = line.replace(/(?:^|\s)#.*$/, '').trim()
    if (bare === '') continue
    const entry = readLine(bare)
    if (!entry)
      return {
        kind: 'bad',
        problem: `line ${index + 1}: expected NAME view|act token:DIGEST or certificate:FINGERPRINT`,
      }
    entries.push(entry)
  }
  return { kind: 'read', entries }
}

function readLine(line: string): OperatorEntry | null {
  const [name = '', right = '', proof = '', ...more] = line.split(/\s+/)
  const [, kind, print] = /^(token|certificate):(.+)$/i.exec(proof) ?? []
  const digest = readFingerprint(print ?? '')
  if (more.length > 0 || !operatorName.test(name) || !isRight(right) || digest === null) return null
  return { name, right, proof: kind?.toLowerCase() === 'token' ? 'token' : 'certificate', digest }
}

function isRight(text: string): text is Right {
  return (rights as readonly string[]).includes(text)
}

/** The digest of a token, as the file has it. Tokens have 256 random bits, so that a slow hash adds nothing. */
export function tokenDigest(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** The entry with this digest; null without one. Compares all entries in the same time. */
export function findOperator(
  entries: readonly OperatorEntry[],
  proof: OperatorEntry['proof'],
  digest: string,
): OperatorEntry | null {
  const wanted = Buffer.from(digest, 'hex')
  let found: OperatorEntry | null = null
  for (const entry of entries) {
    const own = Buffer.from(entry.digest, 'hex')
    if (entry.proof === proof && own.length === wanted.length && timingSafeEqual(own, wanted)) found ??= entry
  }
  return found
}
