// The encodings of DSN parameters: xtext (RFC 3461 section 4) and the UTF-8 address forms of RFC 6533 section 3.
// Decoders return null for a text that no encoder writes; nothing throws.

const xtext = /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/
const mustEncode = /[^!-*,-<>-~]/g

/** QCHAR of RFC 6533 and embedded characters `\x{...}` in upper-case hexadecimal. */
const utf8Xtext = /^(?:[!-*,-<>-[\]-~]|\\x\{[0-9A-F]{1,6}\})*$/
/** The same with UTF-8 as it is, allowed once SMTPUTF8 is in use; without C1 controls, which no address holds. */
const utf8Unitext = /^(?:[!-*,-<>-[\]-~\u{a0}-\u{10ffff}]|\\x\{[0-9A-F]{1,6}\})*$/u
const embedded = /\\x\{([0-9A-F]+)\}/g

/** Encodes US-ASCII text; characters outside it become one `+HH` per UTF-8 octet. */
export function encodeXtext(text: string): string {
  return Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(mustEncode, (c) => `+${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

/** Decodes xtext; null if it is malformed or its octets are no UTF-8. */
export function decodeXtext(text: string): string | null {
  if (!xtext.test(text)) return null
  const octets = text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  const bytes = Buffer.from(octets, 'latin1')
  const decoded = bytes.toString('utf8')
  return Buffer.from(decoded, 'utf8').equals(bytes) ? decoded : null
}

/** Encodes an address for `ORCPT=utf-8;`: readable UTF-8 if the transaction has SMTPUTF8, else every character beyond ASCII embedded. */
export function encodeUtf8Address(address: string, smtputf8: boolean): string {
  const escape = smtputf8 ? /[\0-\x20+=\\\x7f-\x9f]/gu : /[^!-*,-<>-[\]-~]/gu
  return address.replace(
    escape,
    (c) => `\\x{${(c.codePointAt(0) as number).toString(16).toUpperCase().padStart(2, '0')}}`,
  )
}

/** Decodes either UTF-8 address form; null if malformed, or for raw UTF-8 without SMTPUTF8. */
export function decodeUtf8Address(text: string, smtputf8: boolean): string | null {
  if (!(smtputf8 ? utf8Unitext : utf8Xtext).test(text)) return null
  let valid = true
  const decoded = text.replace(embedded, (_, hex: string) => {
    const point = Number.parseInt(hex, 16)
    valid &&= point <= 0x10ffff && (point < 0xd800 || point > 0xdfff)
    return valid ? String.fromCodePoint(point) : ''
  })
  return valid ? decoded : null
}
