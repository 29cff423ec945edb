import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { plainMail, plainRecipient } from './envelope.ts'
import { formatOrcpt, parseMailParameters, parseRecipientParameters } from './parameters.ts'

const everything = { requireTls: true, auth: true }
const mail = (line: string, utf8 = false) => parseMailParameters(line.split(' ').filter(Boolean), everything, utf8)
const rcpt = (line: string, smtputf8 = false, utf8 = false) =>
  parseRecipientParameters(line.split(' ').filter(Boolean), smtputf8, utf8)

function replyOf(parsed: ReturnType<typeof mail> | ReturnType<typeof rcpt>): string {
  return parsed.kind === 'refused' ? `${parsed.reply.code} ${parsed.reply.enhanced}` : 'accepted'
}

describe('MAIL parameters', () => {
  test('none', () => expect(mail('')).toEqual({ kind: 'parameters', parameters: plainMail }))

  test('all, in any case', () => {
    expect(mail('size=1000 Body=8bitmime smtputf8 RET=hdrs ENVID=QQ+2B314159 REQUIRETLS AUTH=<>')).toEqual({
      kind: 'parameters',
      parameters: { size: 1000, body: '8BITMIME', smtputf8: true, requireTls: true, ret: 'HDRS', envid: 'QQ+314159' },
    })
  })

  test.each([
    'SIZE',
    'SIZE=',
    'SIZE=-1',
    'SIZE=1e3',
    `SIZE=${'9'.repeat(21)}`,
    'BODY',
    'SMTPUTF8=1',
    'RET=ALL',
    'ENVID=a=b',
    'ENVID=+0A',
    `ENVID=${'a'.repeat(101)}`,
    'REQUIRETLS=yes',
    'AUTH',
    'AUTH=+zz',
    'SIZE=1 SIZE=1',
    'RET=FULL ret=FULL',
    '=1',
    'SI ZE',
    'SIZE=1\0',
    '-SIZE=1',
  ])('%j is 501 5.5.4', (line) => {
    const expected = line === 'SI ZE' ? '555 5.5.4' : '501 5.5.4'
    expect(replyOf(mail(line))).toBe(expected)
  })

  test.each(['XYZZY=1', 'NOTIFY=NEVER', 'HOLDFOR=60', 'constructor', 'MT-PRIORITY=3', 'BODY=binarymime'])(
    '%j is 555 5.5.4',
    (line) => expect(replyOf(mail(line))).toBe('555 5.5.4'),
  )

  test('what the session did not offer is unknown', () => {
    for (const word of ['REQUIRETLS', 'AUTH=<>']) {
      expect(replyOf(parseMailParameters([word], { requireTls: false, auth: false }, false))).toBe('555 5.5.4')
    }
  })

  test('an address beyond ASCII needs SMTPUTF8', () => {
    expect(replyOf(mail('', true))).toBe('553 5.6.7')
    expect(replyOf(mail('SMTPUTF8', true))).toBe('accepted')
  })
})

describe('RCPT parameters', () => {
  test('none', () => expect(rcpt('')).toEqual({ kind: 'parameters', parameters: plainRecipient }))

  test('NOTIFY and ORCPT', () => {
    expect(rcpt('NOTIFY=success,FAILURE ORCPT=rfc822;joe+2Btag@example.org')).toEqual({
      kind: 'parameters',
      parameters: { notify: ['SUCCESS', 'FAILURE'], orcpt: 'rfc822;joe+tag@example.org' },
    })
  })

  test('ORCPT in UTF-8', () => {
    const parameters = { notify: [], orcpt: 'utf-8;jörg@example.org' }
    expect(rcpt('ORCPT=utf-8;j\\x{F6}rg@example.org')).toEqual({ kind: 'parameters', parameters })
    expect(rcpt('ORCPT=utf-8;jörg@example.org', true)).toEqual({ kind: 'parameters', parameters })
    expect(replyOf(rcpt('ORCPT=utf-8;jörg@example.org'))).toBe('501 5.5.4')
  })

  test.each([
    'NOTIFY',
    'NOTIFY=',
    'NOTIFY=NEVER,FAILURE',
    'NOTIFY=FAILURE,FAILURE',
    'NOTIFY=ALWAYS',
    'NOTIFY=FAILURE NOTIFY=DELAY',
    'ORCPT',
    'ORCPT=joe@example.org',
    'ORCPT=;joe@example.org',
    'ORCPT=rfc822;',
    'ORCPT=rfc822;+0Ajoe',
    'ORCPT=rfc822;j=oe',
    'ORCPT=rf c822;joe',
    'ORCPT=utf-8;\\x{0A}',
    `ORCPT=rfc822;${'a'.repeat(500)}`,
  ])('%j is 501 5.5.4', (line) => {
    expect(replyOf(rcpt(line))).toBe('501 5.5.4')
  })

  test.each(['SIZE=1', 'RRVS=x', '__proto__=1'])('%j is no parameter of RCPT', (line) => {
    expect(['555 5.5.4', '501 5.5.4']).toContain(replyOf(rcpt(line)))
  })

  test('an address beyond ASCII needs SMTPUTF8 at MAIL', () => {
    expect(replyOf(rcpt('', false, true))).toBe('553 5.6.7')
    expect(replyOf(rcpt('', true, true))).toBe('accepted')
  })

  test('ORCPT goes out as it came in', () => {
    const visible = fc
      .array(fc.constantFrom(...'abc+=@. \\"~;'.split('')), { minLength: 1, maxLength: 60 })
      .map((characters) => `rfc822;${characters.join('')}`)
    const unicode = fc
      .array(fc.constantFrom(...'abc+=@.\\é漢'.split('')), { minLength: 1, maxLength: 20 })
      .map((characters) => `utf-8;${characters.join('')}`)
    fc.assert(
      fc.property(fc.oneof(visible, unicode), fc.boolean(), (orcpt, smtputf8) => {
        const parsed = rcpt(`ORCPT=${formatOrcpt(orcpt, smtputf8)}`, smtputf8)
        expect(parsed).toEqual({ kind: 'parameters', parameters: { notify: [], orcpt } })
      }),
    )
  })
})

test('any words are answered, never thrown at', () => {
  const word = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('SIZE=', 'ORCPT=;', 'ENVID=+', 'NOTIFY=,'))
  fc.assert(
    fc.property(fc.array(word), fc.boolean(), fc.boolean(), (words, a, b) => {
      expect(['parameters', 'refused']).toContain(parseMailParameters(words, everything, a).kind)
      expect(['parameters', 'refused']).toContain(parseRecipientParameters(words, a, b).kind)
    }),
  )
})
