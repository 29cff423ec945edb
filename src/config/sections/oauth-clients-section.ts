// `oauth_clients`: how this node gets the access tokens that smarthosts ask for.

import { z } from 'zod'
import { readServiceAccount } from '../../oauth/service-account.ts'
import { readCertificate, readPassword, readText } from '../read-files.ts'
import { section, type SectionReader } from '../section.ts'
import { duration, path, text } from '../values.ts'

const clientName = /^[a-z0-9-]{1,32}$/
/** Deliveries wait for the token. */
const MOST_TIMEOUT_MS = 60_000

const client = z.strictObject({
  grant: z
    .enum(['client_credentials', 'refresh_token', 'service_account'], {
      error: 'one of client_credentials, refresh_token, service_account',
    })
    .describe(
      'How the client proves its right. client_credentials: by its secret (Microsoft 365); refresh_token: by a login of a person, `waypost oauth login`; service_account: by a key file of Google.',
    ),
  token_url: text('a URL').optional().describe('HTTPS URL of the token endpoint; default: the one in `key_file`.'),
  device_url: text('a URL')
    .optional()
    .describe('With `refresh_token`: HTTPS URL for the login by device (RFC 8628), which `waypost oauth login` uses.'),
  client_id: text('the ID of the client').optional().describe('ID of the client at the server.'),
  client_secret_file: path
    .optional()
    .describe('File with the secret of the client on its first line. The node reads it for each request.'),
  client_secret_expires: z
    .string()
    .regex(/^\d{4}-\d\d-\d\d$/, { error: 'a date such as 2027-10-31' })
    .optional()
    .describe('Day on which the server stops to accept the secret. Health warns 30 days before.'),
  client_auth: z
    .enum(['post', 'basic'], { error: 'post or basic' })
    .default('post')
    .describe('Where the secret is sent: in the form, or in an Authorization field.'),
  scope: text('a scope').optional().describe('Scopes to ask for, separated by spaces.'),
  refresh_token_file: path
    .optional()
    .describe(
      'With `refresh_token`: file with the token. The node writes a new one there if the server replaces it. Default: a file in `data`.',
    ),
  key_file: path.optional().describe('With `service_account`: JSON file with the key of the account.'),
  subject: text('a mail address').optional().describe('With `service_account`: the mailbox that the account acts for.'),
  ca: path
    .optional()
    .describe(
      'PEM file of the authorities that may issue the certificates of these servers; default: the public ones.',
    ),
  timeout: duration.prefault('15s').describe('Time limit of one request.'),
})

type ClientFile = z.output<typeof client>

export interface OauthClientConfig {
  readonly grant: ClientFile['grant']
  readonly token_url: string
  readonly device_url: string | null
  readonly client_id: string
  /** Absolute; null for a public client. */
  readonly client_secret_file: string | null
  /** Unix milliseconds; null if it is not known. */
  readonly client_secret_expires: number | null
  readonly client_auth: 'post' | 'basic'
  readonly scope: string | null
  /** Absolute; null for the default. */
  readonly refresh_token_file: string | null
  readonly key_file: string | null
  readonly subject: string | null
  readonly ca: string | null
  readonly timeout: number
}

export const oauth_clients = section(
  z
    .record(z.string(), client)
    .default({})
    .describe('Clients that get access tokens for the logins of `delivery.destinations`, by name.'),
  (written, reader): Readonly<Record<string, OauthClientConfig>> =>
    Object.fromEntries(Object.entries(written).map(([name, one]) => [name, readClient(name, one, reader.below(name))])),
)

function readClient(name: string, written: ClientFile, reader: SectionReader): OauthClientConfig {
  if (!clientName.test(name))
    reader.report([], `found the name ${name}, expected up to 32 characters of a-z, 0-9 and -`)
  checkGrant(written, reader)
  const { client_secret_expires: expires, timeout } = written
  if (timeout < 1000 || timeout > MOST_TIMEOUT_MS)
    reader.report(['timeout'], `found ${timeout / 1000} s, expected from 1s to 60s`)
  const tokenUrl = written.token_url ?? readKeyFile(written, reader)
  const urls = { token_url: tokenUrl, device_url: written.device_url ?? null }
  for (const [key, url] of Object.entries(urls))
    if (url !== null && !isSafe(url))
      reader.report([key], `found ${url}, expected https: the client sends its secret there`)
  if (written.token_url !== undefined) readKeyFile(written, reader)
  const day = expires === undefined ? null : Date.parse(expires)
  if (day !== null && !(new Date(day).getUTCDate() === Number(expires?.slice(8))))
    reader.report(['client_secret_expires'], `found ${expires}, expected a day that exists`)
  const { client_secret_file: secretFile, refresh_token_file: tokenFile, key_file: keyFile, ca } = written
  // The node reads it for each request; here it only must be there.
  if (secretFile !== undefined) readPassword(reader, ['client_secret_file'], secretFile)
  return {
    grant: written.grant,
    token_url: tokenUrl ?? '',
    device_url: urls.device_url,
    client_id: written.client_id ?? '',
    client_secret_file: secretFile === undefined ? null : reader.locate(secretFile),
    client_secret_expires: day,
    client_auth: written.client_auth,
    scope: written.scope ?? null,
    refresh_token_file: tokenFile === undefined ? null : reader.locate(tokenFile),
    key_file: keyFile === undefined ? null : reader.locate(keyFile),
    subject: written.subject ?? null,
    ca: ca === undefined ? null : readCertificate(reader, ['ca'], ca),
    timeout,
  }
}

/** The keys that each grant needs, and those that it ignores. */
const keysOf = {
  client_credentials: { needs: ['token_url', 'client_id', 'client_secret_file'], has: ['client_secret_expires'] },
  refresh_token: {
    needs: ['token_url', 'client_id'],
    has: ['client_secret_file', 'client_secret_expires', 'device_url', 'refresh_token_file'],
  },
  service_account: { needs: ['key_file'], has: ['token_url', 'subject'] },
} as const satisfies Record<ClientFile['grant'], Record<'needs' | 'has', readonly (keyof ClientFile)[]>>

function checkGrant(written: ClientFile, reader: SectionReader): void {
  const { needs, has } = keysOf[written.grant]
  for (const key of needs)
    if (written[key] === undefined)
      reader.report([], `found no ${key}, expected one: the grant ${written.grant} needs it`)
  const known = new Set<string>([...needs, ...has])
  const grantKeys = Object.values(keysOf).flatMap((one) => [...one.needs, ...one.has])
  for (const key of new Set(grantKeys))
    if (written[key] !== undefined && !known.has(key))
      reader.report([key], `found ${written[key]}, expected none: the grant ${written.grant} does not use it`)
}

/** The token endpoint that the key file names. Null without the file, or after reporting. */
function readKeyFile({ key_file: file, token_url }: ClientFile, reader: SectionReader): string | null {
  if (file === undefined) return null
  const json = readText(reader, { path: ['key_file'], file, expected: 'a JSON key file', isSecret: true })
  if (json === null) return null
  const account = readServiceAccount(json)
  if (typeof account !== 'string') {
    if (account.tokenUrl === null && token_url === undefined)
      reader.report([], 'found no token_url, expected one: the key file names none')
    return account.tokenUrl
  }
  reader.report(['key_file'], `${account} in ${file}, expected the JSON key of a service account`)
  return null
}

function isSafe(written: string): boolean {
  if (!URL.canParse(written)) return false
  const { protocol, hostname, username } = new URL(written)
  const isLoopback = ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)
  return username === '' && (protocol === 'https:' || (protocol === 'http:' && isLoopback))
}
