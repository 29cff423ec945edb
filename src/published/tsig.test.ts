import { expect, test } from 'vitest'
import { lastRecord } from './dns-wire.ts'
import { encodeUpdate } from './dynamic-update.ts'
import { signRequest, verifyAnswer } from './tsig.ts'
import { parseTsigKey, type TsigKey } from '../lib/tsig-key.ts'

const SECRET = Buffer.from('a secret of this test, 32 octets').toString('base64')
const key = parseTsigKey(`hmac-sha256:update.key:${SECRET}`) as TsigKey
const NOW = Date.UTC(2026, 10, 29)
const request = encodeUpdate({ zone: 'example.org', expected: [], changes: [] }, 0x1234)

test.each([
  ['as tsig-keygen writes it', `key "Update.Key" {\n\talgorithm hmac-sha256;\n\tsecret "${SECRET}";\n};\n`],
  [
    'as keymgr writes it',
    `# hmac-sha256:update.key:${SECRET}\nkey:\n- id: update.key.\n  algorithm: hmac-sha256\n  secret: ${SECRET}\n`,
  ],
  ['in one line', `hmac-sha256:update.key:${SECRET}\n`],
  ['in one line without an algorithm', `update.key:${SECRET}`],
])('a key %s', (_, text) => {
  expect(parseTsigKey(text)).toEqual(key)
})

test.each([
  ['', /^found no key/],
  [`hmac-md5:k:${SECRET}`, /^found the algorithm hmac-md5, expected one of hmac-sha224/],
  [`toString:k:${SECRET}`, /^found the algorithm tostring/],
  ['k:a===', /^found a secret that is not base64/],
])('no key: %j', (text, expected) => {
  const problem = parseTsigKey(text)
  expect(problem).toMatch(expected)
  expect(problem).not.toContain(SECRET)
})

/** A server signs its answer over the signature of the request: the same function with a prefix shows both sides. */
function answerTo(signed: ReturnType<typeof signRequest>, change: (message: Buffer) => void = () => undefined): Buffer {
  const bare = Buffer.from(request)
  bare.writeUInt16BE(0xa800, 2)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(signed.mac.length)
  const prefixed = signRequest(Buffer.concat([length, signed.mac, bare]), key, NOW)
  const record = Buffer.from(prefixed.message.subarray(2 + signed.mac.length + bare.length))
  // The original ID is read from the start of what was signed: set it to that of the message.
  bare.copy(record, record.length - 6, 0, 2)
  const message = Buffer.concat([bare, record])
  message.writeUInt16BE(1, 10)
  change(message)
  return message
}

test('an answer that is signed over the request is verified; any change to it is found', () => {
  const signed = signRequest(request, key, NOW)
  expect(lastRecord(signed.message)).toMatchObject({ type: 250, name: 'update.key', start: request.length })
  const verify = (message: Buffer, now = NOW, other = key) => verifyAnswer(message, other, { ...signed, now })
  expect(verify(answerTo(signed))).toEqual({ kind: 'signed' })
  expect(verify(answerTo(signed, (message) => message.writeUInt8(5, 3)))).toMatchObject({
    cause: 'the signature of the answer is wrong',
  })
  expect(verify(answerTo(signed), NOW + 301_000)).toMatchObject({ cause: 'the time of the answer differs by 301 s' })
  expect(verify(answerTo(signRequest(request, key, NOW + 1000)))).toMatchObject({ kind: 'refused' })
  expect(verify(answerTo(signed), NOW, { ...key, secret: Buffer.from('other') })).toMatchObject({ kind: 'refused' })
  expect(verify(answerTo(signed), NOW, { ...key, name: 'other.key' })).toMatchObject({
    cause: 'the answer is signed with another key',
  })
  expect(verify(request)).toMatchObject({ cause: 'the answer is not signed' })
})

test('an answer with any other octet is refused', () => {
  const signed = signRequest(request, key, NOW)
  const whole = answerTo(signed)
  const { start = 0, name = '' } = lastRecord(whole) ?? {}
  // The ID belongs to the transport, and class and time to live of the record are constants in what is signed.
  const fixed = start + name.length + 2 + 2
  for (let at = 2; at < whole.length; at++) {
    if (at >= fixed && at < fixed + 6) continue
    const changed = Buffer.from(whole)
    changed.writeUInt8(changed.readUInt8(at) ^ 0x11, at)
    expect([at, verifyAnswer(changed, key, { ...signed, now: NOW }).kind]).toEqual([at, 'refused'])
  }
})

test('a signature that is not among the additional records is none (RFC 8945 5.1)', () => {
  const signed = signRequest(request, key, NOW)
  const moved = answerTo(signed)
  moved.writeUInt16BE(1, 6)
  moved.writeUInt16BE(0, 10)
  expect(verifyAnswer(moved, key, { ...signed, now: NOW })).toEqual({
    kind: 'refused',
    cause: 'the answer is not signed',
  })
})

test('every shortened answer is refused without an exception', () => {
  const signed = signRequest(request, key, NOW)
  const whole = answerTo(signed)
  for (let length = 0; length < whole.length; length++)
    expect(verifyAnswer(whole.subarray(0, length), key, { ...signed, now: NOW }).kind).toBe('refused')
})

test('a name of pointers that lead nowhere ends', () => {
  const loop = Buffer.from('000080000001000000000000c00c00010001', 'hex')
  expect(lastRecord(loop)).toBeNull()
})
