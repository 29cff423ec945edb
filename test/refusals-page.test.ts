// docs/reference/refusals.md lists the refusals of a node, from the calls of `refusal` in the code.

import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const page = join(root, 'docs/reference/refusals.md')

interface Listed {
  readonly code: string
  readonly status: string
  readonly text: string
  readonly module: string
}

/** A text in quotes. */
const LITERAL = String.raw`'[^']*'|"[^"]*"|\`[^\`]*\``
const sources = new Map(
  globSync('src/**/*.ts', { cwd: root })
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => [file, readFileSync(join(root, file), 'utf8')]),
)

/** Every refusal of a file, by each text that it can have. `…` stands for a value. */
function refusalsIn(file: string): Listed[] {
  const source = sources.get(file) ?? ''
  const module = file.split('/')[1] as string
  return [...source.matchAll(/(?<!function )\brefusal\(\s*(\d{3}|code),\s*('[\d.]+'|enhanced),\s*/gs)].flatMap(
    (call) => {
      const [whole, code = '', status = ''] = call
      const texts = code === 'code' ? callsWithStatus(source, call.index) : textsAt(source, call.index, whole.length)
      return texts.map((text) => {
        const [, givenCode = code, givenStatus = status] = /^(\d{3}), ('[\d.]+'), /.exec(text) ?? []
        return {
          code: givenCode,
          status: givenStatus.slice(1, -1),
          text: plain(text.replace(/^\d{3}, '[\d.]+', /, '')),
          module,
        }
      })
    },
  )
}

function plain(quoted: string): string {
  return quoted === '…' ? quoted : quoted.slice(1, -1).replaceAll(/(\$\{[^}]*\})+/g, '…')
}

/** The texts of a call: written in it, in a constant before it, or by the callers of the function around it. Another has any text. */
function textsAt(source: string, index: number, length: number): string[] {
  const written = new RegExp(`^[^'"\`,)]*(${LITERAL})`).exec(source.slice(index + length))
  if (written) return [written[1] as string]
  const [name = ''] = /^\w+/.exec(source.slice(index + length)) ?? []
  const before = source.slice(0, index)
  const body = before.slice(before.lastIndexOf('\nfunction '))
  const constant = body.lastIndexOf(`const ${name} =`)
  if (constant >= 0) return literalsIn(source, body.slice(constant, constant + 300).split('\n  ', 1)[0] ?? '')
  const [, around = ''] = /function (\w+)\(/.exec(body) ?? []
  const calls = source.matchAll(new RegExp(`(?<!function )\\b${around}\\((${LITERAL})`, 'g'))
  const texts = [...calls].map(([, text]) => text as string)
  return texts.length > 0 ? texts : ['…']
}

/** The literals of a declaration, of the table that it reads, or of the results of the function that it calls. */
function literalsIn(source: string, declaration: string): string[] {
  const texts = (where: string, pattern: string) =>
    [...where.matchAll(new RegExp(`${pattern}(${LITERAL})`, 'g'))].map(([, text]) => text as string)
  const [, table] = /= (\w+)\[/.exec(declaration) ?? []
  if (table !== undefined) return texts(tableNamed(table), ': *')
  const own = texts(declaration, '')
  if (own.length > 0) return own
  const [, called = ''] = /\b(\w+)\(/.exec(declaration) ?? []
  const start = source.indexOf(`function ${called}(`)
  const results = start < 0 ? [] : texts(source.slice(start, source.indexOf('\n}', start)), 'return ')
  return results.length > 0 ? results : ['…']
}

function tableNamed(name: string): string {
  for (const source of sources.values()) {
    const start = source.search(new RegExp(`const ${name}\\b[^=]*= \\{`))
    if (start >= 0) return source.slice(start, source.indexOf('\n}', start))
  }
  return ''
}

/** `code, 'status', 'text'` of each call of the function around a call whose code is a parameter. */
function callsWithStatus(source: string, index: number): string[] {
  const before = source.slice(0, index)
  const [, around = ''] = /function (\w+)\(/.exec(before.slice(before.lastIndexOf('\nfunction '))) ?? []
  const calls = source.matchAll(new RegExp(`\\b${around}\\(\\s*(\\d{3}),\\s*('[\\d.]+'),\\s*(${LITERAL})`, 'g'))
  return [...calls].map(([, code, status, text]) => `${code}, ${status}, ${text}`)
}

function refusalsPage(): string {
  const rows = [...sources.keys()]
    .flatMap(refusalsIn)
    .map(({ code, status, text, module }) => `| \`${code} ${status}\` | ${text.replaceAll('|', '\\|')} | ${module} |`)
  return `# Refusals

The replies with which a node refuses a connection, a command or a message. 4xx replies are
temporary: the client tries again. \`…\` stands for a value. The cause of each refusal is in the log
and in the ledger (\`waypost trace\`), never in the reply. A temporary refusal that ends a session
has the code 421. Routing data and rspamd can define other texts: a text that is only \`…\` comes
from them, or from another refusal. With \`help_link\` each ends with a link for the sender. This
page is generated from the code.

| reply | text | module |
|---|---|---|
${[...new Set(rows)].toSorted().join('\n')}
`
}

it('docs/reference/refusals.md has every refusal of the code; UPDATE_EXPECTED=1 rewrites it', () => {
  const text = refusalsPage()
  expect(text.split('\n').length).toBeGreaterThan(60)
  if (process.env.UPDATE_EXPECTED) writeFileSync(page, text)
  expect(readFileSync(page, 'utf8')).toBe(text)
})

it('has each refusal with a text that another place of the code defines', () => {
  const all = [...sources.keys()].flatMap(refusalsIn).map(({ code, status, text }) => `${code} ${status} ${text}`)
  for (const one of [
    '550 5.7.26 Mail with an author at … is accepted here only if it passes DMARC',
    '451 4.7.1 The DMARC policy of … cannot be checked now, please try again later',
    '550 5.6.0 The message has no From: address (RFC 5322 3.6)',
    '535 5.7.8 Authentication credentials invalid',
    '550 5.7.1 … is listed by …',
  ])
    expect(all).toContain(one)
})

it('leaves out no call of refusal', () => {
  const calls = [...sources.values()].flatMap((text) => [...text.matchAll(/(?<!function )\brefusal\(\s*(?:\d|code)/g)])
  const read = [...sources.values()].flatMap((text) => [
    ...text.matchAll(/(?<!function )\brefusal\(\s*(?:\d{3}|code),\s*(?:'[\d.]+'|enhanced),/gs),
  ])
  expect(calls.length).toBeGreaterThan(60)
  expect(read.length).toBe(calls.length)
})
