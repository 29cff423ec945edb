// `checks`: the modes of the checks on every listener of the node.

import { checkModes } from '../check-modes.ts'
import { plainSection } from '../section.ts'

/** Whether the role has these checks is checked in ../check-modes.ts. */
export const checks = plainSection(
  checkModes.describe(
    'Modes of checks, by name, in place of those of the role: `{ spam: test }`. test: the check runs and records what it would refuse, and changes nothing. active: it acts.',
  ),
)
