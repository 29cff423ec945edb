import { expect, it } from 'vitest'
import { printable, printableJson, printableLines } from './printable.ts'

it('escapes every control, separator and mark of direction, and nothing else', () => {
  const bidiControls = [0x61c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069]
  const isObeyed = (code: number) =>
    (code < 0x20 && code !== 0x09) ||
    (code >= 0x7f && code < 0xa0) ||
    code === 0x2028 ||
    code === 0x2029 ||
    bidiControls.includes(code)
  for (let code = 0; code <= 0xffff; code++) {
    const text = String.fromCharCode(code)
    expect(printable(text) !== text, code.toString(16)).toBe(isObeyed(code))
  }
})

it('escapes as JSON does, so that JSON keeps its value', () => {
  expect(printable('a\u009b\n\r\u202e')).toBe(String.raw`a\u009b\n\r\u202e`)
  const value = { text: 'é\u0085\u2028\u2066\n😀' }
  expect(JSON.parse(printable(JSON.stringify(value)))).toEqual(value)
})

it('keeps the line feeds of a text of several lines', () => {
  expect(printableLines('a\u001b\n b\r')).toBe('a\\u001b\n b\\r')
})

it('JSON text stays the same JSON, and the same string where nothing is to escape', () => {
  const plain = `${JSON.stringify({ text: 'a\u0000\n\r\u001b Grüße' })}\n`
  expect(printableJson(plain)).toBe(plain)
  const value = { text: 'a\u007f\u009b\u2028\u202e\u2066\n' }
  const line = printableJson(`${JSON.stringify(value)}\n`)
  expect(line).toMatch(/^[\x20-\x7e]+\n$/)
  expect(JSON.parse(line)).toEqual(value)
})
