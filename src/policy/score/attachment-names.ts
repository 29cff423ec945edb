// The names of attachments, as mail programs show them, and which of them a person should not get from a stranger: `name` and `filename` of
// the header sections in a message, with the extended and continued forms of RFC 2231 and the encoded words that many programs write. The
// body is read once, in pieces, and only its header sections are kept. It is not decoded: what a program hides inside an archive is the task
// of a virus scanner.

import type { Readable } from 'node:stream'
import { decodeWords } from '../../message/encoded-words.ts'

/** Octets of a body that are read: a part that comes later is not found. 16 MiB take some 50 ms in pieces. */
const BODY_OCTETS = 16 * 1024 * 1024
/** Characters of one header section. The rest of it is not read. */
const SECTION_CHARACTERS = 8192
/** A name that is collected. Longer ones are cut at the front, since the end decides. */
const NAME_CHARACTERS = 512
const NAMES = 1000

const parameter = /(?:file)?name(?:\*(\d{1,3}))?(\*)?[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"?|([^\s;"]+))/gi

/** The fields with names. Other fields, such as Subject:, may have text that looks like one. */
const namingField = /^content-(?:type|disposition)[ \t]*:/i
/** What follows the header section of such a part is another header section (RFC 2046 5.2.1, RFC 6532 3.7). */
const innerMessage = /^content-type[ \t]*:[ \t]*message\/(?:rfc822|global)\b/im

/**
 * @param header the header section of the message itself, as text
 * @param alsoRead gets each line of the body, without its LF
 */
export async function attachmentNames(
  header: string,
  body: Readable,
  alsoRead: (line: string) => void = () => {},
): Promise<readonly string[]> {
  const names: string[] = []
  const reader = sectionReader((section) => names.length < NAMES && names.push(...namesIn(section)))
  reader.begin()
  for (const line of header.trimEnd().split('\n')) reader.line(line)
  reader.line('')
  let octets = 0
  let rest = ''
  for await (const piece of body) {
    const chunk = piece as Buffer
    const lines = (rest + chunk.toString('latin1')).split('\n')
    rest = (lines.pop() ?? '').slice(0, SECTION_CHARACTERS)
    for (const line of lines) {
      reader.line(line)
      alsoRead(line)
    }
    octets += chunk.length
    if (octets >= BODY_OCTETS) break
  }
  reader.line(rest)
  alsoRead(rest)
  reader.end()
  return names.slice(0, NAMES)
}

/** Finds header sections: they begin behind a line with `--` (RFC 2046 5.1.1), and end with an empty line. Keeps the fields with names. */
function sectionReader(found: (section: string) => void) {
  let kept: string | null = null
  let isKept = false
  const begin = () => {
    kept = ''
    isKept = false
  }
  const end = () => {
    const section = kept ?? ''
    kept = null
    if (section !== '') found(section)
    if (innerMessage.test(section)) begin()
  }
  const add = (text: string) => {
    const isFold = /^[ \t]/.test(text)
    if (!isFold) isKept = namingField.test(text)
    if (isKept && kept !== null && kept.length < SECTION_CHARACTERS) kept += `${isFold ? ' ' : '\n'}${text.trimStart()}`
  }
  return {
    begin,
    end,
    /** A line without LF. */
    line: (written: string): void => {
      const text = written.endsWith('\r') ? written.slice(0, -1) : written
      if (text.startsWith('--')) {
        end()
        begin()
      } else if (text === '') end()
      else if (kept !== null) add(text)
    },
  }
}

/** A name in several pieces (`name*0`, `name*1`) is one name. */
function namesIn(section: string): readonly string[] {
  const whole: string[] = []
  const pieces: string[] = []
  for (const [, place, extended, quoted, bare = ''] of section.matchAll(parameter)) {
    const written = quoted === undefined ? bare : quoted.replace(/\\(.)/g, '$1')
    const value = extended ? percentDecoded(written) : decodeWords(written)
    if (place === undefined) whole.push(value)
    else pieces[Math.min(Number(place), NAMES)] = value
  }
  return [...whole, ...(pieces.length > 0 ? [pieces.join('')] : [])].map((name) => name.trim().slice(-NAME_CHARACTERS))
}

/** `utf-8'en'na%C3%AFve.exe`, of which only the end matters. */
function percentDecoded(text: string): string {
  const value = text.slice(text.lastIndexOf("'") + 1)
  return value.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** Programs, scripts, installers, shortcuts, disk images and settings of Windows, and the same of other systems. */
const endings = [
  'ade adp appx appxbundle bat chm cmd com cpl dll exe hta inf ins isp jar jnlp js jse lib lnk mde msc msi msix',
  'msp mst nsh pif ps1 psm1 reg scr sct settingcontent-ms shb shs sys url vb vbe vbs vhd vhdx vxd wsc wsf wsh xll',
  'img iso application gadget command dmg pkg apk desktop',
].flatMap((row) => row.split(' '))

/** Windows ignores dots and spaces at the end, and marks of direction hide the real end. */
const invisible = /[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g

const known: ReadonlySet<string> = new Set(endings)

export function isDangerousName(name: string): boolean {
  const plain = name.replace(invisible, '').replace(/[. ]+$/, '')
  const dot = plain.lastIndexOf('.')
  return dot >= 0 && known.has(plain.slice(dot + 1).toLowerCase())
}
