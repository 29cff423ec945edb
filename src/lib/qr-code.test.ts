import decodeQR from 'qr/decode.js'
import { expect, it } from 'vitest'
import { qrCode } from './qr-code.ts'

it('draws a code that a reader reads', () => {
  const text = 'otpauth://totp/Example:lee?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example'
  const { html } = qrCode(text)
  const size = Number(/viewBox="0 0 (\d+) /.exec(html)?.[1])
  const scale = 6
  const width = size * scale
  const data = new Uint8Array(width * width * 4).fill(255)
  for (const [, x, y] of html.matchAll(/M(\d+) (\d+)h1v1h-1z/g))
    for (let row = 0; row < scale; row++)
      for (let column = 0; column < scale; column++) {
        const at = ((Number(y) * scale + row) * width + Number(x) * scale + column) * 4
        data.fill(0, at, at + 3)
      }
  expect(decodeQR({ width, height: width, data })).toBe(text)
  expect(html).not.toContain('style=')
})
