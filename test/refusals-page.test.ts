// docs/reference/refusals.md lists the refusals of a node, from the calls of `refusal` with a literal text in the code.

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

/** The refusals with a literal text. `…` stands for a value. */
function refusalsIn(file: string): Listed[] {
  const calls = readFileSync(join(root, file), 'utf8').matchAll(
    /\brefusal\(\s*(\d{3}),\s*'([\d.]+)',\s*[^'"`,)]*('[^']*'|"[^"]*"|`[^`]*`)/g,
  )
  return [...calls].map(([, code, status, quoted]) => ({
    code: code as string,
    status: status as string,
    text: (quoted as string).slice(1, -1).replaceAll(/(\$\{[^}]*\})+/g, '…'),
    module: file.split('/')[1] as string,
  }))
}

function refusalsPage(): string {
  const files = globSync('src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'))
  const rows = files
    .flatMap(refusalsIn)
    .map(({ code, status, text, module }) => `| \`${code} ${status}\` | ${text.replaceAll('|', '\\|')} | ${module} |`)
  return `# Refusals

The replies with which a node refuses a connection, a command or a message. 4xx replies are
temporary: the client tries again. \`…\` stands for a value. The cause of each refusal is in the log
and in the ledger (\`waypost trace\`), never in the reply. Routing data and rspamd can define other
texts. With \`help_link\` each ends with a link for the
sender. This page is generated from the code.

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
