// `srs`: the domain, secrets and hash length of rewritten reverse-paths.

import { z } from 'zod'
import { readText } from '../read-files.ts'
import { section, type SectionReader } from '../section.ts'
import { duration, hostName, path } from '../values.ts'

/** Minimum length of a secret in characters. 16 random ones withstand guessing of HMAC-SHA1 keys. */
const MIN_SECRET_LENGTH = 16

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
  const secrets = written.secrets.map((file, index) => readSecret(file, ['secrets', index], reader))
  return { ...written, secrets } satisfies SrsConfig
})

function readSecret(file: string, path: (string | number)[], reader: SectionReader): string {
  const secret = readText(reader, { path, file, expected: 'a file with one secret', isSecret: true })?.trim()
  if (secret === undefined) return ''
  const lines = secret.split(/\r?\n/).length
  // Other SRS programs read one secret per line. As one secret, several lines would verify none of their addresses.
  if (lines > 1) reader.report(path, `found ${lines} lines in ${file}, expected one secret per file`)
  else if (secret.length < MIN_SECRET_LENGTH)
    reader.report(
      path,
      `found a secret of ${secret.length} characters in ${file}, expected at least ${MIN_SECRET_LENGTH}`,
    )
  return secret
}
