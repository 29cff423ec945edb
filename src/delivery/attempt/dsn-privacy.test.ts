// What the next server is asked to report about a forward's destination: nothing that would name it to the sender.

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
  ])('asked for %j is handed on with %j', (given, wanted) => {
    const one = recipient({ private: true, parameters: asked(given) })
    expect(recipientForPeer(one, false)).toEqual({ address: 'kim@far.example', parameters: asked(wanted) })
    expect(reportsEndHere(one)).toBe(true)
  })

  it('goes to our own nodes with all that was asked for', () => {
    const one = recipient({ private: true, nextHop: 'peers:srs', parameters: asked(['SUCCESS']) })
    expect(recipientForPeer(one, false).parameters).toEqual(asked(['SUCCESS']))
    expect(reportsEndHere(one)).toBe(false)
  })

  it.each([
    ['team@example.org', null, 'rfc822;team@example.org'],
    ['bücher@example.org', null, 'utf-8;bücher@example.org'],
    ['team@example.org', 'rfc822;list@stranger.example', 'rfc822;list@stranger.example'],
    ['kim@far.example', null, null],
  ])('of %s with ORCPT %j is named to our own nodes by %j', (original, orcpt, wanted) => {
    const one = recipient({ private: true, nextHop: 'peers:srs', original, parameters: { notify: [], orcpt } })
    expect(recipientForPeer(one, false).parameters).toEqual({ notify: [], orcpt: wanted })
  })

  it('is not named to strangers by an address that the sender did not say', () => {
    const one = recipient({ private: true, original: 'team@example.org', parameters: { notify: [], orcpt: null } })
    expect(recipientForPeer(one, false).parameters.orcpt).toBeNull()
  })
})

it('a recipient that is no secret is handed on with all that was asked for', () => {
  const one = recipient({ parameters: asked(['SUCCESS', 'FAILURE']) })
  expect(recipientForPeer(one, false).parameters).toEqual(asked(['SUCCESS', 'FAILURE']))
  expect(reportsEndHere(one)).toBe(false)
})

it('a report of ours is reported about by nobody', () => {
  expect(recipientForPeer(recipient({ private: true }), true).parameters.notify).toEqual(['NEVER'])
  // The node behind us may tell its operator.
  expect(recipientForPeer(recipient({ nextHop: 'peers:mx' }), true).parameters.notify).toEqual([])
})
