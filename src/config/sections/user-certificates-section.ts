// `user_certificates`: client certificates that users log in with.

import { X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { readText } from '../read-files.ts'
import { section } from '../section.ts'
import { flag, path } from '../values.ts'

/** Each certificate is compared with all of them. */
const MAX_AUTHORITIES = 20
const MAX_LISTS = 20

const schema = z.strictObject({
  pins: path.optional().describe('YAML file of users with the fingerprints of their keys or certificates.'),
  ca: path
    .optional()
    .describe('PEM file: the authorities that issue certificates of users, each of which signs them itself.'),
  user: z
    .enum(['email', 'cn'], { error: 'one of email, cn' })
    .default('email')
    .describe(
      'Which name of an issued certificate is the user. email: an e-mail address in subjectAltName; cn: the common name.',
    ),
  any_purpose: flag
    .default(false)
    .describe(
      'Certificates of `ca` count whatever they say they are for (extended key usage), such as those for servers only. Pinned ones always do.',
    ),
  crl: z
    .array(path)
    .max(MAX_LISTS, { error: `at most ${MAX_LISTS} lists` })
    .default([])
    .describe('Revocation lists of the authorities: files, or URLs (http or https), in DER or PEM.'),
  stale_crl: z
    .enum(['refuse', 'accept'], { error: 'one of refuse, accept' })
    .default('refuse')
    .describe(
      'Logins with a certificate of an authority whose revocation list is missing or too old. refuse: 454; accept: as if it were not revoked.',
    ),
})

export const user_certificates = section(
  schema.optional().describe('Client certificates that users log in with (SASL EXTERNAL).'),
  (written, reader) => {
    if (written === undefined) return null
    const { pins, ca, user, any_purpose, crl, stale_crl } = written
    if (pins === undefined && ca === undefined)
      reader.report([], 'found neither pins nor ca, expected at least one: no certificate could log in')
    if (crl.length > 0 && ca === undefined) reader.report(['crl'], 'found lists without `ca`, expected their authority')
    const pem = ca === undefined ? '' : (readText(reader, { path: ['ca'], file: ca, expected: 'a PEM file' }) ?? '')
    const authorities = certificatesIn(pem)
    const isWrong = pem !== '' && (authorities.length === 0 || authorities.some((one) => !one.ca))
    if (isWrong) reader.report(['ca'], `found ${ca}, expected certificates of authorities in PEM`)
    if (authorities.length > MAX_AUTHORITIES)
      reader.report(['ca'], `found ${authorities.length} certificates, expected at most ${MAX_AUTHORITIES}`)
    return {
      pins: pins === undefined ? null : reader.locate(pins),
      /** PEM; empty without a file. */
      ca: pem,
      user,
      any_purpose,
      crl: crl.map((place) => (isUrl(place) ? { url: place } : { file: reader.locate(place) })),
      stale_crl,
    }
  },
)

function isUrl(place: string): boolean {
  return /^https?:\/\//i.test(place) && URL.canParse(place)
}

/** The certificates of a PEM text; none if one of them cannot be read. */
export function certificatesIn(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch {
    return []
  }
}
