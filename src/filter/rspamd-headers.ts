// The request header of rspamd's /checkv2: envelope and client in HTTP fields (rspamd's protocol documentation). The client chooses the
// values, so each one is cleaned and shortened: no value can add a field or exceed the limits of rspamd's parser.

import type { OutgoingHttpHeaders } from 'node:http'
import { settingsOf } from './rspamd-settings.ts'
import type { SpamRequest } from './spam-scan.ts'

/** Recipients sent to rspamd, whose HTTP parser accepts 80 KiB of header. Further ones do not change its result. */
const MOST_RECIPIENTS = 100
/** Octets of one value: an address has at most 320 (RFC 5321 4.5.3.1), a HELO name 255. */
const MOST_OCTETS = 320

export interface RequestIdentity {
  readonly hostname: string
  readonly password: string | null
  /** True if rspamd gets the results of the node and verifies nothing again. */
  readonly ownResults: boolean
}

/** The fields that describe one message. The caller adds the length of the body. */
export function requestHeaders(request: SpamRequest, identity: RequestIdentity): OutgoingHttpHeaders {
  const { queueId, remoteIp, remoteName, helo, sender, recipients, user, authentication } = request
  const settings = identity.ownResults && authentication ? settingsOf(authentication) : null
  const known = {
    IP: remoteIp,
    Hostname: remoteName,
    Helo: helo,
    User: user,
    Password: identity.password,
  }
  return {
    From: field(`<${sender ?? ''}>`),
    Rcpt: recipients.slice(0, MOST_RECIPIENTS).map((one) => field(`<${one}>`)),
    ...Object.fromEntries(
      Object.entries(known).flatMap(([name, value]) => (value === null || value === '' ? [] : [[name, field(value)]])),
    ),
    ...(settings !== null && { Settings: settings }),
    'Queue-ID': field(queueId),
    'MTA-Name': field(identity.hostname),
    'MTA-Tag': 'waypost',
  }
}

/** HTTP carries octets: UTF-8 (RFC 6531 addresses) stays unchanged; control characters become `?`. */
export function field(value: string): string {
  const octets = Buffer.from(value.toWellFormed(), 'utf8').subarray(0, MOST_OCTETS).toString('latin1')
  // oxlint-disable-next-line no-control-regex -- control characters are what is replaced
  return octets.replace(/[\x00-\x1f\x7f]/g, '?')
}
