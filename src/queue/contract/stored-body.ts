// Sizes and octets of a stored body, whether it is in the database row or in a spool file.

import { Readable } from 'node:stream'
import type { StoredBody } from './queue.ts'

/** Octets of a body. */
export function bodySize(body: StoredBody): number {
  return body.kind === 'inline' ? body.bytes.length : body.size
}

/** The octets of a message that are in memory and in its row: the header, then an inline body. */
export function contentParts(message: { readonly header: Buffer; readonly body: StoredBody }): readonly Buffer[] {
  return message.body.kind === 'inline' ? [message.header, message.body.bytes] : [message.header]
}

/** Octets of `contentParts`. */
export function contentSize(message: { readonly header: Buffer; readonly body: StoredBody }): number {
  return message.header.length + (message.body.kind === 'inline' ? message.body.bytes.length : 0)
}

/** A stream of the octets of an inline body. */
export function inlineStream(bytes: Buffer): Readable {
  return Readable.from(bytes.length > 0 ? [bytes] : [], { objectMode: false })
}
