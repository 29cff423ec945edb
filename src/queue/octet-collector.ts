// Room queue: gathers the octets of many answers into one buffer that can be transferred to the other thread without another copy.

export class OctetCollector {
  #parts: Uint8Array[] = []
  #length = 0

  /** Where the next octets will lie: a mark for `cutTo`. */
  get length(): number {
    return this.#length
  }

  add(octets: Uint8Array): { readonly start: number; readonly end: number } {
    const start = this.#length
    this.#parts.push(octets)
    this.#length += octets.length
    return { start, end: this.#length }
  }

  /** Forgets what was added after a mark. */
  cutTo(length: number): void {
    while (this.#length > length) this.#length -= (this.#parts.pop() as Uint8Array).length
  }

  /** Everything in one buffer of its own (never a slice of a shared pool), or null if there is nothing. Starts anew. */
  take(): Uint8Array<ArrayBuffer> | null {
    if (this.#parts.length === 0) return null
    const whole = new Uint8Array(this.#length)
    let offset = 0
    for (const part of this.#parts) {
      whole.set(part, offset)
      offset += part.length
    }
    this.#parts = []
    this.#length = 0
    return whole
  }
}
