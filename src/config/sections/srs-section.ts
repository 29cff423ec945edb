// `srs`: the domain, secrets and hash length of rewritten reverse-paths.

import { z } from 'zod'
import { readSecret } from '../read-files.ts'
import { section } from '../section.ts'
import { duration, hostName, path } from '../values.ts'

const LENGTH_EXPECTED = 'a whole number from 4 to 27'
/** Four, as other programs write, can be guessed with patience: the default is 8. HMAC-SHA1 has 27 characters of base64. */
const hashLength = z
  .int({ error: LENGTH_EXPECTED })
  .min(4, { error: LENGTH_EXPECTED })
  .max(27, { error: LENGTH_EXPECTED })

const schema = z.strictObject({
  domain: hostName.describe('Domain of rewritten addresses. Its MX hosts are our mx nodes.'),
  secrets: z.array(path).min(1).describe('Files with one secret each. The first signs, all verify.'),
  former_domains: z
    .array(hostName)
    .default([])
    .describe('Earlier SRS domains: bounces to their addresses are still accepted, no new ones are written.'),
  max_age: duration.prefault('21d').describe('Time during which bounces to a rewritten address are accepted.'),
  hash_length: hashLength
    .default(8)
    .describe('Characters of the hash in new addresses, 4 to 27; down to 6 where a long sender needs the space.'),
  hash_minimum: hashLength
    .optional()
    .describe(
      'Shortest accepted hash. Default: the length of new addresses, and after a change of hash_length the earlier length, for max_age and a week. Set 4 while addresses of other programs are in use.',
    ),
})

export interface SrsConfig extends z.output<typeof schema> {
  /** Secrets, not files. The first signs, all verify. */
  readonly secrets: string[]
}

export const srs = section(schema.optional().describe('Sender Rewriting Scheme.'), (written, reader) => {
  if (written === undefined) return null
  const { hash_length, hash_minimum = 0 } = written
  // A longer minimum would reject the node's own addresses.
  if (hash_minimum > hash_length)
    reader.report(['hash_minimum'], `found ${hash_minimum}, expected at most hash_length (${hash_length})`)
  const secrets = written.secrets.map((file, index) => readSecret(reader, ['secrets', index], file))
  return { ...written, secrets } satisfies SrsConfig
})
