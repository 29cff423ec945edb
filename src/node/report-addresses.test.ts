// Which addresses of reports `waypost check` warns of.

import { expect, it } from 'vitest'
import { fakeResolver } from '../../test/lib/fake-resolver.ts'
import type { Config } from '../config/config.ts'
import { foreignReportAddresses, unreadReportAddresses } from './report-addresses.ts'

const config = (addresses: readonly string[] | null) =>
  ({
    reports: addresses === null ? null : { addresses },
    at: (path: readonly string[], message: string) => ({ message: `${path.join('.')}: ${message}` }),
  }) as unknown as Config
const ours = {
  router: { isOurs: (domain: string) => domain.endsWith('example.org') },
  domains: ['example.org', 'silent.example.org'],
}
const texts = (problems: readonly { readonly message: string }[]) => problems.map(({ message }) => message)

it('an address of the configuration outside our domains', () => {
  expect(texts(foreignReportAddresses(config(['a@example.org', 'b@other.example']), ours))).toEqual([
    'reports: found b@other.example, which is in no domain of ours: no mail for it arrives here',
  ])
  expect(foreignReportAddresses(config(null), ours)).toEqual([])
})

it('addresses in the DNS that this node does not read, or that are elsewhere', async () => {
  const resolver = fakeResolver({
    '_dmarc.example.org TXT': [
      'v=DMARC1; p=none; rua=mailto:Reports@example.org,mailto:lost@example.org,mailto:x@collector.example!10m',
    ],
    '_smtp._tls.example.org TXT': [
      'v=TLSRPTv1; rua=mailto:reports@example.org,mailto:tls@collector.example,https://c.example/',
    ],
    '_dmarc.silent.example.org TXT': 'unavailable',
  })
  const found = (addresses: readonly string[] | null) => unreadReportAddresses(config(addresses), ours, resolver)
  expect(texts(await found(['reports@example.org']))).toEqual([
    'reports: _dmarc.example.org names lost@example.org, which this node does not read: add it to reports.dmarc, or ignore this if another node does',
    'reports: _dmarc.example.org names x@collector.example, which is outside our domains, so this node does not see these reports',
    'reports: _smtp._tls.example.org names tls@collector.example, which is outside our domains, so this node does not see these reports',
  ])
  expect(await found(null)).toEqual([])
})
