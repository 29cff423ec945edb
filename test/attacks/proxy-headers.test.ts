import { proxyHeaders } from './proxy-headers.ts'
import { testAttack } from './test-attack.ts'

testAttack(proxyHeaders)
