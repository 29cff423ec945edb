// MAIL and RCPT arguments as whole lines, the way a session reads them: split, path, parameters. Lines from the standards and from
// clients in the wild, each with the reply it earns.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatMailbox } from './mailbox.ts'
import { parseMailParameters, parseRecipientParameters } from './parameters.ts'
import { badPath, parsePath, splitArgument } from './path.ts'
import type { PathRole } from './path.ts'

const offered = { requireTls: false, auth: true }

/** What a session would answer: the address it understood, or the refusal. */
function read(role: PathRole, argument: string, smtputf8 = false): string {
  const split = splitArgument(argument)
  const reply = (problem: string) => {
    const { code, enhanced } = badPath(role, problem)
    return `${code} ${enhanced}`
  }
  if (split.kind === 'bad') return reply(split.problem)
  const path = parsePath(split.path, role)
  if (path.kind === 'bad') return reply(path.problem)
  const utf8 = path.kind === 'mailbox' && path.utf8
  const parameters =
    role === 'reverse'
      ? parseMailParameters(split.parameters, offered, utf8)
      : parseRecipientParameters(split.parameters, smtputf8, utf8)
  if (parameters.kind === 'refused') return `${parameters.reply.code} ${parameters.reply.enhanced}`
  return path.kind === 'mailbox' ? formatMailbox(path.mailbox) : path.kind
}

describe('MAIL FROM:', () => {
  test.each([
    // RFC 5321 appendix D, RFC 3461 10, RFC 6531 3.4
    ['<JQP@bar.com>', 'JQP@bar.com'],
    ['<>', 'null'],
    ['<> RET=HDRS ENVID=QQ314159', 'null'],
    ['<Alice@Example.ORG> RET=HDRS ENVID=QQ314159', 'Alice@example.org'],
    ['<jörg@example.org> SMTPUTF8', 'jörg@example.org'],
    ['<jörg@example.org>', '553 5.6.7'],
    ['<joe@bücher.example>', '553 5.6.7'],
    ['<joe@bücher.example> SMTPUTF8 BODY=8BITMIME', 'joe@xn--bcher-kva.example'],
    // clients in the wild
    [' <joe@example.org> SIZE=1234 BODY=7BIT', 'joe@example.org'],
    ['<joe@example.org> AUTH=<>', 'joe@example.org'],
    ['<joe@example.org> AUTH=e+3Dmc2@example.com', 'joe@example.org'],
    ['<@relay.example:joe@example.org>', 'joe@example.org'],
    ['joe@example.org', '501 5.1.7'],
    ['<joe@example.org', '501 5.1.7'],
    ['<joe>', '501 5.1.7'],
    ['<postmaster>', '501 5.1.7'],
    ['<joe@example.org>>', '501 5.1.7'],
    ['<joe@example..org> SIZE=1', '501 5.1.7'],
    ['<joe@example.org> SIZE=x', '501 5.5.4'],
    ['<joe@example.org> SIZE=1 SIZE=2', '501 5.5.4'],
    ['<joe@example.org> REQUIRETLS', '555 5.5.4'],
    ['<joe@example.org> NOTIFY=NEVER', '555 5.5.4'],
    ['<joe@example.org> BY=120;R', '555 5.5.4'],
    ['<joe@example.org>\tSIZE=1', '501 5.1.7'],
    ['<joe@example.org\r\nRCPT TO:<x@y.example>>', '501 5.1.7'],
    ['', '501 5.1.7'],
  ])('%s', (argument, answer) => expect(read('reverse', argument)).toBe(answer))
})

describe('RCPT TO:', () => {
  test.each([
    ['<Jones@XYZ.COM>', 'Jones@xyz.com'],
    ['<Postmaster>', 'postmaster'],
    ['<POSTMASTER> NOTIFY=FAILURE', 'postmaster'],
    ['<@hosta.int,@jkl.org:userc@d.bar.org>', 'userc@d.bar.org'],
    ['<Dana@Ivory.EDU> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Dana@Ivory.EDU', 'Dana@ivory.edu'],
    ['<"joe > user"@example.org> NOTIFY=NEVER', '"joe > user"@example.org'],
    ['<SRS0=HHHH=TT=example.net=joe@srs.example.org>', 'SRS0=HHHH=TT=example.net=joe@srs.example.org'],
    [
      '<SRS1=HHHH=example.net==HHHH=TT=example.com=joe@srs.example.org>',
      'SRS1=HHHH=example.net==HHHH=TT=example.com=joe@srs.example.org',
    ],
    ['<joe%example.net@example.org>', 'joe%example.net@example.org'],
    ['<example.net!joe@example.org>', 'example.net!joe@example.org'],
    ['<>', '501 5.1.3'],
    ['<joe@example.org> NOTIFY=NEVER,DELAY', '501 5.5.4'],
    ['<joe@example.org> SIZE=1', '555 5.5.4'],
    ['<jörg@example.org>', '553 5.6.7'],
    ['<|/bin/sh>', '501 5.1.3'],
    ['<joe@example.org;rm>', '501 5.1.3'],
  ])('%s', (argument, answer) => expect(read('forward', argument)).toBe(answer))

  test('UTF-8 is accepted after MAIL with SMTPUTF8', () => {
    expect(read('forward', '<jörg@example.org> ORCPT=utf-8;jörg@example.org', true)).toBe('jörg@example.org')
  })
})

test('no line upsets the reader, and no answer carries a control character', () => {
  const piece = fc.constantFrom(
    '<',
    '>',
    '@',
    'joe',
    'example.org',
    '"',
    '\\',
    ' ',
    'SIZE=1',
    'ORCPT=rfc822;',
    '\0',
    '\r',
    '\n',
    'ü',
    '[',
    ']',
    ':',
    ',',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 15 }), fc.boolean(), (pieces, smtputf8) => {
      for (const role of ['reverse', 'forward'] as const) {
        // oxlint-disable-next-line no-control-regex -- what must not be there
        expect(read(role, pieces.join(''), smtputf8)).not.toMatch(/[\x00-\x1f\x7f-\x9f]/)
      }
    }),
    { numRuns: 500 },
  )
})
