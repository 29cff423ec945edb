// What comes back with a report: the whole message if it is small and the sender did not object, else its header
// (RFC 3461 4.3: RET concerns failures only; RFC 8689 5: REQUIRETLS mail is not spread in reports).

import type { Readable } from 'node:stream'
import type { StoredBody, StoredMessage } from '../queue/contract/queue.ts'
import type { Notice } from './decide.ts'
import type { Returned } from './report-facts.ts'

/** @param sizeLimit octets of header and body together; the header alone is cut to it at a field's end */
export async function returnedPart(
  message: StoredMessage,
  notice: Notice,
  ports: { readonly openBody: (body: StoredBody) => Readable; readonly sizeLimit: number },
): Promise<Returned> {
  const { header, body, parameters } = message
  const bodySize = body.kind === 'inline' ? body.bytes.length : body.size
  const whole = notice === 'failed' && parameters.ret !== 'HDRS' && !parameters.requireTls
  const headerAlone = { header: cutHeader(header, ports.sizeLimit), body: null }
  if (!whole || header.length + bodySize > ports.sizeLimit) return headerAlone
  if (body.kind === 'inline') return { header, body: body.bytes }
  // A body that is lost must not keep its sender from hearing that the mail is.
  const bytes = await collect(ports.openBody(body)).catch(() => null)
  return bytes === null ? headerAlone : { header, body: bytes }
}

/** At most `limit` octets, ending between two fields. */
function cutHeader(header: Buffer, limit: number): Buffer {
  if (header.length <= limit) return header
  for (let end = header.lastIndexOf('\r\n', limit - 2); end > 0; end = header.lastIndexOf('\r\n', end - 1)) {
    const next = header[end + 2]
    if (next !== 0x20 && next !== 0x09) return header.subarray(0, end + 2)
  }
  return Buffer.alloc(0)
}

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
