import { srsPlaces } from './srs-places.ts'
import { testAttack } from './test-attack.ts'

testAttack(srsPlaces)
