// Entropy as a port: whoever needs unpredictable bytes gets this passed in, so that tests can choose them.

import { randomBytes, randomFillSync } from 'node:crypto'

/** Answers that many unpredictable octets. */
export type Random = (octets: number) => Buffer

/** Octets asked of the generator at once: a call costs microseconds however few it is for, and every mail and session wants some. */
const STOCK_OCTETS = 2048

const stock = Buffer.alloc(STOCK_OCTETS)
let used = STOCK_OCTETS

/** The machine's cryptographic generator. No octet is given twice, and none stays in the stock. */
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
