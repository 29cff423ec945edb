// The error of a message stream that ended early. A hook that reads the stream gets it and must not store the message.

/** `abandoned`: RSET, another command or a refused chunk ended the transaction between the chunks of BDAT. */
export type InterruptionKind = 'disconnected' | 'too-large' | 'too-slow' | 'shutdown' | 'abandoned'

export class MessageInterrupted extends Error {
  readonly kind: InterruptionKind
  readonly code = 'WAYPOST_INTERRUPTED'

  constructor(kind: InterruptionKind) {
    super(`the message was not received in full: ${kind}`)
    this.name = 'MessageInterrupted'
    this.kind = kind
  }
}
