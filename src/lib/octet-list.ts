// Octets that arrive in pieces of any size. Small pieces are copied together: a Buffer takes some 200 octets of memory in addition to its content,
// and can hold a much larger block alive, so that a body sent octet by octet would take 200 times its size.

export interface OctetList {
  /** Octets in the list. */
  readonly length: number
  add(piece: Buffer): void
  /** Everything, in order, and empties the list. */
  take(): Buffer[]
}

/** Larger pieces are kept as they are, if their memory is at most `MOST_SLACK` times as large. */
const SMALL_OCTETS = 4096
const MOST_SLACK = 1.5
/** The first piece is kept too, with the memory of one read of a socket: most bodies are one piece, and a copy costs an allocation and its collection. */
const FIRST_OCTETS = 65_536
const LEAST_BLOCK = 256
const LARGEST_BLOCK = 65_536

const nothing: Buffer = Buffer.alloc(0)

/**
 * The memory of the list is at most twice its octets, 64 KiB for the first piece, and the 64 KiB (Buffer.poolSize) in which the first block lies: most
 * bodies need one small block, and separate memory for each costs more than all the rest.
 */
export function createOctetList(): OctetList {
  return new JoinedOctets()
}

/** A class: there is one for each message, and its methods are made once. */
class JoinedOctets implements OctetList {
  #pieces: Buffer[] = []
  #length = 0
  #block = nothing
  /** The octets of the block from `start` to `end` are not in `pieces` yet. */
  #start = 0
  #end = 0

  get length(): number {
    return this.#length
  }

  add(piece: Buffer): void {
    const memory = piece.buffer.byteLength
    const isFirst = this.#length === 0 && memory <= FIRST_OCTETS
    if (isFirst || (piece.length >= SMALL_OCTETS && memory <= MOST_SLACK * piece.length)) {
      this.#finishPart()
      this.#pieces.push(piece)
    } else this.#copy(piece)
    this.#length += piece.length
  }

  take(): Buffer[] {
    this.#finishPart()
    const taken = this.#pieces
    this.#pieces = []
    this.#length = 0
    this.#block = nothing
    this.#start = 0
    this.#end = 0
    return taken
  }

  #finishPart(): void {
    if (this.#end > this.#start) this.#pieces.push(this.#block.subarray(this.#start, this.#end))
    this.#start = this.#end
  }

  #copy(piece: Buffer): void {
    for (let at = 0; at < piece.length; ) {
      if (this.#end === this.#block.length) {
        this.#finishPart()
        const wanted = Math.max(LEAST_BLOCK, piece.length - at, Math.min(this.#length >> 1, LARGEST_BLOCK))
        this.#block = this.#block === nothing ? Buffer.allocUnsafe(wanted) : Buffer.allocUnsafeSlow(wanted)
        this.#start = 0
        this.#end = 0
      }
      const copied = piece.copy(this.#block, this.#end, at)
      at += copied
      this.#end += copied
    }
  }
}

/** Everything as one Buffer, and empties the list. A single piece is not copied. */
export function joinOctets(list: OctetList): Buffer {
  const pieces = list.take()
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
}
