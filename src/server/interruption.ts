// Why the stream of a message ended early. A hook that reads it sees this error and must not queue what it has so far.

export type InterruptionKind = 'disconnected' | 'too-large' | 'too-slow' | 'shutdown'

export class MessageInterrupted extends Error {
  readonly kind: InterruptionKind
  readonly code = 'WAYPOST_INTERRUPTED'

  constructor(kind: InterruptionKind) {
    super(`the message was not received in full: ${kind}`)
    this.name = 'MessageInterrupted'
    this.kind = kind
  }
}
