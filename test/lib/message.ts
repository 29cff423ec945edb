// A Content made of buffers, for tests.

import { Readable } from 'node:stream'
import type { Content } from '../../src/message/content.ts'

/** The message as Content; `chunk` octets of the body at a time. */
export function contentOf(message: { readonly header: Buffer; readonly body: Buffer }, chunk = 65_536): Content {
  const { header, body } = message
  const pieces: Buffer[] = []
  for (let at = 0; at < body.length; at += chunk) pieces.push(body.subarray(at, at + chunk))
  return { header, bodySize: body.length, openBody: () => Readable.from(pieces) }
}
