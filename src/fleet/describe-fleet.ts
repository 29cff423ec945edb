// The reference of the fleet file, generated from its schema: docs/fleet.schema.json and the table in docs/reference/fleet.md.

import { z } from 'zod'
import { type Described, keyTable } from '../config/describe-keys.ts'
import { fleetSchema } from './fleet-schema.ts'

/** JSON Schema of a fleet file, for editors. */
export function fleetJsonSchema(): unknown {
  return z.toJSONSchema(fleetSchema, { io: 'input', unrepresentable: 'any' })
}

/** Every key of a fleet file as a Markdown table. */
export function fleetKeys(): string {
  return keyTable(fleetJsonSchema() as Described).join('\n')
}
