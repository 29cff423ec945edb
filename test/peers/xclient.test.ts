// swaks as a front end that sends XCLIENT. It connects from 127.0.0.2.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { startTestListener, type TestListener } from '../lib/test-listener.ts'

const run = promisify(execFile)

describe.runIf(ensurePeers(['swaks']))('swaks', () => {
  let node: TestListener
  afterEach(() => node.close())

  const swaks = (...options: string[]) => {
    const at = ['--server', '127.0.0.1', '--port', String(node.port), '--local-interface', '127.0.0.2']
    const mail = ['--from', 'lee@example.net', '--to', 'kim@example.org', '--ehlo', 'front.example.org']
    return run('swaks', [...at, ...mail, ...options])
  }

  it('names its client by attributes of its options, with an IPv6 address', async () => {
    node = await startTestListener({ xclient: ['127.0.0.2/32'] })
    const client = [
      '--xclient-addr',
      'IPV6:2001:db8::7',
      '--xclient-helo',
      'mail.example.net',
      '--xclient-proto',
      'ESMTP',
    ]
    await swaks(...client)
    expect(node.messages[0]?.session).toMatchObject({ remoteIp: '2001:db8::7', helo: 'mail.example.net' })
  })

  it('gets no XCLIENT from a listener that does not know it', async () => {
    node = await startTestListener({ xclient: ['127.0.0.3/32'] })
    await expect(swaks('--xclient-addr', '203.0.113.7')).rejects.toMatchObject({ code: 33 })
    expect(node.messages).toEqual([])
  })
})
