// Entropy as a port: code that needs unpredictable octets receives it as an argument, so that tests can choose them.

import { randomBytes, randomFillSync } from 'node:crypto'

/** Returns this many unpredictable octets. */
export type Random = (octets: number) => Buffer

/** Octets drawn from the generator at once: a call costs microseconds even for a few, and every message and session needs some. */
const STOCK_OCTETS = 2048

const stock = Buffer.alloc(STOCK_OCTETS)
let used = STOCK_OCTETS

/** The cryptographic generator of the system. Each octet is returned once and erased from the buffer. */
export const systemRandom: Random = (octets) => {
  if (octets > STOCK_OCTETS) return randomBytes(octets)
  if (used + octets > STOCK_OCTETS) {
    randomFillSync(stock)
    used = 0
  }
  const taken = Buffer.from(stock.subarray(used, used + octets))
  stock.fill(0, used, used + octets)
  used += octets
  return taken
}
