// Forward-paths with the same destination: one recipient, with the DSNs requested for either.

import { describe, expect, it } from 'vitest'
import type { Destination } from '../route/resolution.ts'
import { plainMail } from '../smtp/envelope.ts'
import type { Notify } from '../smtp/envelope.ts'
import type { Draft } from './intake.ts'
import { recipientsOf } from './recipients.ts'

function recipient(original: string, notify: readonly Notify[]): Draft['recipients'][number] {
  const destination: Destination = {
    recipient: 'kim@far.example',
    mailbox: 'kim@far.example',
    original,
    reversePath: 'ann@stranger.example',
    nextHop: 'mx:far.example',
    private: true,
    forward: { domain: 'far.example' } as unknown as NonNullable<Destination['forward']>,
    via: [],
  }
  const resolution = { kind: 'destinations' as const, destinations: [destination] }
  return { forwardPath: original, parameters: { notify, orcpt: null }, resolution }
}

function sorted(first: readonly Notify[], second: readonly Notify[], sender: string | null = 'ann@stranger.example') {
  return recipientsOf({
    session: null,
    origin: { kind: 'internet' },
    sender,
    parameters: plainMail,
    recipients: [recipient('kim@example.org', first), recipient('press@example.org', second)],
    header: Buffer.from('\r\n'),
    body: { kind: 'inline', bytes: Buffer.from('') },
  })
}

describe('two forward-paths with one destination', () => {
  it.each<[readonly Notify[], readonly Notify[], string, readonly Notify[]]>([
    [[], [], 'kim', []],
    [['NEVER'], ['NEVER'], 'kim', ['NEVER']],
    [['NEVER'], [], 'press', []],
    [['NEVER'], ['FAILURE'], 'press', ['FAILURE']],
    [['FAILURE'], ['NEVER'], 'kim', ['FAILURE']],
    [[], ['NEVER'], 'kim', []],
    [['SUCCESS'], ['FAILURE'], 'kim', ['SUCCESS', 'FAILURE']],
    [['SUCCESS'], [], 'kim', ['SUCCESS', 'FAILURE', 'DELAY']],
    [[], ['SUCCESS'], 'kim', ['FAILURE', 'DELAY', 'SUCCESS']],
    [['FAILURE', 'DELAY'], [], 'kim', ['FAILURE', 'DELAY']],
  ])('with NOTIFY %j and %j become %s with %j', (first, second, named, notify) => {
    const { recipients, forwards } = sorted(first, second)
    expect(recipients).toMatchObject([{ original: `${named}@example.org`, parameters: { notify } }])
    expect([...forwards.keys()]).toEqual(recipients)
  })
})

it('a message with the null sender has no NOTIFY: a double bounce must reach the operator', () => {
  const { recipients } = sorted(['NEVER'], ['SUCCESS'], null)
  expect(recipients).toMatchObject([{ original: 'kim@example.org', parameters: { notify: [] } }])
})
