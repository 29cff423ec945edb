// `oauth`: access tokens that users log in with.

import { z } from 'zod'
import { readKeySet } from '../../lib/key-set.ts'
import { readText } from '../read-files.ts'
import { section } from '../section.ts'
import { duration, path, text } from '../values.ts'

const names = (expected: string) =>
  z.union([text(expected).transform((one) => [one]), z.array(text(expected)).min(1)], { error: expected })
/** A token that is used longer after its end is not what the issuer granted. */
const MAX_SKEW_MS = 10 * 60_000

const schema = z.strictObject({
  issuer: text('a URL such as https://login.example.org').describe('The issuer, as in the claim `iss` of its tokens.'),
  audience: names('a name, or a list of names').describe('Names of this service, one of which is in the claim `aud`.'),
  jwks: path.describe('The public keys of the issuer (JWKS): an https URL, or a file.'),
  user: text('the name of a claim')
    .default('email')
    .describe('The claim that is the user name, with or without the main domain.'),
  scopes: z.array(text('a scope')).default([]).describe('Scopes that a token must have (`scope` or `scp`).'),
  clock_skew: duration.prefault('1m').describe('How much the clock of the issuer may differ, at most 10m.'),
})

export const oauth = section(
  schema.optional().describe('Access tokens that users log in with (OAUTHBEARER and XOAUTH2).'),
  (written, reader) => {
    if (written === undefined) return null
    const { jwks, clock_skew, ...rest } = written
    if (clock_skew > MAX_SKEW_MS) reader.report(['clock_skew'], `found ${clock_skew / 1000} s, expected at most 10m`)
    if (URL.canParse(jwks) && /^https?:/i.test(jwks)) {
      // A key of another is the right to send as every user.
      if (!isSafe(new URL(jwks))) reader.report(['jwks'], `found ${jwks}, expected https: the keys decide who logs in`)
      return { ...rest, clock_skew, jwks: { url: jwks } }
    }
    const content = readText(reader, { path: ['jwks'], file: jwks, expected: 'a JSON file of keys' })
    const keys = content === null ? null : readKeySet(content)
    if (content !== null && !keys)
      reader.report(['jwks'], `found ${jwks} without a key set, expected JSON with \`keys\``)
    return { ...rest, clock_skew, jwks: { keys: keys ?? { keys: [] } } }
  },
)

function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)
}
