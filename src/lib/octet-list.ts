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
/** The first pieces are kept too if their memory is small: most bodies are one or two pieces, and a copy costs an allocation and its collection. */
const FIRST_PIECES = 2
const FIRST_OCTETS = 16_384
const LEAST_BLOCK = 256
const LARGEST_BLOCK = 65_536

const nothing: Buffer = Buffer.alloc(0)

/** The memory of the list is at most twice its octets, and 32 KiB. */
export function createOctetList(): OctetList {
  let pieces: Buffer[] = []
  let length = 0
  let block = nothing
  /** The octets of the block from `start` to `end` are not in `pieces` yet. */
  let start = 0
  let end = 0
  const finishPart = () => {
    if (end > start) pieces.push(block.subarray(start, end))
    start = end
  }
  const copy = (piece: Buffer) => {
    for (let at = 0; at < piece.length; ) {
      if (end === block.length) {
        finishPart()
        const wanted = Math.max(LEAST_BLOCK, piece.length - at, Math.min(length >> 1, LARGEST_BLOCK))
        block = Buffer.allocUnsafeSlow(wanted)
        start = 0
        end = 0
      }
      const copied = piece.copy(block, end, at)
      at += copied
      end += copied
    }
  }
  return {
    get length() {
      return length
    },
    add: (piece) => {
      const memory = piece.buffer.byteLength
      const isFirst = pieces.length < FIRST_PIECES && start === end && memory <= FIRST_OCTETS
      if (isFirst || (piece.length >= SMALL_OCTETS && memory <= MOST_SLACK * piece.length)) {
        finishPart()
        pieces.push(piece)
      } else copy(piece)
      length += piece.length
    },
    take: () => {
      finishPart()
      const taken = pieces
      pieces = []
      length = 0
      block = nothing
      start = 0
      end = 0
      return taken
    },
  }
}

/** Everything as one Buffer, and empties the list. A single piece is not copied. */
export function joinOctets(list: OctetList): Buffer {
  const pieces = list.take()
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
}
