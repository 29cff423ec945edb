// Record data between the wire, as dns-packet reads and writes it, and the form of a zone file that a plan has.

import { SocketAddress } from 'node:net'
import dnsPacket from 'dns-packet'
import { type PlannedType, textStrings } from './planned-record.ts'

/** The data of a record of an answer in the form of a zone file; null for another type, or data that cannot be read. */
export function writtenData(answer: dnsPacket.Answer, type: PlannedType): string | null {
  if (answer.type !== type) return null
  const { data } = answer as { readonly data: unknown }
  try {
    return writers[type](data as never)
  } catch {
    return null
  }
}

const writers: { readonly [Type in PlannedType]: (data: never) => string } = {
  A: (address: string) => address,
  AAAA: (address: string) => new SocketAddress({ address, family: 'ipv6' }).address,
  MX: ({ preference, exchange }: dnsPacket.MxData) => `${preference ?? 0} ${full(exchange)}`,
  TXT: (strings: readonly (Buffer | string)[]) =>
    Buffer.concat(strings.map((one) => (typeof one === 'string' ? Buffer.from(one) : one))).toString('utf8'),
  PTR: full,
  CNAME: full,
  SRV: ({ priority, weight, port, target }: dnsPacket.SrvData) =>
    `${priority ?? 0} ${weight ?? 0} ${port} ${full(target)}`,
  TLSA: ({ usage, selector, matchingType, certificate }: dnsPacket.TlsaData) =>
    `${usage} ${selector} ${matchingType} ${Buffer.from(certificate).toString('hex')}`,
  CAA: ({ flags, tag, value }: dnsPacket.CaaData) => `${flags ?? 0} ${tag.toLowerCase()} "${value}"`,
}

/** With the final dot; the root is `.`. */
function full(name: string): string {
  const plain = name.toLowerCase().replace(/\.$/, '')
  return `${plain}.`
}

/** RDATA of a record of an answer, without its length: the octets that the server has, also where a text is in other strings than ours. */
export function octetsOf(answer: dnsPacket.Answer, type: PlannedType): Buffer {
  return encodings
    .record(type)
    .encode((answer as { readonly data: unknown }).data)
    .subarray(2)
}

/** The types of dns-packet do not declare its encoders of data. */
const encodings = dnsPacket as unknown as {
  record(type: string): { encode(data: unknown): Buffer }
}

/** RDATA with its two octets of length, names without compression (RFC 1035 3.3). */
export function wireData(type: PlannedType, written: string): Buffer {
  const encoding = encodings.record(type)
  return encoding.encode(parsers[type](written))
}

const parsers: { readonly [Type in PlannedType]: (written: string) => unknown } = {
  A: (address) => address,
  AAAA: (address) => address,
  MX: (written) => {
    const [preference, exchange = '.'] = written.split(' ')
    return { preference: Number(preference), exchange: bare(exchange) }
  },
  TXT: (text) => textStrings(text).map((one) => Buffer.from(one, 'latin1')),
  PTR: bare,
  CNAME: bare,
  SRV: (written) => {
    const [priority, weight, port, target = '.'] = written.split(' ')
    return { priority: Number(priority), weight: Number(weight), port: Number(port), target: bare(target) }
  },
  TLSA: (written) => {
    const [usage, selector, matchingType, data = ''] = written.split(' ')
    return {
      usage: Number(usage),
      selector: Number(selector),
      matchingType: Number(matchingType),
      certificate: Buffer.from(data, 'hex'),
    }
  },
  CAA: (written) => {
    const [, flags = '0', tag = '', value = ''] = /^(\d+) (\w+) "(.*)"$/.exec(written) ?? []
    return { flags: Number(flags), tag, value }
  },
}

/** As dns-packet encodes names: without the final dot, the root as `.`. */
function bare(name: string): string {
  return name === '.' ? name : name.replace(/\.$/, '')
}
