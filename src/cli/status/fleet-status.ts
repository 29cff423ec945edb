// waypost status --fleet: the state of all nodes. Exit code 1 if one does not answer or fails.

import { createFleetClient } from '../../fleet-view/fleet-client.ts'
import { commandClock } from '../../lib/clock.ts'
import { fleetNodes } from '../../wiring/fleet-settings.ts'
import { queueDirectory } from '../../wiring/node-paths.ts'
import { FAILED, json, line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { withConfig } from '../with-config.ts'
import { readNode } from './ask-status.ts'
import { fleetLines, isWellRow, localRow, remoteRow } from './fleet-lines.ts'

export function fleetStatus(
  options: { readonly config: string; readonly json?: boolean },
  io: Io,
): Promise<number> | number {
  return withConfig(options.config, io, async (config) => {
    const fleet = fleetNodes(config)
    if (fleet.kind === 'none') {
      line(io.stderr, fleet.problem)
      return USAGE
    }
    const client = createFleetClient(fleet.nodes, commandClock)
    const [here, others] = await Promise.all([readNode(queueDirectory(config)), client.statuses()])
    const rows = [localRow(here, config.hostname), ...others.map(remoteRow)]
    if (options.json) json(io.stdout, rows)
    else for (const text of fleetLines(rows)) line(io.stdout, text)
    return rows.every(isWellRow) ? OK : FAILED
  })
}
