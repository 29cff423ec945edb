// The returned part of a DSN: the whole message if it is small, failed, and RET=HDRS does not forbid it, else its header (RFC 3461 section
// 4.3: RET applies to failures only). A message with REQUIRETLS is named by its Message-ID only, because the report may pass connections
// without verified TLS (RFC 8689 section 5).

import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { removeFields } from '../message/header.ts'
import type { StoredBody, StoredMessage } from '../queue/contract/queue.ts'
import { bodySize } from '../queue/contract/stored-body.ts'
import type { Notice } from './decide.ts'
import type { Returned } from './report-facts.ts'

/** @param sizeLimit octets of header and body together; the header alone is cut to it at a field's end */
export async function returnedPart(
  message: StoredMessage,
  notice: Notice,
  ports: { readonly openBody: (body: StoredBody) => Readable; readonly sizeLimit: number },
): Promise<Returned> {
  const { header, body, parameters } = message
  const whole = notice === 'failed' && parameters.ret !== 'HDRS'
  if (parameters.requireTls) return { header: removeFields(header, ({ key }) => key !== 'message-id'), body: null }
  const headerAlone = { header: cutHeader(header, ports.sizeLimit), body: null }
  if (!whole || header.length + bodySize(body) > ports.sizeLimit) return headerAlone
  if (body.kind === 'inline') return { header, body: body.bytes }
  // Without a readable body the sender still gets the report.
  const bytes = await buffer(ports.openBody(body)).catch(() => null)
  return bytes === null ? headerAlone : { header, body: bytes }
}

/** At most `limit` octets; ends between two fields. */
function cutHeader(header: Buffer, limit: number): Buffer {
  if (header.length <= limit) return header
  for (let end = header.lastIndexOf('\r\n', limit - 2); end > 0; end = header.lastIndexOf('\r\n', end - 1)) {
    const next = header[end + 2]
    if (next !== 0x20 && next !== 0x09) return header.subarray(0, end + 2)
  }
  return Buffer.alloc(0)
}
