// Reads the host name that a client asks for in its ClientHello (RFC 8446 4.1.2, RFC 6066 3; the form is the same in RFC 5246 7.4.1.2).

const HANDSHAKE_RECORD = 22
const CLIENT_HELLO = 1
const SERVER_NAME = 0
const HOST_NAME = 0
const RECORD_HEADER = 5
const MESSAGE_HEADER = 4
/** Octets of the version and the random number. */
const FIXED = 34
/** Octets that are waited for. Messages with large key shares have two thousand. */
const MAX_OCTETS = 16_384

/** `name` is null if there is none, or if the octets are no ClientHello: the TLS library answers that. */
export type ClientHello = { readonly kind: 'incomplete' } | { readonly kind: 'read'; readonly name: string | null }

const noName: ClientHello = { kind: 'read', name: null }

/** Reads the first message of a connection, which can be in several records. */
export function readClientHello(octets: Buffer): ClientHello {
  const parts: Buffer[] = []
  let at = 0
  while (octets[at] === HANDSHAKE_RECORD && at + RECORD_HEADER <= octets.length) {
    const end = at + RECORD_HEADER + octets.readUInt16BE(at + 3)
    parts.push(octets.subarray(at + RECORD_HEADER, end))
    at = end
  }
  const message = Buffer.concat(parts)
  if (message.length > 0 && message[0] !== CLIENT_HELLO) return noName
  const end = message.length < MESSAGE_HEADER ? Number.POSITIVE_INFINITY : MESSAGE_HEADER + message.readUIntBE(1, 3)
  // Another record can follow the message, but not interrupt it (RFC 8446 5.1).
  const isOver = octets.length >= MAX_OCTETS || (at < octets.length && octets[at] !== HANDSHAKE_RECORD)
  if (message.length < end) return isOver ? noName : { kind: 'incomplete' }
  return { kind: 'read', name: nameIn(message.subarray(MESSAGE_HEADER, end)) }
}

interface Block {
  readonly content: Buffer
  readonly end: number
}

/** The block at an offset whose length is in its first octets. Null if it is longer than the rest. */
function block(octets: Buffer, at: number, lengthOctets: 1 | 2): Block | null {
  const start = at + lengthOctets
  if (start > octets.length) return null
  const end = start + octets.readUIntBE(at, lengthOctets)
  return end > octets.length ? null : { content: octets.subarray(start, end), end }
}

function nameIn(hello: Buffer): string | null {
  const session = block(hello, FIXED, 1)
  const suites = session && block(hello, session.end, 2)
  const compressions = suites && block(hello, suites.end, 1)
  const extensions = compressions && block(hello, compressions.end, 2)
  if (!extensions) return null
  const { content } = extensions
  for (let at = 0; at + 2 <= content.length; ) {
    const extension = block(content, at + 2, 2)
    if (!extension) return null
    if (content.readUInt16BE(at) === SERVER_NAME) return hostIn(extension.content)
    at = extension.end
  }
  return null
}

/** There is one name of each type (RFC 6066 3), and no type but this one. */
function hostIn(extension: Buffer): string | null {
  const names = block(extension, 0, 2)?.content
  if (!names || names[0] !== HOST_NAME) return null
  return block(names, 1, 2)?.content.toString('latin1') ?? null
}
