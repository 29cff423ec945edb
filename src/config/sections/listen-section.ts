// Where the listeners of the role bind on this node, and the files of the clients that may submit mail there.

import { z } from 'zod'
import { pathSection, plainSection } from '../section.ts'
import { bindAddress, path } from '../values.ts'

/** Whether the role has these listeners is checked in ../listeners.ts. */
export const listen = plainSection(
  z
    .record(z.string(), bindAddress)
    .default({})
    .describe("Address and port of the role's listeners, by listener name; default: as in the role file."),
)

export const users = pathSection(path.optional().describe('passwd-file of the users who may submit mail.'))

export const machines = pathSection(path.optional().describe('YAML file of the machines that may submit mail.'))
