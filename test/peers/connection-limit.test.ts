// A Postfix that accepts two connections of a client: anvil(8) counts them, smtpd answers others with 421.

import { afterEach, describe, expect, it } from 'vitest'
import { loadShippedReplyRules } from '../../src/config/reply-rules-file.ts'
import { startDeliveryEngine } from '../lib/delivery-engine.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { startPostfix } from '../lib/peers/postfix.ts'
import { until } from '../lib/until.ts'

const MESSAGES = 40
const domains = ['one.test', 'two.test']

describe.runIf(ensurePeers(['postfix']))('a Postfix with smtpd_client_connection_count_limit 2', () => {
  const stops: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
  })

  it('gets all mail over two connections, without a failed attempt', async () => {
    const postfix = await startPostfix({
      main: {
        smtpd_client_connection_count_limit: '2',
        // By default the networks that may relay are exempt.
        smtpd_client_event_limit_exceptions: '',
        default_transport: 'discard:',
      },
    })
    stops.push(() => postfix.stop())
    const { send, kinds, stop } = await startDeliveryEngine({
      port: postfix.port,
      domains,
      rules: loadShippedReplyRules(),
    })
    stops.push(stop)
    for (let i = 0; i < MESSAGES; i++) await send(domains[i % domains.length] as string)
    const delivered = () => kinds.filter((kind) => kind === 'delivered').length
    await until(() => delivered() === MESSAGES, { what: `${MESSAGES} deliveries`, timeout: 40_000 })
    expect(kinds).not.toContain('deferred')
    // The limit was met, and few connections were refused until it was known: usually the first ten less two. On a busy machine some more
    // begin before the first refusal is read.
    const refused = postfix.log().match(/Connection concurrency limit exceeded/g)?.length ?? 0
    expect(refused).toBeGreaterThan(0)
    expect(refused).toBeLessThanOrEqual(MESSAGES / 2)
  })
})
