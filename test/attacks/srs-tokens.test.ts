import { srsTokens } from './srs-tokens.ts'
import { testAttack } from './test-attack.ts'

testAttack(srsTokens)
