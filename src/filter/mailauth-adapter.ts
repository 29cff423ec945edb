// Adapts the resolver to the interface of node:dns promises, which mailauth uses: string arrays, and errors with a code.

import { askAs } from '../dns/ask-as.ts'
import { canonicalName } from '../dns/name.ts'
import type { Ask, DnsAnswer, RecordType, RecordTypes, Resolver } from '../dns/resolver.ts'
import { quietError } from '../lib/quiet-error.ts'

/** `(name, type) => records` as `dns.promises.resolve`; rejects with ENOTFOUND, ENODATA, EBADNAME or ESERVFAIL as Node does. */
export type MailauthResolver = (name: string, type: string) => Promise<string[] | string[][]>

/** A `MailauthResolver` that also says for whom it asks. */
export type AskingResolver = (name: string, type: string, ask?: Ask) => ReturnType<MailauthResolver>

/** Adapts the resolver. Types that mailauth never queries reject with ENOTIMP. */
export function createMailauthResolver(bare: Resolver): AskingResolver {
  const look = async (name: string, type: string, ask?: Ask): Promise<readonly (string | string[] | object)[]> => {
    // Node rejects such names itself, and mailauth distinguishes them from names that do not exist.
    if (canonicalName(name) === null) throw dnsError('EBADNAME', name, type)
    const resolver = ask ? askAs(bare, ask) : bare
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
  return look as AskingResolver
}

function rows<T extends RecordType>(answer: DnsAnswer<RecordTypes[T]>, name: string, type: T): RecordTypes[T][] {
  switch (answer.kind) {
    case 'found':
      return [...answer.records]
    case 'absent':
      throw dnsError(answer.nxdomain ? 'ENOTFOUND' : 'ENODATA', name, type)
    case 'unavailable':
      throw Object.assign(dnsError('ESERVFAIL', name, type), { ours: answer.ours === true })
  }
}

/** True if an error of a look-up may be our own fault: no place, no time, no answer from our resolver. */
export function isOurs(error: unknown): boolean {
  const { code, ours } = error as NodeJS.ErrnoException & { readonly ours?: boolean }
  return code === 'ETIMEOUT' || ours === true
}

function dnsError(code: string, name: string, type: string): Error {
  return quietError(`query${type} ${code} ${name}`, { code, hostname: name, syscall: `query${type}` })
}
