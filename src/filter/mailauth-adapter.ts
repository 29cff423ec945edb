// Adapts the resolver to the interface of node:dns promises, which mailauth uses: string arrays, and errors with a code.

import { canonicalName } from '../dns/name.ts'
import type { DnsAnswer, RecordType, RecordTypes, Resolver } from '../dns/resolver.ts'

/** `(name, type) => records` as `dns.promises.resolve`; rejects with ENOTFOUND, ENODATA, EBADNAME or ESERVFAIL as Node does. */
export type MailauthResolver = (name: string, type: string) => Promise<string[] | string[][]>

/** Adapts the resolver. Types that mailauth never queries reject with ENOTIMP. */
export function createMailauthResolver(resolver: Resolver): MailauthResolver {
  const ask = async (name: string, type: string): Promise<readonly (string | string[] | object)[]> => {
    // Node rejects such names itself, and mailauth distinguishes them from names that do not exist.
    if (canonicalName(name) === null) throw dnsError('EBADNAME', name, type)
    switch (type) {
      case 'A':
      case 'AAAA':
      case 'PTR':
      case 'CNAME':
      case 'NS':
        return rows(await resolver.resolve(name, type), name, type)
      case 'TXT': {
        const records = rows(await resolver.resolve(name, type), name, type)
        return records.map((chunks) => chunks.map((chunk) => chunk.toString('utf8')))
      }
      case 'MX': {
        const records = rows(await resolver.resolve(name, type), name, type)
        return records.map((mx) => ({ priority: mx.preference, exchange: mx.exchange }))
      }
      default:
        throw dnsError('ENOTIMP', name, type)
    }
  }
  // The type of mailauth has string arrays only; its SPF code reads MX objects.
  return ask as MailauthResolver
}

function rows<T extends RecordType>(answer: DnsAnswer<RecordTypes[T]>, name: string, type: T): RecordTypes[T][] {
  switch (answer.kind) {
    case 'found':
      return [...answer.records]
    case 'absent':
      throw dnsError(answer.nxdomain ? 'ENOTFOUND' : 'ENODATA', name, type)
    case 'unavailable':
      throw dnsError('ESERVFAIL', name, type)
  }
}

function dnsError(code: string, name: string, type: string): Error {
  return Object.assign(new Error(`query${type} ${code} ${name}`), { code, hostname: name, syscall: `query${type}` })
}
