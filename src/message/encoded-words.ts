// Display names as text: encoded words (RFC 2047) are decoded, and a name is written as a quoted string or as encoded words.

import { isAscii } from '../smtp/domain.ts'

/** Octets of text in one encoded word, which has at most 75 characters in all (RFC 2047 2). */
const ENCODED_OCTETS = 45
const word = /=\?([^?\s]+)\?([bq])\?([^?]*)\?=/gi
/** White space between two encoded words is no part of the text (RFC 2047 6.2). */
const between = /(\?=)[ \t]+(?==\?[^?\s]+\?[bq]\?)/gi

/** The text with every encoded word decoded. A word in an unknown character set is read as Latin-1, so that its ASCII part is seen. */
export function decodeWords(text: string): string {
  if (!text.includes('=?')) return text
  return text.replace(between, '$1').replace(word, (_, charset: string, form: string, data: string) => {
    const octets = form.toLowerCase() === 'b' ? Buffer.from(data, 'base64') : readQuoted(data)
    return decodeOctets(octets, charset.split('*')[0] ?? '')
  })
}

/** A phrase (RFC 5322 3.2.5) with this text: a quoted string, or encoded words for text beyond ASCII. */
export function writePhrase(text: string): string {
  return isAscii(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : encode(text)
}

/** The Q encoding (RFC 2047 4.2). */
function readQuoted(data: string): Buffer {
  const text = data.replaceAll('_', ' ').replace(/=([0-9a-f]{2})/gi, (_, hex: string) => {
    return String.fromCharCode(Number.parseInt(hex, 16))
  })
  return Buffer.from(text, 'latin1')
}

function decodeOctets(octets: Buffer, charset: string): string {
  try {
    return new TextDecoder(charset).decode(octets)
  } catch {
    return octets.toString('latin1')
  }
}

/** UTF-8 text as encoded words, split between characters. */
function encode(text: string): string {
  const pieces: string[] = []
  let piece = ''
  for (const character of text) {
    if (Buffer.byteLength(piece + character) > ENCODED_OCTETS) {
      pieces.push(piece)
      piece = ''
    }
    piece += character
  }
  return [...pieces, piece].map((one) => `=?utf-8?B?${Buffer.from(one).toString('base64')}?=`).join(' ')
}
