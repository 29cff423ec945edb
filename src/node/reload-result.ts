// The result of a reload: what the log, health, metrics and `waypost reload` say about it.

import { z } from 'zod'

const problem = z.object({ file: z.string(), line: z.number(), column: z.number(), message: z.string() })

/** The form in which the node answers a command. */
export const reloadResultSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('reloaded'),
    /** The node's YAML. */
    file: z.string(),
    /** What was loaded, such as `3 routing files, 1 signing key`. */
    summary: z.string(),
    warnings: z.array(problem),
    /** Changed keys that become active with the next start. */
    restartFor: z.array(z.string()),
  }),
  z.object({
    kind: z.literal('refused'),
    file: z.string(),
    /** Nothing has changed in the node. */
    problems: z.array(problem),
  }),
])

export type ReloadResult = z.output<typeof reloadResultSchema>
