// A DNS for tests: a zone in a few lines. `name TYPE` → values as text, or `unavailable`; names without any entry do not exist.

import type { DnsAnswer, RecordType, RecordTypes, Resolver } from '../../src/dns/resolver.ts'

export interface Zone {
  [nameAndType: string]: readonly string[] | 'unavailable' | undefined
  /** Entries that DNSSEC vouches for. */
  authentic?: readonly string[]
}

export function fakeResolver(zone: Zone): Resolver {
  const authentic = new Set(zone.authentic ?? [])
  const names = new Set(Object.keys(zone).map((key) => key.split(' ')[0]))
  return {
    resolve: async <T extends RecordType>(name: string, type: T): Promise<DnsAnswer<RecordTypes[T]>> => {
      const key = `${name} ${type}`
      const entry = zone[key]
      if (entry === 'unavailable') return { kind: 'unavailable', cause: 'SERVFAIL' }
      if (!entry) return { kind: 'absent', nxdomain: !names.has(name), ttl: 60, authentic: authentic.has(key) }
      const records = entry.map((text) => readRecord(type, text) as RecordTypes[T])
      return { kind: 'found', records, ttl: 60, authentic: authentic.has(key), name }
    },
  }
}

function readRecord(type: RecordType, text: string): unknown {
  if (type === 'MX') {
    const [preference, exchange = ''] = text.split(' ')
    return { preference: Number(preference), exchange }
  }
  return type === 'TXT' ? [Buffer.from(text)] : text
}
