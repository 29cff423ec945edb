// `dns_check`: the node compares the DNS with the fleet file at intervals.

import { z } from 'zod'
import { section } from '../section.ts'
import { duration, flag, path } from '../values.ts'

/** A check asks some hundred questions, and records do not change more often than their time to live. */
const LEAST_MS = 5 * 60_000

export const dns_check = section(
  z
    .strictObject({
      fleet: path.describe('The fleet file. It is read again at each check.'),
      every: duration.prefault('1h').describe('Time between two checks, at least 5m.'),
      lists: flag.default(true).describe('Ask lists in the DNS about the addresses and domains of the fleet.'),
      connect: flag
        .default(true)
        .describe('Fetch the MTA-STS policies, and connect to the listeners of all nodes to see their certificates.'),
    })
    .optional()
    .describe('Compare the DNS records with the fleet file, for metrics and health.'),
  (written, reader) => {
    if (written === undefined) return null
    if (written.every < LEAST_MS)
      reader.report(['every'], `found ${written.every / 1000} s, expected at least ${LEAST_MS / 60_000}m`)
    return { ...written, fleet: reader.locate(written.fleet) }
  },
)
