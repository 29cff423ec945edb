import { policyServers } from './policy-servers.ts'
import { testAttack } from './test-attack.ts'

testAttack(policyServers)
