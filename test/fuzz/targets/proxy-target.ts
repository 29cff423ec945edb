// Headers of the PROXY protocol and ClientHellos, which arrive in any segments before anything else.

import { readClientHello } from '../../../src/server/client-hello.ts'
import { readProxyHeader } from '../../../src/server/proxy/read-proxy-header.ts'
import { type FuzzTarget, same } from '../fuzz-target.ts'

export const proxyTarget: FuzzTarget = {
  name: 'proxy',
  holds:
    'Nothing throws; the start of a header is incomplete or has the answer of the whole, and octets behind it do not change it.',
  most: 5000,
  words: [
    'PROXY TCP4 ',
    'PROXY TCP6 ',
    'PROXY UNKNOWN',
    '192.0.2.1',
    '2001:db8::1',
    ' 25',
    '\r\n',
    '\r\n\r\n\0\r\nQUIT\n',
    '\x21\x11\0\x0c',
    '\x20\0\0\0',
    '\x21\x21\0\x24',
    '\x16\x03\x01',
    '\x03\0\x04',
    '\0\0',
    '\xff\xff',
    '::ffff:',
  ],
  open: () => ({ run }),
}

/** Beyond it a whole header has been seen. */
const MOST_STARTS = 4200

function run(input: Buffer): string {
  const header = readProxyHeader(input)
  for (let length = 0; length < Math.min(input.length, MOST_STARTS); length++) {
    const start = readProxyHeader(input.subarray(0, length))
    if (start.kind === 'incomplete') continue
    same(`the header of ${length} octets and of all`, start, header)
    break
  }
  if (header.kind === 'complete')
    same('a header and one without what follows', readProxyHeader(input.subarray(0, header.length)), header)
  const hello = readClientHello(input)
  const name = hello.kind === 'read' && hello.name !== null ? 'name' : hello.kind
  const kind = header.kind === 'malformed' ? header.reason.replaceAll(/[\d.:a-f]+/g, '#') : header.kind
  return `${kind} ${name} ${header.kind === 'complete' && header.client ? 'client' : ''}`.slice(0, 100)
}
