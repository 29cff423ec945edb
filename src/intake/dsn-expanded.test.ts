// Aliases with several members: the `expanded` DSN and NOTIFY of the members (RFC 3461 5.2.7.3).

import { describe, expect, it } from 'vitest'
import type { Destination } from '../route/resolution.ts'
import { plainMail, plainRecipient } from '../smtp/envelope.ts'
import type { Notify } from '../smtp/envelope.ts'
import type { Draft } from './intake.ts'
import { recipientsOf } from './recipients.ts'

const destination = (recipient: string): Destination => ({
  recipient,
  mailbox: recipient,
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

describe('an alias with several members', () => {
  it('is reported once, and its members report no success', () => {
    expect(sorted(['SUCCESS', 'FAILURE'], two)).toEqual([
      'team@example.org expanded SUCCESS,FAILURE',
      'a@example.net FAILURE',
      'b@example.net FAILURE',
    ])
  })

  it('gives its members NEVER if the sender requested only success', () => {
    expect(sorted(['SUCCESS'], two)).toEqual([
      'team@example.org expanded SUCCESS',
      'a@example.net NEVER',
      'b@example.net NEVER',
    ])
  })

  it.each<[string, readonly Notify[], readonly string[], boolean]>([
    ['the sender did not request success', ['FAILURE'], two, true],
    ['the sender requested nothing', [], two, true],
    ['it stands for one other', ['SUCCESS'], ['a@example.net'], true],
    ['the operator does not want it', ['SUCCESS'], two, false],
  ])('is not reported where %s', (_, notify, members, expanded) => {
    expect(sorted(notify, members, expanded)).toEqual(members.map((one) => `${one} ${notify.join(',')}`))
  })
})
