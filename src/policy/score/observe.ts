// Makes evidence of the node's own observations, with the points of the table.

import type { Evidence } from '../evidence.ts'
import { type ScoreName, type ScorePoint, scorePoints } from './score-points.ts'

/** @param detail what was seen; without it the meaning of the name */
export function observed(name: ScoreName, detail = ''): Evidence {
  const { points, meaning }: ScorePoint = scorePoints[name]
  return { name, points, detail: detail === '' ? meaning : detail }
}

/** The observations whose condition is true. */
export function observedIf(
  ...found: readonly (readonly [name: ScoreName, isSeen: boolean, detail?: string])[]
): Evidence[] {
  return found.filter(([, isSeen]) => isSeen).map(([name, , detail]) => observed(name, detail))
}
