// Room queue: the memory in which the octets of a batch go to the store worker. Shared by both threads and used again for a later batch, so
// that a busy node neither clears new pages for each batch nor leaves them to the garbage collector.

/** Least size of a piece of memory, octets: a usual batch of small mails. Sizes double from here. */
const LEAST_OCTETS = 65_536
/** Memory of a larger batch is not kept: it is rare, and would never be given back. */
const MOST_KEPT_OCTETS = 8 * 2 ** 20

export interface BorrowedOctets {
  readonly octets: Uint8Array
  /** Takes the memory back; nobody reads it any more. */
  readonly giveBack: () => void
}

export class OctetPool {
  readonly #free: Uint8Array[] = []

  /** Memory for so many octets, to be filled and then read by the other thread until it is given back. */
  borrow(length: number): BorrowedOctets {
    const memory = this.#take(length)
    return {
      octets: memory.subarray(0, length),
      giveBack: () => {
        if (memory.length <= MOST_KEPT_OCTETS) this.#free.push(memory)
      },
    }
  }

  /** The first free piece that is large enough. Of those too small one goes, so that the pieces grow to what batches need, and stay few. */
  #take(length: number): Uint8Array {
    const place = this.#free.findIndex((one) => one.length >= length)
    if (place >= 0) return this.#free.splice(place, 1)[0] as Uint8Array
    this.#free.pop()
    return new Uint8Array(new SharedArrayBuffer(Math.max(LEAST_OCTETS, 2 ** Math.ceil(Math.log2(length)))))
  }
}
