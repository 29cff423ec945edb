// The parts of a DMARC record that a report needs (RFC 9989 4.7), and its addresses for reports. Evaluation is in filter.

export interface ReportedRecord {
  readonly p: string
  readonly sp: string | null
  readonly np: string | null
  readonly adkim: string
  readonly aspf: string
  readonly fo: string | null
  readonly testing: boolean
  readonly addresses: readonly ReportAddress[]
}

export interface ReportAddress {
  readonly address: string
  readonly domain: string
  /** Octets of a message (RFC 7489 6.4); null without a limit. */
  readonly mostOctets: number | null
}

/** Addresses of one record to which a report is sent (RFC 9990 3.5 leaves the number to the reporter). */
const MOST_ADDRESSES = 3
const units: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }
const policies: ReadonlySet<string> = new Set(['none', 'quarantine', 'reject'])
const mailto = /^mailto:([A-Za-z0-9.!#$&'*+/=?^_`{|}~-]{1,64})@([a-z0-9.-]{1,253})(?:!(\d{1,12})([kmgt])?)?$/i

/** Null for a text that is no DMARC record. */
export function readReportedRecord(text: string): ReportedRecord | null {
  const tags = tagsOf(text)
  if (tags === null) return null
  const policy = (name: string) => {
    const value = tags.get(name)?.toLowerCase()
    return value !== undefined && policies.has(value) ? value : null
  }
  const mode = (name: string) => (tags.get(name)?.toLowerCase() === 's' ? 's' : 'r')
  return {
    p: policy('p') ?? 'none',
    sp: policy('sp'),
    np: policy('np'),
    adkim: mode('adkim'),
    aspf: mode('aspf'),
    fo: tags.get('fo') ?? null,
    testing: tags.get('t')?.toLowerCase() === 'y',
    addresses: readAddresses(tags.get('rua') ?? ''),
  }
}

/** The tags of a text that begins with `v=DMARC1`; null for another one. */
export function tagsOf(text: string): ReadonlyMap<string, string> | null {
  const tags = text.split(';').map((one) => one.split('='))
  const [version] = tags
  if (version?.[0]?.trim() !== 'v' || version[1]?.trim() !== 'DMARC1') return null
  return new Map(tags.map(([name = '', ...value]) => [name.trim().toLowerCase(), value.join('=').trim()]))
}

/** Only `mailto:`; a comma or an exclamation mark of an address is written as `%2C` or `%21`. */
export function readAddresses(rua: string): readonly ReportAddress[] {
  const found = rua.split(',').flatMap((one): ReportAddress[] => {
    const [, local, domain, number, unit] = mailto.exec(one.trim()) ?? []
    if (local === undefined || domain === undefined) return []
    const mostOctets =
      number === undefined ? null : Number(number) * (unit === undefined ? 1 : (units[unit.toLowerCase()] ?? 1))
    return [{ address: `${local}@${domain.toLowerCase()}`, domain: domain.toLowerCase(), mostOctets }]
  })
  return found.slice(0, MOST_ADDRESSES)
}
