import { testAttack } from './test-attack.ts'
import { unfinishedHeaders } from './unfinished-headers.ts'

testAttack(unfinishedHeaders)
