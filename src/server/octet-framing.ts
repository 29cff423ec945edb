// How the parser finds the end of octets that are no commands: by the final dot (data-framing.ts) or by their number (chunk-framing.ts).

export interface Framed {
  /** Octets that belong to the message. */
  readonly content: Buffer
  /** The octets after the end; null before the end. */
  readonly rest: Buffer | null
}

export interface OctetFraming {
  /** Reads the next octets of the client, split anywhere. Must not be called after the end. */
  push(chunk: Buffer): Framed
}
