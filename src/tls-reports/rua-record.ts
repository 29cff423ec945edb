// The TXT record `_smtp._tls.DOMAIN`, which says where reports go (RFC 8460 section 3).

import { isAscii } from '../smtp/domain.ts'
import { formatMailbox, parseMailbox } from '../smtp/mailbox.ts'

export type ReportUri =
  | { readonly kind: 'mailto'; readonly address: string }
  | { readonly kind: 'https'; readonly url: string }

const START = 'v=TLSRPTv1;'
/** More would make one report of ours many messages. */
const MOST_URIS = 5
/** Longer ones are no addresses of report receivers. */
const MOST_LENGTH = 1000

/** The URIs of the record, as written. Empty unless there is exactly one record; URIs that cannot be used are left out. */
export function readRuaRecord(records: readonly (readonly Buffer[])[]): readonly string[] {
  const found = records
    .map((strings) => Buffer.concat(strings).toString('latin1'))
    .filter((one) => one.startsWith(START))
  const [record, ...more] = found
  if (record === undefined || more.length > 0) return []
  const rua = record
    .slice(START.length)
    .split(';')
    .map((field) => /^rua=(.*)$/.exec(field.trim())?.[1])
    .find((value) => value !== undefined)
  const uris = (rua ?? '').split(',').map((uri) => uri.trim())
  return [...new Set(uris.filter((uri) => readReportUri(uri) !== null))].slice(0, MOST_URIS)
}

/** Null for a URI that reports cannot be sent to. */
export function readReportUri(uri: string): ReportUri | null {
  if (uri.length > MOST_LENGTH || !/^[\x21-\x7e]+$/.test(uri)) return null
  return /^mailto:/i.test(uri) ? readMailto(uri) : readHttps(uri)
}

/** One address; header fields of the URI are left out, because the report has its own. */
function readMailto(uri: string): ReportUri | null {
  const [path = ''] = uri.slice('mailto:'.length).split('?')
  try {
    const parsed = parseMailbox(decodeURIComponent(path))
    const address = parsed.kind === 'mailbox' ? formatMailbox(parsed.mailbox) : null
    return address !== null && isAscii(address) ? { kind: 'mailto', address } : null
  } catch {
    return null
  }
}

function readHttps(uri: string): ReportUri | null {
  const url = URL.parse(uri)
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') return null
  return { kind: 'https', url: url.href }
}
