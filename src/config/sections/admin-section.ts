// `admin`: the HTTP server for operators.

import { z } from 'zod'
import { isLoopbackAddress } from '../../lib/ip-address.ts'

import { section } from '../section.ts'
import { bindAddress, flag } from '../values.ts'

const schema = z.strictObject({
  listen: bindAddress.describe('Address and port of /metrics and /healthz.'),
  allow_remote: flag.default(false).describe('Permit an address other than loopback.'),
})

export const admin = section(schema.optional().describe('HTTP server for operators.'), (written, reader) => {
  if (written && !written.allow_remote && !isLoopbackAddress(written.listen.host))
    reader.report(
      ['listen'],
      `found ${written.listen.host}, expected a loopback address, or allow_remote: true beside it`,
    )
  return written
})
