// `tls.acme`: a certificate that the node gets by itself (RFC 8555).

import { existsSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { readCertificateFile } from '../../certificates/certificate-file.ts'
import { keyKinds } from '../../certificates/key-kind.ts'
import { createTemporary } from '../../certificates/temporary-certificate.ts'
import { systemClock } from '../../lib/clock.ts'
import { parseTsigKey } from '../../lib/tsig-key.ts'
import { readCertificate, readPassword, readText } from '../read-files.ts'
import type { CertificatePair } from '../read-tls-material.ts'
import type { SectionReader } from '../section.ts'
import { bindAddress, duration, hostName, path, serverAddress, text } from '../values.ts'

/** RFC 8555 gives no limit; Let's Encrypt has 100. */
const MAX_NAMES = 100
/** A hook may wait for the servers of the zone. */
const MOST_HOOK_MS = 10 * 60_000
const LETS_ENCRYPT = 'https://acme-v02.api.letsencrypt.org/directory'

export const acmeSchema = z.strictObject({
  file: path.describe(
    'The file that the node writes: private key, certificate and chain, for its owner only. Files with other endings beside it have the next key, the key of the account and the state.',
  ),
  names: z
    .array(hostName, { error: 'a list of host names' })
    .min(1, { error: 'at least one name' })
    .max(MAX_NAMES, { error: `at most ${MAX_NAMES} names` })
    .describe('Host names of the certificate.'),
  agree_to_terms: z
    .literal(true, { error: 'true: you agree to the terms of service of the authority' })
    .describe('That you agree to the terms of service of the authority.'),
  directory: text('a URL')
    .default(LETS_ENCRYPT)
    .describe("HTTPS URL of the authority's directory; the staging one of Let's Encrypt is for tests."),
  contact: text('a mail address').optional().describe('Address that the authority may write to.'),
  challenge: z
    .enum(['http-01', 'dns-01'], { error: 'http-01 or dns-01' })
    .default('http-01')
    .describe(
      'How the node shows that it controls the names. http-01: on port 80; dns-01: by `dns_update` or `dns_hook`.',
    ),
  http: bindAddress
    .prefault('*:80')
    .describe('With http-01: address and port that answer during an order. The authority connects to port 80.'),
  dns_hook: z
    .array(text('a word'), { error: 'a list of the program and its arguments' })
    .min(1, { error: 'a program' })
    .optional()
    .describe(
      'With dns-01: absolute path of a program, and its arguments. The node adds `present NAME VALUE` or `cleanup NAME VALUE`.',
    ),
  dns_update: z
    .strictObject({
      server: serverAddress.describe('Primary server of the zone, which takes dynamic updates (RFC 2136).'),
      key: path
        .optional()
        .describe(
          'File with its TSIG key, as tsig-keygen or keymgr -t writes it; absent: the server trusts addresses.',
        ),
      zone: hostName.optional().describe('The zone; default: the closest one above the record, also behind an alias.'),
    })
    .optional()
    .describe('With dns-01: the node publishes the TXT records by itself.'),
  dns_timeout: duration
    .prefault('2m')
    .describe('Time in which the servers of the zone have to have the record; time limit of `dns_hook`.'),
  key: z
    .enum(keyKinds, { error: `one of ${keyKinds.join(', ')}` })
    .default('ecdsa-p256')
    .describe('Type of new keys.'),
  rotate_key: duration
    .optional()
    .describe('Age at which the key is replaced; default: never, so that TLSA records and fingerprints stay.'),
  tlsa_ports: z
    .array(z.int().min(1).max(65535))
    .default([25])
    .describe(
      'Ports whose TLSA records decide when a next key is used. Without such records it is used after `tlsa_grace`.',
    ),
  tlsa_grace: duration
    .prefault('1h')
    .describe('Time for which the DNS shows the TLSA record of a next key before it is used, at least twice its TTL.'),
  profile: text('a profile').optional().describe('Profile of the certificate, if the authority offers some.'),
  eab_kid: text('a key ID').optional().describe('Key ID of an external account binding.'),
  eab_key_file: path.optional().describe('File with the MAC key of `eab_kid` (base64url) on its first line.'),
  ca: path.optional().describe('PEM file of the authorities of `directory`; default: the public ones.'),
})

type AcmeFile = z.output<typeof acmeSchema>

export interface AcmeConfig
  extends Omit<
    AcmeFile,
    | 'ca'
    | 'eab_kid'
    | 'eab_key_file'
    | 'agree_to_terms'
    | 'contact'
    | 'profile'
    | 'rotate_key'
    | 'dns_hook'
    | 'dns_update'
  > {
  readonly contact: string | null
  readonly profile: string | null
  readonly rotate_key: number | null
  readonly dns_hook: readonly string[]
  /** Null: by `dns_hook`. */
  readonly dns_update: AcmeUpdate | null
  readonly external: { readonly keyId: string; readonly macKey: string } | null
  /** PEM, or null. */
  readonly ca: string | null
  /** There is no certificate yet: a self-signed one takes its place. */
  readonly isTemporary: boolean
}

export interface AcmeUpdate {
  readonly server: { readonly host: string; readonly port: number }
  /** The text of the file with the TSIG key, which `parseTsigKey` reads; null without one. */
  readonly keyText: string | null
  readonly zone: string | null
}

export interface AcmeRead {
  readonly pair: CertificatePair
  readonly acme: AcmeConfig
}

/** The settings, with the certificate of the file, or a temporary one before there is a file. Null after reporting. */
export function readAcme(written: AcmeFile, reader: SectionReader): AcmeRead | null {
  const { agree_to_terms: _agreed, eab_kid: keyId, eab_key_file: keyFile, ca, ...rest } = written
  checkAcme(written, reader)
  const macKey = keyFile === undefined ? null : readPassword(reader, ['eab_key_file'], keyFile)
  const acme = {
    ...rest,
    file: reader.locate(written.file),
    contact: written.contact ?? null,
    profile: written.profile ?? null,
    rotate_key: written.rotate_key ?? null,
    dns_hook: written.dns_hook ?? [],
    dns_update: readUpdate(written.dns_update, reader.below('dns_update')),
    external: keyId !== undefined && macKey !== null ? { keyId, macKey } : null,
    ca: ca === undefined ? null : readCertificate(reader, ['ca'], ca),
  }
  const pair = readPair(written, reader)
  const isTemporary = !existsSync(acme.file)
  return pair && { pair, acme: { ...acme, isTemporary } }
}

/** Null without one, and after reporting. */
function readUpdate(written: AcmeFile['dns_update'], reader: SectionReader): AcmeUpdate | null {
  if (written === undefined) return null
  const { server, key: file, zone = null } = written
  if (file === undefined) return { server, keyText: null, zone }
  const text = readText(reader, { path: ['key'], file, expected: 'a file with a TSIG key', isSecret: true })
  if (text === null) return null
  const key = parseTsigKey(text)
  if (typeof key !== 'string') return { server, keyText: text, zone }
  reader.report(['key'], `${key}: ${file}`)
  return null
}

function readPair({ file, names }: AcmeFile, reader: SectionReader): CertificatePair | null {
  if (!existsSync(reader.locate(file))) return createTemporary(names, systemClock.now())
  const content = readText(reader, { path: ['file'], file, expected: 'a PEM file', isSecret: true })
  if (content === null) return null
  const pair = readCertificateFile(content)
  if (typeof pair !== 'string') return { ...pair, expiresAt: Date.parse(new X509Certificate(pair.certificate).validTo) }
  reader.report(
    ['file'],
    `found ${file}: ${pair}, expected the file that the node has written; remove it for a new one`,
  )
  return null
}

function checkAcme(written: AcmeFile, reader: SectionReader): void {
  const { directory, challenge, dns_hook: hook, dns_timeout: limit, eab_kid, eab_key_file, names } = written
  if (!URL.canParse(directory) || new URL(directory).protocol !== 'https:')
    reader.report(['directory'], `found ${directory}, expected an https URL`)
  const ways = [...(hook ? ['dns_hook'] : []), ...(written.dns_update ? ['dns_update'] : [])]
  if (challenge === 'dns-01' && ways.length !== 1)
    reader.report(
      [],
      `found ${ways.join(' and ') || 'neither dns_update nor dns_hook'}, expected one of dns_update and dns_hook: the challenge is dns-01`,
    )
  if (challenge !== 'dns-01')
    for (const way of ways) reader.report([way], `found ${way}, expected challenge: dns-01 beside it`)
  if (hook && !(hook[0] ?? '').startsWith('/'))
    reader.report(['dns_hook', 0], `found ${hook[0]}, expected an absolute path: there is no shell`)
  if (limit > MOST_HOOK_MS) reader.report(['dns_timeout'], `found ${limit / 1000} s, expected at most 10m`)
  if ((eab_kid === undefined) !== (eab_key_file === undefined))
    reader.report([], 'found one of eab_kid and eab_key_file, expected both or none')
  if (new Set(names).size < names.length) reader.report(['names'], 'found a name twice, expected each once')
}
