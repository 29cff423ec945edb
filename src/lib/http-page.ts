// A page that an HTTP listener answers with, and how it is sent.

import type { IncomingMessage, ServerResponse } from 'node:http'

export interface Page {
  readonly status: number
  readonly contentType: string
  readonly content: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

const PLAIN = 'text/plain; charset=utf-8'

export function plainPage(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Page {
  return { status, contentType: PLAIN, content: `${text}\n`, headers }
}

/** Sends it without permission to keep it; only the head for HEAD. */
export function sendPage(request: IncomingMessage, response: ServerResponse, page: Page): void {
  response.writeHead(page.status, {
    'content-type': page.contentType,
    'content-length': Buffer.byteLength(page.content),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...page.headers,
  })
  response.end(request.method === 'HEAD' ? undefined : page.content)
}

/** Requests and forms are a few hundred octets. */
const MAX_BODY = 16 * 1024

/** Null if it is too large. What says so is not read, because the reply to a broken-off request may be lost. */
export async function readBody(request: IncomingMessage): Promise<string | null> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) return null
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
