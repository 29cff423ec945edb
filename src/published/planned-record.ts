// A DNS record that a fleet needs, in the form of a zone file.

export type PlannedType = 'A' | 'AAAA' | 'MX' | 'TXT' | 'PTR' | 'CNAME' | 'SRV' | 'TLSA' | 'CAA'

/** What a record is for. purposes.ts says what breaks without it. */
export type Purpose =
  | 'address'
  | 'reverse'
  | 'mx'
  | 'null-mx'
  | 'spf'
  | 'helo-spf'
  | 'dkim'
  | 'dmarc'
  | 'report-consent'
  | 'tlsa'
  | 'caa'
  | 'mta-sts'
  | 'tls-reports'
  | 'service'

export interface PlannedRecord {
  /** Lower case, A-labels, without the final dot. */
  readonly name: string
  readonly type: PlannedType
  /** Seconds. */
  readonly ttl: number
  /** As in a zone file, names with the final dot; of a TXT record the text in one piece, without quotes. */
  readonly data: string
  readonly purpose: Purpose
}

/** All records of one name and type. */
export interface PlannedSet {
  readonly name: string
  readonly type: PlannedType
  readonly ttl: number
  readonly purpose: Purpose
  readonly data: readonly string[]
}

/** Groups records by name and type, in their order. A name can have TXT records for two purposes, and each is on its own. */
export function plannedSets(records: readonly PlannedRecord[]): readonly PlannedSet[] {
  const groups = Map.groupBy(records, ({ name, type, purpose }) =>
    type === 'TXT' ? `${name} ${type} ${purpose}` : `${name} ${type}`,
  )
  return [...groups.values()].map((group) => {
    const [{ name, type, ttl, purpose }] = group as [PlannedRecord]
    return { name, type, ttl, purpose, data: [...new Set(group.map(({ data }) => data))] }
  })
}

/** RFC 1035 3.3: a character-string has at most 255 octets. */
const MAX_STRING = 255

/** The strings of a TXT record. */
export function textStrings(text: string): readonly string[] {
  const octets = Buffer.from(text, 'utf8')
  const count = Math.max(1, Math.ceil(octets.length / MAX_STRING))
  return Array.from({ length: count }, (_, index) =>
    octets.subarray(index * MAX_STRING, (index + 1) * MAX_STRING).toString('latin1'),
  )
}

/** A line of a zone file (RFC 1035 5.1). */
export function recordLine({ name, type, ttl, data }: PlannedRecord): string {
  const value = type === 'TXT' ? textStrings(data).map(quoted).join(' ') : data
  return `${name}. ${ttl} IN ${type} ${value}`
}

function quoted(text: string): string {
  const escaped = text.replace(/[^ -~]|["\\]/g, (character) => {
    const code = character.charCodeAt(0)
    return code >= 0x20 && code < 0x7f ? `\\${character}` : `\\${String(code).padStart(3, '0')}`
  })
  return `"${escaped}"`
}
