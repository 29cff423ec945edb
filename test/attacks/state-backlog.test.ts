import { stateBacklog } from './state-backlog.ts'
import { testAttack } from './test-attack.ts'

testAttack(stateBacklog)
