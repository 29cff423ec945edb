// The signatures of one message with mailauth's verifier, whose keys come from the memory of this program. A small message is given to it
// at once: its stream looks at a header section octet by octet, which takes longer than the verification.

import type { Readable } from 'node:stream'
import { DkimVerifier } from 'mailauth/lib/dkim/dkim-verifier.js'
import type { DKIMVerifyResult } from 'mailauth'
import { type Content, openMessage } from '../message/content.ts'
import type { MailauthKeyCache } from './key-memory.ts'

export interface SignatureOptions {
  /** Empty for the null sender. */
  readonly sender: string
  /** Unix milliseconds. */
  readonly curTime: number
  readonly keys: MailauthKeyCache
}

export interface Verification {
  readonly result: Promise<DKIMVerifyResult>
  /** Ends the reading of the body. */
  stop(): void
}

const LF = 0x0a
const CR = 0x0d
const EMPTY_LINE = '\r\n\r\n'

export type VerifyContent = (content: Content, options: SignatureOptions) => Verification

/** Begins to verify. The result has the shape of mailauth's `dkimVerify`. */
export const verifyContent: VerifyContent = (content, { sender, curTime, keys }) => {
  const verifier = new DkimVerifier({ resolver: keys.resolver, sender, strict: true, curTime })
  verifier.keyCache = keys
  verifier.arc.keyCache = keys
  if (isPlain(content)) return { result: verifyAtOnce(verifier, content), stop: () => {} }
  const message = openMessage(content)
  return { result: verifyStream(verifier, message), stop: () => message.destroy() }
}

interface PlainContent extends Content {
  readonly octets: Buffer
}

/**
 * True if the message is in memory and needs none of what mailauth's stream does: it splits the header section from the body, and writes a
 * single LF as CRLF.
 */
function isPlain(content: Content): content is PlainContent {
  const { header, octets } = content
  if (octets === undefined || header.indexOf(EMPTY_LINE) !== header.length - EMPTY_LINE.length) return false
  return header[0] !== CR && hasOnlyCrlf(header) && hasOnlyCrlf(octets)
}

function hasOnlyCrlf(octets: Buffer): boolean {
  for (let at = octets.indexOf(LF); at >= 0; at = octets.indexOf(LF, at + 1)) if (octets[at - 1] !== CR) return false
  return true
}

async function verifyAtOnce(verifier: DkimVerifier, { header, octets }: PlainContent): Promise<DKIMVerifyResult> {
  await verifier.emitHeaders(header)
  if (octets.length > 0) await verifier.nextChunk(octets)
  await verifier.finalChunk()
  return resultOf(verifier)
}

function verifyStream(verifier: DkimVerifier, message: Readable): Promise<DKIMVerifyResult> {
  return new Promise((resolve, reject) => {
    message.on('error', reject)
    verifier.on('error', reject).on('finish', () => resolve(resultOf(verifier)))
    message.pipe(verifier)
  })
}

/** As `dkimVerify` of mailauth has it. */
function resultOf(verifier: DkimVerifier): DKIMVerifyResult {
  const { headers, headerFrom, fromFields, envelopeFrom, results, arc } = verifier
  return { headers, headerFrom, fromFields, envelopeFrom, results, arc }
}
