// Where the keys and values of a TOML text stand. The parser tells places of syntax errors only, so this walks over the text a second
// time, after the parser has found it correct: it skips values, reads keys, and notes offsets. It decides nothing about validity; if it
// ever loses its way, places become less exact, never the values. Room: directory. TOML 1.0.

/** Offsets of a key and of its value, by `pathKey` of the way to it: tables, keys, and positions in lists. */
export type TomlPlaces = ReadonlyMap<string, { readonly key: number; readonly value: number }>

/** One text for a path; keys of TOML may hold anything but this character. */
export function pathKey(path: readonly string[]): string {
  return path.join('\u0000')
}

/** Notes the place of every key and list item of a correct TOML text. */
export function tomlPlaces(text: string): TomlPlaces {
  const walk = new Walk(text)
  walk.document()
  return walk.places
}

/** Parts of a path that are looked at: a header may have any number of them, and noting each would take the square of it. */
export const PATH_LIMIT = 20

const bareEnd = /[,\]}\n#]/g
const blank = /[ \t\r\n]/
const hex = /^\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))$/
const escapes: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', e: '\u001b' }

class Walk {
  readonly places = new Map<string, { key: number; value: number }>()
  /** How many tables each list of tables has by now. */
  readonly #counts = new Map<string, number>()
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): void {
    let table: readonly string[] = []
    if (this.#text.startsWith('\ufeff')) this.#at = 1
    for (this.#skipVoid(); this.#at < this.#text.length; this.#skipVoid()) {
      if (this.#text[this.#at] === '[') table = this.#header()
      else this.#pair(table)
    }
  }

  /** `[a.b]` or `[[lists]]`; answers the path of what follows. */
  #header(): readonly string[] {
    const start = this.#at
    const isList = this.#text[this.#at + 1] === '['
    this.#at += isList ? 2 : 1
    const parts = this.#keyParts(']')
    this.#at += isList ? 2 : 1
    const path: string[] = []
    parts.forEach((part, index) => {
      path.push(part)
      const count = this.#counts.get(pathKey(path))
      if (index === parts.length - 1 && isList) {
        this.#counts.set(pathKey(path), (count ?? 0) + 1)
        this.#note(path, start)
        path.push(String(count ?? 0))
      } else if (count !== undefined) path.push(String(count - 1))
      this.#note(path, start)
    })
    return path
  }

  #pair(table: readonly string[]): void {
    const start = this.#at
    const parts = this.#keyParts('=')
    this.#at += 1
    this.#skipVoid()
    const path = [...table, ...parts].slice(0, PATH_LIMIT)
    for (let length = table.length + 1; length < path.length; length += 1) this.#note(path.slice(0, length), start)
    this.places.set(pathKey(path), { key: start, value: this.#at })
    this.#value(path)
  }

  #note(path: readonly string[], offset: number): void {
    const key = pathKey(path)
    if (!this.places.has(key)) this.places.set(key, { key: offset, value: offset })
  }

  /** The parts of a dotted key, up to the character that ends it; what is deeper than anybody looks is left out. */
  #keyParts(end: string): readonly string[] {
    return this.#allKeyParts(end).slice(0, PATH_LIMIT)
  }

  #allKeyParts(end: string): readonly string[] {
    const parts: string[] = []
    let bare = ''
    while (this.#at < this.#text.length && this.#text[this.#at] !== end) {
      const char = this.#text[this.#at] as string
      if (char === '"' || char === "'") parts.push(this.#quoted())
      else {
        if (char !== '.' && !blank.test(char)) bare += char
        else if (bare !== '') parts.push(bare)
        if (char === '.' || blank.test(char)) bare = ''
        this.#at += 1
      }
    }
    if (bare !== '') parts.push(bare)
    return parts
  }

  /** A quoted key; its text without the quotes. */
  #quoted(): string {
    const start = this.#at
    this.#string()
    const inner = this.#text.slice(start + 1, this.#at - 1)
    if (this.#text[start] === "'") return inner
    return inner.replaceAll(/\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)/g, (escape) => {
      const [, short, long] = hex.exec(escape) ?? []
      const code = short ?? long
      return code === undefined
        ? (escapes[escape.slice(1)] ?? escape.slice(1))
        : String.fromCodePoint(Number.parseInt(code, 16))
    })
  }

  /** Passes over a value; the parser has bounded how deep it goes. */
  #value(path: readonly string[]): void {
    const char = this.#text[this.#at]
    if (char === '"' || char === "'") this.#string()
    else if (char === '[') this.#list(path)
    else if (char === '{') this.#inlineTable(path)
    else {
      bareEnd.lastIndex = this.#at + 1
      this.#at = bareEnd.exec(this.#text)?.index ?? this.#text.length
    }
  }

  #list(path: readonly string[]): void {
    this.#at += 1
    for (let index = 0; this.#moreBefore(']'); index += 1) {
      const item = [...path, String(index)]
      this.#note(item, this.#at)
      this.#value(item)
    }
    this.#at += 1
  }

  #inlineTable(path: readonly string[]): void {
    this.#at += 1
    while (this.#moreBefore('}')) this.#pair(path)
    this.#at += 1
  }

  #moreBefore(end: string): boolean {
    this.#skipVoid(',')
    return this.#at < this.#text.length && this.#text[this.#at] !== end
  }

  /** One of the four kinds of strings. */
  #string(): void {
    const quote = this.#text[this.#at] as string
    const long = this.#text.startsWith(quote.repeat(3), this.#at)
    this.#at += long ? 3 : 1
    const end = long ? quote.repeat(3) : quote
    while (this.#at < this.#text.length && !this.#text.startsWith(end, this.#at)) {
      this.#at += quote === '"' && this.#text[this.#at] === '\\' ? 2 : 1
    }
    this.#at += end.length
    // A long string may end with one or two quotes of its own.
    for (let own = 0; long && own < 2 && this.#text[this.#at] === quote; own += 1) this.#at += 1
  }

  /** White space, line ends, comments, and commas where they only part. */
  #skipVoid(comma = ''): void {
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] as string
      if (char === '#') {
        const end = this.#text.indexOf('\n', this.#at)
        this.#at = end < 0 ? this.#text.length : end
      } else if (blank.test(char) || char === comma) this.#at += 1
      else return
    }
  }
}
