// All fuzz targets, in the order of the page.

import type { FuzzTarget } from './fuzz-target.ts'
import { commandTarget } from './targets/command-target.ts'
import { headerTarget } from './targets/header-target.ts'
import { messageTarget } from './targets/message-target.ts'
import { proxyTarget } from './targets/proxy-target.ts'
import { reportTarget } from './targets/report-target.ts'
import { sessionTarget } from './targets/session-target.ts'
import { transportTarget } from './targets/transport-target.ts'

export const fuzzTargets: readonly FuzzTarget[] = [
  commandTarget,
  headerTarget,
  messageTarget,
  proxyTarget,
  reportTarget,
  sessionTarget,
  transportTarget,
]
