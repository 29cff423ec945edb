// Reads XML as a stream of leaves, within limits. A document type is refused: its entities are how XML unfolds (RFC 9990 9.1).

import { SaxesParser } from 'saxes'
import { MOST_XML_DEPTH, MOST_XML_TEXT } from './reading-limits.ts'
import { Unreadable } from './unreadable.ts'

export interface XmlHandler {
  /** The first element, by its local name. */
  root(element: { readonly name: string; readonly namespace: string | null }): void
  /** An element ended. `path` has the local names below the root, such as `record/row/count`; `text` is its own text, trimmed. */
  ended(path: string, text: string): void
}

/** Octets that are decoded at once. */
const PIECE = 64 * 1024
/** Of the declaration. */
const encodingName = /^<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']/

/** @throws {Unreadable} with line and column of what is wrong; what the handler throws */
export function readXml(octets: Buffer, handler: XmlHandler): void {
  const parser = new SaxesParser({ xmlns: false, position: true })
  const open: { readonly name: string; text: string }[] = []
  let prefix = ''
  const refuse = (reason: string): never => {
    throw new Unreadable(`XML line ${parser.line}, column ${parser.column}: ${reason}`)
  }
  const addText = (text: string) => {
    const element = open.at(-1)
    if (!element) return
    if (element.text.length + text.length > MOST_XML_TEXT) refuse(`more than ${MOST_XML_TEXT} characters of text`)
    element.text += text
  }
  parser.on('error', ({ message }) => refuse(message.replace(/^\d+:\d+: /, '')))
  parser.on('doctype', () => refuse('a document type, which reports do not have'))
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.on('opentag', ({ name, attributes }) => {
    if (open.length >= MOST_XML_DEPTH) refuse(`more than ${MOST_XML_DEPTH} elements within each other`)
    if (open.length === 0) {
      prefix = /^[^:]+:/.exec(name)?.[0] ?? ''
      const namespace = attributes[prefix === '' ? 'xmlns' : `xmlns:${prefix.slice(0, -1)}`]
      handler.root({ name: localName(name, prefix), namespace: namespace ?? null })
    }
    // The white space between the elements of a large report is no text of one element.
    const above = open.at(-1)
    if (above) above.text = ''
    open.push({ name: localName(name, prefix), text: '' })
  })
  parser.on('closetag', () => {
    const path = open.slice(1).map(({ name }) => name)
    const element = open.pop()
    if (path.length > 0) handler.ended(path.join('/'), element?.text.trim() ?? '')
  })
  for (const piece of decoded(octets)) parser.write(piece)
  parser.close()
}

/** Elements of extensions keep their prefix, so that they are no elements of the report. */
function localName(name: string, prefix: string): string {
  return prefix !== '' && name.startsWith(prefix) ? name.slice(prefix.length) : name
}

/** The text in pieces, by its byte order mark or declaration; UTF-8 without both. */
function* decoded(octets: Buffer): Generator<string> {
  const decoder = decoderFor(octets)
  for (let at = 0; at < octets.length; at += PIECE) {
    const text = decoder.decode(octets.subarray(at, at + PIECE), { stream: true })
    // White space before the declaration is an error of XML that reporters make.
    yield at === 0 ? text.trimStart() : text
  }
  yield decoder.decode()
}

function decoderFor(octets: Buffer): TextDecoder {
  if (octets[0] === 0xff && octets[1] === 0xfe) return new TextDecoder('utf-16le')
  if (octets[0] === 0xfe && octets[1] === 0xff) return new TextDecoder('utf-16be')
  const label = encodingName.exec(octets.subarray(0, 200).toString('latin1').trimStart())?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(label)
  } catch {
    throw new Unreadable(`the XML has the encoding ${label}, which is not known here`)
  }
}
