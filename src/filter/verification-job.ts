// A message as it goes to a verification thread: header section and small body in one buffer, which moves to the thread without a copy.

import type { Content } from '../message/content.ts'
import type { AuthenticationRequest } from './authentication.ts'
import type { VerificationJob } from './verification-messages.ts'

/** Bodies up to this size go to the thread with their message; larger ones piece by piece, as the thread hashes them. */
const SMALL_BODY_OCTETS = 64 * 1024

/** Fields whose signature covers the body. The body of a message without them is not read. */
const bodySignature = /^(?:dkim-signature|arc-message-signature)[ \t]*:/im

export interface SentJob {
  readonly job: VerificationJob
  /** The buffer of `job`. */
  readonly owned: ArrayBuffer
}

/** A signal cannot be sent to a thread; `closed` becomes another message. Rejects if the body cannot be read. */
export async function jobFor(request: AuthenticationRequest): Promise<SentJob> {
  const { content, remoteIp, helo, sender, authservId, now } = request
  const { header, bodySize } = content
  const hasBody = bodySize <= SMALL_BODY_OCTETS && bodySignature.test(header.toString('latin1'))
  const owned = new ArrayBuffer(header.length + (hasBody ? bodySize : 0))
  const octets = new Uint8Array(owned)
  octets.set(header)
  if (hasBody) await copyBody(content, octets.subarray(header.length))
  const job = { remoteIp, helo, sender, authservId, now, octets, headerSize: header.length, bodySize, hasBody }
  return { job, owned }
}

async function copyBody(content: Content, to: Uint8Array): Promise<void> {
  if (content.octets !== undefined) return to.set(content.octets)
  let at = 0
  for await (const chunk of content.openBody() as AsyncIterable<Buffer>) {
    to.set(chunk, at)
    at += chunk.length
  }
  if (at !== to.length) throw new Error(`the body has ${at} octets, expected ${to.length}`)
}
