// Addresses that stand for several others: who is told of the expansion, and what is left of NOTIFY for the members (RFC 3461 5.2.7.3).

import { describe, expect, it } from 'vitest'
import type { Destination } from '../route/resolution.ts'
import { plainMail, plainRecipient } from '../smtp/envelope.ts'
import type { Notify } from '../smtp/envelope.ts'
import type { Draft } from './intake.ts'
import { recipientsOf } from './recipients.ts'

const destination = (recipient: string): Destination => ({
  recipient,
  original: 'team@example.org',
  reversePath: 'ann@stranger.example',
  nextHop: 'mx:example.net',
  private: true,
  via: [],
})

function sorted(notify: readonly Notify[], members: readonly string[], expanded = true) {
  const resolution = { kind: 'destinations' as const, destinations: members.map(destination) }
  const draft: Draft = {
    session: null,
    origin: { kind: 'internet' },
    sender: 'ann@stranger.example',
    parameters: plainMail,
    recipients: [{ forwardPath: 'team@example.org', parameters: { ...plainRecipient, notify }, resolution }],
    header: Buffer.from('\r\n'),
    body: { kind: 'inline', bytes: Buffer.from('') },
  }
  const { recipients } = recipientsOf(draft, { expanded })
  return recipients.map((one) => `${one.address}${one.expanded ? ' expanded' : ''} ${one.parameters.notify.join(',')}`)
}

const two = ['a@example.net', 'b@example.net']

describe('an address that stands for several others', () => {
  it('is told of once, and its members report no success', () => {
    expect(sorted(['SUCCESS', 'FAILURE'], two)).toEqual([
      'team@example.org expanded SUCCESS,FAILURE',
      'a@example.net FAILURE',
      'b@example.net FAILURE',
    ])
  })

  it('leaves NEVER where nothing else was asked for', () => {
    expect(sorted(['SUCCESS'], two)).toEqual([
      'team@example.org expanded SUCCESS',
      'a@example.net NEVER',
      'b@example.net NEVER',
    ])
  })

  it.each<[string, readonly Notify[], readonly string[], boolean]>([
    ['nobody asked for success', ['FAILURE'], two, true],
    ['nobody asked for anything', [], two, true],
    ['it stands for one other', ['SUCCESS'], ['a@example.net'], true],
    ['the operator does not want it', ['SUCCESS'], two, false],
  ])('is not told of where %s', (_, notify, members, expanded) => {
    expect(sorted(notify, members, expanded)).toEqual(members.map((one) => `${one} ${notify.join(',')}`))
  })
})
