// The reference of the configuration, generated from the schemas: docs/reference/configuration.md, docs/node.schema.json, docs/role.schema.json.

import { z } from 'zod'
import { roleSchema } from './role-file.ts'
import { sections } from './sections.ts'

/** What a JSON schema says about a key. */
export interface Described {
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
  const nodeSchema = z.strictObject(
    Object.fromEntries(Object.entries(sections).map(([key, { schema }]) => [key, schema])),
  )
  return z.toJSONSchema(of === 'node' ? nodeSchema : roleSchema, { io: 'input', unrepresentable: 'any' })
}

/** Every key of both files as Markdown tables. */
export function configurationPage(): string {
  return [
    '# Configuration',
    '',
    'All keys of the YAML file of a node and of a role file, with their defaults. `waypost check -c',
    'node.yaml` reads both files and reports every problem as `file:line:column: key: found …, expected',
    '…`.',
    '',
    'Relative paths start at the folder of the file that contains them. A duration is a number with a',
    'unit (`90s`, `5m`, `2h`, `5d`), a size is a number of bytes or a number with a unit (`512KiB`,',
    '`10M`). A key without a default is optional unless it is marked as required.',
    '',
    'This page is generated from the schemas of the program. Do not edit it.',
    '',
    '## Node',
    '',
    ...keyTable(jsonSchema('node') as Described),
    '',
    '## Role file',
    '',
    'The shipped roles are in `roles/`. To use a role of your own, set `role` to the path of its file.',
    'A role cannot make a node an open relay: `internet` is not an origin that may relay.',
    '',
    ...keyTable(jsonSchema('role') as Described),
    '',
  ].join('\n')
}

/** The keys of a schema, and those below them, as a Markdown table. */
export function keyTable(schema: Described): string[] {
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
