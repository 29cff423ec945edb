import { mayMount } from '../lib/small-disk.ts'
import { testAttack } from './test-attack.ts'
import { unfinishedBodies } from './unfinished-bodies.ts'

if (mayMount) testAttack(unfinishedBodies)
