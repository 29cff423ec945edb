// `mta_sts`: the policy for our domains (RFC 8461).

import { z } from 'zod'
import { section } from '../section.ts'
import { bindAddress, duration, hostName } from '../values.ts'

/** RFC 8461 3.2: about a year, ms. */
const LONGEST_MS = 31_557_600_000
/** Senders read the whole list for each message. */
const MAX_HOSTS = 100
const MAX_DOMAINS = 1000
/** A wildcard stands for one label. */
const host = z
  .string()
  .transform((value) => value.toLowerCase())
  .pipe(
    z.string().refine((value) => hostName.safeParse(value.replace(/^\*\./, '')).success, {
      error: 'a host name such as mx.example.org, or *.example.org',
    }),
  )

const schema = z.strictObject({
  mode: z
    .enum(['enforce', 'testing', 'none'], { error: 'one of enforce, testing, none' })
    .default('testing')
    .describe(
      'enforce: other hosts send only over TLS with a valid certificate; testing: they report what enforce would prevent; none: the policy is withdrawn.',
    ),
  mx: z
    .array(host)
    .max(MAX_HOSTS, { error: `at most ${MAX_HOSTS} hosts` })
    .describe('Names of the hosts in the MX records, or `*.` and a domain for names with one more label.'),
  listen: bindAddress
    .optional()
    .describe(
      'Address and port of an HTTPS listener with the policy, such as *:443, on a node without `autoconfig.listen`.',
    ),
  max_age: duration.prefault('7d').describe('Time for which other hosts obey the policy after they fetched it.'),
  domains: z
    .array(hostName)
    .min(1, { error: 'at least one domain' })
    .max(MAX_DOMAINS, { error: `at most ${MAX_DOMAINS} domains` })
    .optional()
    .describe('Domains with this policy; the main domain of the node if absent.'),
})

export const mta_sts = section(
  schema
    .optional()
    .describe(
      'The MTA-STS policy of our domains. `waypost mta-sts print` prints it, and `listen`, or the listener of `autoconfig`, serves it at mta-sts.DOMAIN.',
    ),
  (written, reader) => {
    if (written === undefined) return null
    if (written.mode !== 'none' && written.mx.length === 0)
      reader.report(['mx'], 'found no host, expected the names of the hosts in the MX records')
    if (written.max_age > LONGEST_MS)
      reader.report(['max_age'], `found more than a year, expected at most ${LONGEST_MS / 86_400_000} days`)
    return written
  },
)
