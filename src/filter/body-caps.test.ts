import { describe, expect, test } from 'vitest'
import { contentOf } from '../../test/lib/message.ts'
import { readFields } from '../message/header.ts'
import { bodyProblem, MAX_HASHED_OCTETS, MAX_LINE_OCTETS } from './body-caps.ts'
import { capMessage } from './input-caps.ts'

const signature = (tags = 'c=relaxed/relaxed; a=rsa-sha256') => `DKIM-Signature: ${tags}\r\n`
const line = (octets: number) => `${'a'.repeat(octets)}\r\n`

/** A mail; `bodySize` is believed, as intake has counted it. */
function mail(fields: string, body: string, bodySize = body.length) {
  const header = Buffer.from(`${fields}From: ann@example.org\r\n\r\n`)
  return { ...contentOf({ header, body: Buffer.from(body) }), bodySize }
}

const problem = (content: ReturnType<typeof mail>) => bodyProblem(readFields(content.header), content)

describe('a body that a verifier may hash', () => {
  test('has lines of any number but none that is too long, wherever chunks end', async () => {
    const many = `${line(70_000)}${line(MAX_LINE_OCTETS - 1)}\r\n${line(3)}`.repeat(3)
    expect(await problem(mail(signature(), many))).toBeNull()
    for (const before of ['', line(100), line(65_534), line(65_535)])
      expect(await problem(mail(signature(), `${before}${line(MAX_LINE_OCTETS + 10)}${line(1)}`))).toMatch(/^a line of/)
  })

  test('is of no interest without a signature', async () => {
    expect(await problem(mail('', line(MAX_LINE_OCTETS + 10)))).toBeNull()
  })

  test('may be large in two forms, by however many signatures', async () => {
    const usual = `${signature()}${signature('c=simple; a=rsa-sha256')}${signature('a=ed25519-sha256; c=relaxed/Relaxed')}`
    expect(await problem(mail(usual, line(10), MAX_HASHED_OCTETS * 4))).toBeNull()
  })

  test('is small where signatures ask for many forms of it', async () => {
    const forms = [1, 2, 3].map((l) => signature(`c=relaxed/relaxed; a=rsa-sha256; l=${l}`)).join('')
    expect(await problem(mail(forms, line(10), MAX_HASHED_OCTETS / 4))).toBeNull()
    expect(await problem(mail(forms, line(10), MAX_HASHED_OCTETS / 2))).toMatch(/^3 forms/)
  })

  test('else no signature is looked at, nor ARC', async () => {
    const seal = 'ARC-Message-Signature: i=1; c=relaxed/relaxed\r\n'
    const capped = await capMessage(mail(`${seal}${signature()}`, line(MAX_LINE_OCTETS + 10)))
    expect(capped).toMatchObject({ dkimSkipped: `a line of more than ${MAX_LINE_OCTETS} octets` })
    expect(capped.arcSkipped).toBe(capped.dkimSkipped)
    expect(capped.header.toString()).toBe('From: ann@example.org\r\n\r\n')
  })
})
