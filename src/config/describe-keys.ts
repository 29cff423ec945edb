// The configuration's own description: docs/configuration.md is made from the schemas, so it cannot lie about keys or defaults.

import { z } from 'zod'
import { nodeSchema } from './node-schema.ts'
import { roleSchema } from './role-schema.ts'

interface Described {
  readonly description?: string
  readonly default?: unknown
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Described>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Described | boolean
  readonly items?: Described
  readonly anyOf?: readonly Described[]
}

/** JSON Schema of a node's YAML or of a role file, for editors. */
export function jsonSchema(of: 'node' | 'role'): unknown {
  return z.toJSONSchema(of === 'node' ? nodeSchema : roleSchema, { io: 'input', unrepresentable: 'any' })
}

/** Every key of both files as Markdown tables. */
export function configurationPage(): string {
  return [
    '# Configuration',
    '',
    'Every key of a node’s YAML and of a role file, with its default. `waypost check` reads both and reports every mistake at once, as',
    '`file:line:column: key: found …, expected …`. Relative paths start at the folder of the file that names them. Durations are written `90s`,',
    '`5m`, `2h`, `5d`; sizes `512KiB`, `10M`. This page is made from the program’s own schemas.',
    '',
    '## A node’s YAML',
    '',
    ...table(jsonSchema('node') as Described),
    '',
    '## A role file',
    '',
    'The roles of the program are in `roles/`; `role:` may also be the path of your own file. The internet is no origin that may relay: the schema has no word for it.',
    '',
    ...table(jsonSchema('role') as Described),
    '',
  ].join('\n')
}

function table(schema: Described): string[] {
  return ['| key | default | meaning |', '|---|---|---|', ...rows(schema, '')]
}

function rows(schema: Described, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const name = `${prefix}${key}`
    const required = schema.required?.includes(key) ? 'required' : written(value)
    const words = choices(value)
    const meaning = [value.description ?? '', words].filter((part) => part !== '').join(' ')
    return [`| \`${name}\` | ${required} | ${meaning} |`, ...inner(value, name)]
  })
}

/** Keys below a key: of an object, of each member of a map (`<name>`), of each item of a list (`[]`). */
function inner(value: Described, name: string): string[] {
  if (value.properties) return rows(value, `${name}.`)
  const member = typeof value.additionalProperties === 'object' ? value.additionalProperties : undefined
  if (member) return inner(member, `${name}.<name>`)
  if (value.items) return inner(value.items, `${name}[]`)
  return (value.anyOf ?? []).flatMap((one) => inner(one, name))
}

function written(value: Described): string {
  const { default: given } = value
  if (given === undefined || (typeof given === 'object' && Object.keys(given as object).length === 0)) return ''
  return `\`${typeof given === 'string' ? given : JSON.stringify(given)}\``
}

function choices(value: Described): string {
  const words = value.enum ?? value.items?.enum
  return words ? `One of ${words.map((word) => `\`${String(word)}\``).join(', ')}.` : ''
}
