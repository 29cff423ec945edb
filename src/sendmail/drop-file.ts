// A message that waits in the drop directory: one line of JSON with the envelope, then the message as it will be sent.

import { isNotify } from '../smtp/parameters.ts'
import { isEnvelopeAddress } from './parse-arguments.ts'
import type { Envelope } from './submit.ts'

export interface Dropped {
  /** An undefined sender is the owner of the file. */
  readonly envelope: Omit<Envelope, 'sender'> & { readonly sender: string | null | undefined }
  readonly message: Buffer
}

const FORMAT = 1
const LF = 0x0a
/** Octets of the first line: thousands of recipients. */
export const MAX_ENVELOPE = 1024 * 1024
/** As many as an alias may have at most. */
const MAX_RECIPIENTS = 20_000

export function formatDrop({ envelope, message }: Dropped): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify({ format: FORMAT, ...envelope })}\n`), message])
}

/** Null if the file is damaged, or has another format: every user of the host can write one. */
export function parseDrop(octets: Buffer): Dropped | null {
  const end = octets.subarray(0, MAX_ENVELOPE).indexOf(LF)
  if (end < 0) return null
  const envelope = readEnvelope(octets.toString('utf8', 0, end))
  const message = octets.subarray(end + 1)
  return envelope && isWhole(message) ? { envelope, message } : null
}

function readEnvelope(text: string): Dropped['envelope'] | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const { format, sender, recipients, notify, ret, envid } = value as Record<string, unknown>
  const isSender = sender === undefined || sender === null || isAddress(sender)
  if (format !== FORMAT || !isSender || !Array.isArray(recipients) || !recipients.every(isAddress)) return null
  if (recipients.length === 0 || recipients.length > MAX_RECIPIENTS) return null
  if (!Array.isArray(notify) || !(notify.length === 0 || isNotify(notify as string[]))) return null
  if (ret !== null && ret !== 'FULL' && ret !== 'HDRS') return null
  if (envid !== null && !(typeof envid === 'string' && /^[\x20-\x7e]{1,100}$/.test(envid))) return null
  return { sender, recipients, notify, ret, envid }
}

function isAddress(value: unknown): value is string {
  return typeof value === 'string' && isEnvelopeAddress(value)
}

/** Complete lines with CRLF: anything else could end the message early, and what follows would be commands. */
function isWhole(message: Buffer): boolean {
  if (!message.subarray(-2).equals(Buffer.from('\r\n'))) return false
  for (let at = message.indexOf(LF); at >= 0; at = message.indexOf(LF, at + 1))
    if (message[at - 1] !== 0x0d) return false
  return true
}
