import { chunks } from './chunks.ts'
import { testAttack } from './test-attack.ts'

testAttack(chunks)
