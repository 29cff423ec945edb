// Collects the octets of many operations or results, so that they are in one piece of memory when they go to the other thread.

export class OctetCollector {
  #parts: Uint8Array[] = []
  #length = 0

  /** Position of the next octets, for `cutTo`. */
  get length(): number {
    return this.#length
  }

  add(octets: Uint8Array): { readonly start: number; readonly end: number } {
    const start = this.#length
    this.#parts.push(octets)
    this.#length += octets.length
    return { start, end: this.#length }
  }

  /** Drops what was added after a position. */
  cutTo(length: number): void {
    while (this.#length > length) this.#length -= (this.#parts.pop() as Uint8Array).length
  }

  /** Everything in one buffer that is not part of a pool, or null if there is nothing. The collector is empty afterwards. */
  take(): Uint8Array<ArrayBuffer> | null {
    if (this.#parts.length === 0) return null
    const whole = new Uint8Array(this.#length)
    this.moveTo(whole)
    return whole
  }

  /** Copies everything into memory that is large enough. The collector is empty afterwards. */
  moveTo(memory: Uint8Array): void {
    let offset = 0
    for (const part of this.#parts) {
      memory.set(part, offset)
      offset += part.length
    }
    this.#parts = []
    this.#length = 0
  }
}
