import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalName } from './name.ts'

describe('canonical names (RFC 1035 2.3.4, RFC 5890)', () => {
  test.each([
    ['Example.ORG', 'example.org'],
    ['example.org.', 'example.org'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['BÜCHER.example.', 'xn--bcher-kva.example'],
    ['_dmarc.example.org', '_dmarc.example.org'],
    ['spaced out.example', 'spaced out.example'],
    ['strong-bad@mail.example', 'strong-bad@mail.example'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  ])('%s becomes %s', (name, expected) => {
    expect(canonicalName(name)).toBe(expected)
  })

  test.each([
    ['nothing', ''],
    ['the root', '.'],
    ['an empty label', 'a..example'],
    ['a leading dot', '.example'],
    ['two final dots', 'example..'],
    ['a label of 64', `${'a'.repeat(64)}.example`],
    ['a name of 254', `${'a.'.repeat(126)}ab`],
    ['a NUL', 'a\0.example'],
    ['a line end', 'a.example\n'],
    ['a DEL', 'a\x7f.example'],
    ['an IDN that is not one', 'xn--\u200b.example'],
  ])('refuses %s', (_what, name) => {
    expect(canonicalName(name)).toBeNull()
  })

  test('253 octets are the longest', () => {
    const name = `${'a.'.repeat(126)}a`
    expect(name).toHaveLength(253)
    expect(canonicalName(name)).toBe(name)
  })

  test('is stable: the canonical form of a canonical form is itself', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const once = canonicalName(text)
        if (once !== null) expect(canonicalName(once)).toBe(once)
      }),
    )
  })
})
