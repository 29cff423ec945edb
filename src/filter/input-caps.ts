// Limits the part of a message that mailauth processes. Its work grows with the square of the header lines and with every signature, so
// that a hostile header section of 40 000 folded lines would block the event loop for seconds.

import type { Content } from '../message/content.ts'
import { type Field, readFields } from '../message/header.ts'
import { FROM_OCTETS, HEADER_LINES, HEADER_SECTION_OCTETS } from '../message/header-limits.ts'
import { bodyProblem } from './body-caps.ts'

/** Octets that fleet nodes may add on top of a header section within the limits. */
const OWN_OCTETS = 8 * 1024
const OWN_LINES = 100
export const MAX_HEADER_OCTETS = HEADER_SECTION_OCTETS + OWN_OCTETS
export const MAX_HEADER_LINES = HEADER_LINES + OWN_LINES
/** Lines that all signatures together canonicalize: one signature of the largest section takes some 0.1 s, and each further one as much. */
export const MAX_SIGNED_LINES = 12_000
/** An ARC set has two signatures. */
const SIGNATURES_OF_ARC_SET = 2
/** Each signature costs a key look-up and a public-key operation; RFC 6376 6.1 lets a verifier stop. */
export const MAX_DKIM_SIGNATURES = 10
/** RFC 8617 4.2.1: instances run from 1 to 50. */
export const MAX_ARC_SETS = 50
/** Octets of consecutive white space in a signature: the time of mailauth grows with the square (110 KB block the event loop for ten seconds). */
export const MAX_BLANKS = 256

export interface CappedHeader {
  /** The header section to verify, ending in an empty line. */
  readonly header: Buffer
  /** The reason why no DKIM signature is verified, or null. */
  readonly dkimSkipped: string | null
  /** The reason why no ARC set is verified, or null. */
  readonly arcSkipped: string | null
}

const ARC_FIELDS = ['arc-seal', 'arc-message-signature', 'arc-authentication-results']

/** The part of the message that is safe to verify: without signatures if the body is not safe. */
export async function capMessage(content: Content): Promise<CappedHeader> {
  const capped = capHeader(content.header)
  if (capped.dkimSkipped !== null) return capped
  const fields = readFields(capped.header)
  const problem = await bodyProblem(fields, content)
  if (problem === null) return capped
  const kept = fields.filter((field) => field.key !== 'dkim-signature' && !ARC_FIELDS.includes(field.key))
  return { header: join(kept), dkimSkipped: problem, arcSkipped: problem }
}

/** Reduces the header section to whole fields that are safe to verify, in their order. */
export function capHeader(header: Buffer): CappedHeader {
  const lines = linesOf(header)
  const tooLarge = sizeProblem(header, lines)
  if (tooLarge !== null) return { header: onlyFrom(header), dkimSkipped: tooLarge, arcSkipped: tooLarge }
  const fields = readFields(header)
  const count = (name: string): number => fields.filter((field) => field.key === name).length
  const signatures = count('dkim-signature')
  const arcSets = Math.max(...ARC_FIELDS.map(count))
  const stretched = (names: readonly string[]): string | null =>
    fields.some((field) => names.includes(field.key) && blanksInARow(field.raw) > MAX_BLANKS)
      ? `white space of more than ${MAX_BLANKS} octets in ${names[0]}`
      : null
  const dkimSkipped =
    signatures > MAX_DKIM_SIGNATURES
      ? `${signatures} signatures, at most ${MAX_DKIM_SIGNATURES} are checked`
      : (workProblem(lines, signatures) ?? stretched(['dkim-signature']))
  const arcSkipped =
    arcSets > MAX_ARC_SETS
      ? `${arcSets} ARC sets, at most ${MAX_ARC_SETS} are allowed`
      : (dkimSkipped ?? workProblem(lines, signatures + SIGNATURES_OF_ARC_SET * arcSets) ?? stretched(ARC_FIELDS))
  if (dkimSkipped === null && arcSkipped === null) return { header, dkimSkipped, arcSkipped }
  const kept = fields.filter((field) => {
    if (dkimSkipped !== null && field.key === 'dkim-signature') return false
    return !ARC_FIELDS.includes(field.key)
  })
  return { header: join(kept), dkimSkipped, arcSkipped }
}

function linesOf(header: Buffer): number {
  let lines = 0
  for (let at = header.indexOf(10); at >= 0; at = header.indexOf(10, at + 1)) lines++
  return lines
}

function workProblem(lines: number, signatures: number): string | null {
  if (lines * signatures <= MAX_SIGNED_LINES || signatures <= 1) return null
  return `${signatures} signatures of ${lines} header lines, at most ${MAX_SIGNED_LINES} lines together are checked`
}

function sizeProblem(header: Buffer, lines: number): string | null {
  if (header.length > MAX_HEADER_OCTETS)
    return `header of ${header.length} octets, at most ${MAX_HEADER_OCTETS} are read`
  return lines > MAX_HEADER_LINES ? `header of ${lines} lines, at most ${MAX_HEADER_LINES} are read` : null
}

/** The longest run of spaces, tabs and line ends. */
function blanksInARow(raw: Buffer): number {
  let longest = 0
  let run = 0
  for (const octet of raw) {
    run = octet === 0x20 || octet === 0x09 || octet === 0x0d || octet === 0x0a ? run + 1 : 0
    if (run > longest) longest = run
  }
  return longest
}

/** DMARC needs the author. Two From: fields are enough to detect several. */
function onlyFrom(header: Buffer): Buffer {
  const authors = readFields(header).filter((field) => field.key === 'from' && field.raw.length <= FROM_OCTETS)
  return join(authors.slice(0, 2))
}

function join(fields: readonly Field[]): Buffer {
  return Buffer.concat([...fields.map((field) => field.raw), Buffer.from('\r\n')])
}
