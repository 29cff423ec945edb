// Reads a message with a report: finds the file, unpacks it, and reads what it is by its content. One address can take every kind.

import PostalMime, { type Attachment, type Email } from 'postal-mime'
import type { Report } from '../report-content.ts'
import { cleanText } from './clean-text.ts'
import { readComplaint } from './read-complaint.ts'
import { readDmarc } from './read-dmarc.ts'
import { MOST_FILES, MOST_MESSAGE_OCTETS, MOST_MIME_DEPTH, MOST_MIME_HEADERS } from './reading-limits.ts'
import { readTls } from './read-tls.ts'
import { isPacked, unpack } from './unpack.ts'
import { Unreadable } from './unreadable.ts'

const FEEDBACK_REPORT = 'message/feedback-report'
const MESSAGE = 'message/rfc822'
/** Where the original of a complaint is, the whole mail first (RFC 5965 2). */
const originals = [MESSAGE, 'text/rfc822-headers', 'message/rfc822-headers']
/** A report that a person forwards is a message in a message. */
const MOST_FORWARDS = 2

interface File {
  readonly type: string
  readonly octets: Buffer
}

/**
 * @param message header section and body
 * @param now unix milliseconds
 * @throws {Unreadable} with the reason
 */
export async function readReport(message: Buffer, now: number, forwards = 0): Promise<Report> {
  if (message.length > MOST_MESSAGE_OCTETS)
    throw new Unreadable(`the message has ${message.length} octets, expected at most ${MOST_MESSAGE_OCTETS}`)
  const mail = await parseMail(message)
  const files = mail.attachments.map(fileOf)
  if (files.length > MOST_FILES)
    throw new Unreadable(`the message has ${files.length} files, expected at most ${MOST_FILES}`)
  const complaint = files.find(({ type }) => type === FEEDBACK_REPORT)
  if (complaint) return readComplaint(complaint.octets, originalOf(files, mail))
  const text: File[] = mail.text === undefined ? [] : [{ type: 'text/plain', octets: Buffer.from(mail.text) }]
  for (const { octets } of [...files, ...text]) {
    const found = isPacked(octets) ? await unpack(octets) : octets
    const mark = firstMark(found)
    if (mark === '<') return readDmarc(found, now)
    if (mark === '{') return readTls(found, now)
  }
  const inner = files.find(({ type }) => type === MESSAGE)
  if (inner && forwards < MOST_FORWARDS) return await readReport(inner.octets, now, forwards + 1)
  const names = mail.attachments.map(({ filename, mimeType }) => cleanText(`${filename ?? 'a part'} (${mimeType})`))
  throw new Unreadable(`the message has no report${names.length === 0 ? '' : `, only ${names.join(', ')}`}`)
}

async function parseMail(message: Buffer): Promise<Email> {
  try {
    return await PostalMime.parse(message, {
      attachmentEncoding: 'arraybuffer',
      forceRfc822Attachments: true,
      maxNestingDepth: MOST_MIME_DEPTH,
      maxHeadersSize: MOST_MIME_HEADERS,
    })
  } catch (error) {
    throw new Unreadable(`the message cannot be parsed: ${cleanText((error as Error).message)}`)
  }
}

function fileOf({ mimeType, content }: Attachment): File {
  const octets = typeof content === 'string' ? Buffer.from(content) : Buffer.from(content as ArrayBuffer)
  return { type: mimeType, octets }
}

/** Some reporters write the header section as plain text, behind the explanation. */
function originalOf(files: readonly File[], mail: Email): Buffer {
  for (const wanted of originals) {
    const found = files.find(({ type }) => type === wanted)
    if (found) return found.octets
  }
  const text = mail.text ?? ''
  const start = /^(?:received|return-path|message-id|from):/im.exec(text)?.index
  return Buffer.from(start === undefined ? '' : text.slice(start))
}

/** The first character of XML or JSON; UTF-16 has a null beside it. Null for other octets, such as HTML. */
function firstMark(octets: Buffer): '<' | '{' | null {
  const start = octets
    .subarray(0, 400)
    .toString('latin1')
    .replace(/[\0\xef\xbb\xbf\xfe\xff\s]/g, '')
  if (start.startsWith('{')) return '{'
  return /^<(?:\?xml|!DOCTYPE(?!html)|!--|(?:\w+:)?feedback)/i.test(start) ? '<' : null
}
