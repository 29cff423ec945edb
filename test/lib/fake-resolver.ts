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
  /** An answer after a CNAME is authentic if the CNAME is too. */
  const below = <T>(answer: DnsAnswer<T>, alias: string): DnsAnswer<T> =>
    answer.kind === 'unavailable'
      ? answer
      : { ...answer, authentic: answer.authentic && authentic.has(`${alias} CNAME`) }
  const resolve = async <T extends RecordType>(name: string, type: T): Promise<DnsAnswer<RecordTypes[T]>> => {
    const alias = zone[`${name} CNAME`]
    if (Array.isArray(alias) && type !== 'CNAME') return below(await resolve(alias[0] as string, type), name)
    const key = `${name} ${type}`
    const entry = zone[key]
    if (entry === 'unavailable') return { kind: 'unavailable', cause: 'SERVFAIL' }
    if (!entry) return { kind: 'absent', nxdomain: !names.has(name), ttl: 60, authentic: authentic.has(key) }
    const records = entry.map((text) => readRecord(type, text) as RecordTypes[T])
    return { kind: 'found', records, ttl: 60, authentic: authentic.has(key), name }
  }
  return { resolve }
}

function readRecord(type: RecordType, text: string): unknown {
  if (type === 'MX') {
    const [preference, exchange = ''] = text.split(' ')
    return { preference: Number(preference), exchange }
  }
  if (type === 'TLSA') {
    const [usage, selector, matchingType, data = ''] = text.split(' ')
    const numbers = { usage: Number(usage), selector: Number(selector), matchingType: Number(matchingType) }
    return { ...numbers, data: Buffer.from(data, 'hex') }
  }
  return type === 'TXT' ? [Buffer.from(text)] : text
}
