// Writes the DKIM-Signature field (RFC 6376 3.5), folded to lines of 78 characters (RFC 5322 2.1.1).

export interface SignatureTags {
  readonly algorithm: string
  readonly domain: string
  readonly selector: string
  /** t=, unix seconds. */
  readonly time: number
  readonly names: readonly string[]
  /** bh=, base64. */
  readonly bodyHash: string
}

const WIDTH = 78
/** The fold of fields of this node (RFC 5322 2.2.3). */
export const FOLD = '\r\n\t'

/** The field up to and including `b=`, as it is signed. */
export function unsignedField(tags: SignatureTags): string {
  const head = [
    `DKIM-Signature: v=1; a=${tags.algorithm}; c=relaxed/relaxed;`,
    `d=${tags.domain}; s=${tags.selector}; t=${tags.time};`,
  ]
  return [...head, `${foldNames(tags.names)};`, `bh=${tags.bodyHash};`, 'b='].join(FOLD)
}

/** The whole field with its CRLF. */
export function signedField(unsigned: string, signature: Buffer): string {
  const text = signature.toString('base64')
  // The first line has `b=` and the fold's tab before it.
  const lines = [text.slice(0, WIDTH - 3)]
  for (let at = WIDTH - 3; at < text.length; at += WIDTH - 1) lines.push(text.slice(at, at + WIDTH - 1))
  return `${unsigned}${lines.join(FOLD)}\r\n`
}

/** `h=a:b:c`, folded after a colon before the line gets too long. */
export function foldNames(names: readonly string[]): string {
  let text = 'h='
  let width = text.length + 1
  for (const [index, name] of names.entries()) {
    const piece = index === names.length - 1 ? name : `${name}:`
    if (width + piece.length > WIDTH - 1) {
      text += FOLD
      width = 1
    }
    text += piece
    width += piece.length
  }
  return text
}
