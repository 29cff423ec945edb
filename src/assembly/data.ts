// Everything a node reads besides its own YAML: routing data, people, machines, signing keys. Loaded whole; one problem refuses it all,
// at start as at a reload, so that a node never runs on half of what an admin wrote.

import type { Config } from '../config/config.ts'
import type { Problem } from '../config/problem.ts'
import { loadDirectory } from '../directory/load.ts'
import type { Fact } from '../directory/hiera-scope.ts'
import { loadKeys } from '../dkim/key-store.ts'
import type { DkimKey } from '../dkim/key.ts'
import { createSigner } from '../dkim/sign.ts'
import type { Signer } from '../dkim/signer.ts'
import { createRouter } from '../route/router.ts'
import type { Router } from '../route/resolution.ts'
import { routerSettings } from './router-settings.ts'

const DAY_MS = 86_400_000
