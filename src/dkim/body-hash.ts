// bh= of a signature (RFC 6376 3.7): the SHA-256 of the body in relaxed form, base64. The body is streamed, never held.

import { createHash } from 'node:crypto'
import type { Content } from '../message/content.ts'
import { canonicalBody } from './canonical-body.ts'

/** Reads the body once. */
export async function hashBody(content: Content): Promise<string> {
  const hash = createHash('sha256')
  const canonical = canonicalBody('relaxed', (piece) => hash.update(piece))
  for await (const chunk of content.openBody()) canonical.update(chunk as Buffer)
  canonical.end()
  return hash.digest('base64')
}
