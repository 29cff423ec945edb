import { srsRelay } from './srs-relay.ts'
import { testAttack } from './test-attack.ts'

testAttack(srsRelay)
