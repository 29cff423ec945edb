// DSN parameters for the destination of a forward: no report of the next server may name it to the sender.

import { describe, expect, it } from 'vitest'
import { createFakeQueue } from '../../../test/lib/fake-queue.ts'
import type { ClaimedRecipient } from '../../queue/contract/queue.ts'
import type { Notify } from '../../smtp/envelope.ts'
import { recipientForPeer, reportsEndHere } from './dsn-privacy.ts'

function recipient(changes: Partial<ClaimedRecipient>): ClaimedRecipient {
  const [claim] = createFakeQueue(() => 0).addClaimed({ nextHop: 'mx:far.example', to: ['kim@far.example'] })
  return { ...(claim?.recipients[0] as ClaimedRecipient), ...changes }
}

const asked = (notify: readonly Notify[]) => ({ notify, orcpt: 'rfc822;press@example.org' })

describe('a private recipient', () => {
  it.each<[readonly Notify[], readonly Notify[]]>([
    [[], []],
    [['NEVER'], ['NEVER']],
    [['SUCCESS'], ['NEVER']],
    [['SUCCESS', 'DELAY'], ['NEVER']],
    [['FAILURE'], ['FAILURE']],
    [['SUCCESS', 'FAILURE', 'DELAY'], ['FAILURE']],
  ])('with NOTIFY %j is sent with %j', (given, wanted) => {
    const one = recipient({ private: true, parameters: asked(given) })
    expect(recipientForPeer(one, false)).toEqual({ address: 'kim@far.example', parameters: asked(wanted) })
    expect(reportsEndHere(one)).toBe(true)
  })

  it('is sent to fleet nodes with all parameters', () => {
    const one = recipient({ private: true, nextHop: 'peers:srs', parameters: asked(['SUCCESS']) })
    expect(recipientForPeer(one, false).parameters).toEqual(asked(['SUCCESS']))
    expect(reportsEndHere(one)).toBe(false)
  })

  it.each([
    ['team@example.org', null, 'rfc822;team@example.org'],
    ['bücher@example.org', null, 'utf-8;bücher@example.org'],
    ['team@example.org', 'rfc822;list@stranger.example', 'rfc822;list@stranger.example'],
    ['kim@far.example', null, null],
  ])('of %s with ORCPT %j is sent to fleet nodes with ORCPT %j', (original, orcpt, wanted) => {
    const one = recipient({ private: true, nextHop: 'peers:srs', original, parameters: { notify: [], orcpt } })
    expect(recipientForPeer(one, false).parameters).toEqual({ notify: [], orcpt: wanted })
  })

  it('is sent to other servers without an ORCPT of ours', () => {
    const one = recipient({ private: true, original: 'team@example.org', parameters: { notify: [], orcpt: null } })
    expect(recipientForPeer(one, false).parameters.orcpt).toBeNull()
  })
})

it('a recipient that is not private is sent with all parameters', () => {
  const one = recipient({ parameters: asked(['SUCCESS', 'FAILURE']) })
  expect(recipientForPeer(one, false).parameters).toEqual(asked(['SUCCESS', 'FAILURE']))
  expect(reportsEndHere(one)).toBe(false)
})

it('a DSN is sent with NOTIFY=NEVER', () => {
  expect(recipientForPeer(recipient({ private: true }), true).parameters.notify).toEqual(['NEVER'])
  // The next fleet node may report to its operator.
  expect(recipientForPeer(recipient({ nextHop: 'peers:mx' }), true).parameters.notify).toEqual([])
})
