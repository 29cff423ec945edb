// Memory for the octets of batches, shared by both threads and used again, so that a busy node neither clears new pages for each batch nor
// leaves them to the garbage collector.

/** Least size of a piece of memory, octets: a usual batch of small messages. Sizes double from here. */
const LEAST_OCTETS = 65_536
/** Memory of a larger batch is not kept: such a batch is rare. */
const MOST_KEPT_OCTETS = 8 * 2 ** 20

export interface BorrowedOctets {
  readonly octets: Uint8Array
  /** Returns the memory to the pool; it must not be read afterwards. */
  readonly giveBack: () => void
}

export class OctetPool {
  readonly #free: Uint8Array[] = []

  /** Memory of `length` octets, for the other thread to read until it is given back. */
  borrow(length: number): BorrowedOctets {
    const memory = this.#pieceOf(length)
    return {
      octets: memory.subarray(0, length),
      giveBack: () => {
        if (memory.length <= MOST_KEPT_OCTETS) this.#free.push(memory)
      },
    }
  }

  /** The first free piece that is large enough. If there is none, a smaller one is dropped, so that the pieces grow to the size of batches. */
  #pieceOf(length: number): Uint8Array {
    const place = this.#free.findIndex((one) => one.length >= length)
    if (place >= 0) return this.#free.splice(place, 1)[0] as Uint8Array
    this.#free.pop()
    return new Uint8Array(new SharedArrayBuffer(Math.max(LEAST_OCTETS, 2 ** Math.ceil(Math.log2(length)))))
  }
}
