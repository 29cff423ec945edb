// Entropy as a port: whoever needs unpredictable bytes gets this passed in, so that tests can choose them.

import { randomBytes } from 'node:crypto'

/** Answers that many unpredictable octets. */
export type Random = (octets: number) => Buffer

/** The machine's cryptographic generator. */
export const systemRandom: Random = (octets) => randomBytes(octets)
