// Writes the WebAssembly program of SHA-256 and SHA-512 (FIPS 180-4): one function that hashes padded blocks of its memory. A call costs
// some nanoseconds, where a call of node:crypto costs more than the hash of a short input. sha-chain.ts runs it.

import { initialWord, roundConstant, type ShaWidth } from './sha-constants.ts'

type Code = readonly number[]
type Sigma = readonly [number, number, number]

interface Algorithm {
  readonly rounds: number
  /** Rotations of the functions Σ0, Σ1, σ0 and σ1; the last number of the small ones is a shift (FIPS 180-4 4.1.2, 4.1.3). */
  readonly sigmas: readonly [Sigma, Sigma, Sigma, Sigma]
}

const algorithms: Record<ShaWidth, Algorithm> = {
  // biome-ignore format: one function in a place
  32: { rounds: 64, sigmas: [[2, 13, 22], [6, 11, 25], [7, 18, 3], [17, 19, 10]] },
  // biome-ignore format: one function in a place
  64: { rounds: 80, sigmas: [[28, 34, 39], [14, 18, 41], [1, 8, 7], [19, 61, 6]] },
}

/** Locals: the parameters, then words. */
const INPUT = 0
const BLOCKS = 1
const OUTPUT = 2
const STATE = 3
const WORKING = 11
const SCHEDULE = 19
const SUM = 35
const WORDS = 33

/** Opcodes (WebAssembly 1.0, 5.4). */
const I32 = 0x7f
const I64 = 0x7e
const NO_RESULT = 0x40
const LOOP = 0x03
const END = 0x0b
const BRANCH_IF = 0x0d
const GET = 0x20
const SET = 0x21
const I32_CONST = 0x41
const I32_ADD = 0x6a
const I32_SUB = 0x6b

/** Opcodes for words; those of 64 bits follow those of 32. */
function opcodes(width: ShaWidth) {
  const [far, near] = width === 64 ? [0x12, 1] : [0, 0]
  const memory = { load: 0x28 + near, store: 0x36 + near, const: 0x41 + near }
  return { ...memory, add: 0x6a + far, and: 0x71 + far, or: 0x72 + far, xor: 0x73 + far, ...shifts(far) }
}

function shifts(far: number) {
  return { shl: 0x74 + far, shr: 0x76 + far, rotr: 0x78 + far }
}

/** The module. It imports `m.memory` and exports `hash(input, blocks, output)`: places in octets, and at least one block. */
export function shaProgram(width: ShaWidth): Uint8Array {
  const body = code(1, WORDS, width === 64 ? I64 : I32, hashCode(width), END)
  return Uint8Array.from(
    code(
      [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      section(1, code(1, 0x60, 3, I32, I32, I32, 0)),
      section(2, code(1, name('m'), name('memory'), 0x02, 0x00, 1)),
      section(3, [1, 0]),
      section(7, code(1, name('hash'), 0x00, 0)),
      section(10, code(1, unsigned(body.length), body)),
    ),
  )
}

function code(...parts: readonly (number | Code)[]): Code {
  return parts.flat()
}

function section(id: number, content: Code): Code {
  return code(id, unsigned(content.length), content)
}

function name(text: string): Code {
  return code(text.length, [...Buffer.from(text)])
}

const eight = Array.from({ length: 8 }, (_, at) => at)
const sixteen = Array.from({ length: 16 }, (_, at) => at)

function hashCode(width: ShaWidth): Code {
  const op = opcodes(width)
  const octets = width / 8
  const word = (at: number): Code => code(0, unsigned(at * octets))
  const rounds = Array.from({ length: algorithms[width].rounds }, (_, t) => roundCode(width, t))
  const step = (local: number, operation: number, by: number): Code =>
    code(GET, local, I32_CONST, signed(BigInt(by)), operation, SET, local)
  return code(
    ...eight.map((at) => code(constant(width, initialWord(width, at)), SET, STATE + at)),
    [LOOP, NO_RESULT],
    ...sixteen.map((at) => code(GET, INPUT, op.load, word(at), SET, SUM, swapped(width, SUM), SET, SCHEDULE + at)),
    ...eight.map((at) => [GET, STATE + at, SET, WORKING + at]),
    ...rounds,
    ...eight.map((at) => [GET, STATE + at, GET, WORKING + at, op.add, SET, STATE + at]),
    step(INPUT, I32_ADD, 16 * octets),
    step(BLOCKS, I32_SUB, 1),
    [GET, BLOCKS, BRANCH_IF, 0, END],
    ...eight.map((at) => code(GET, OUTPUT, swapped(width, STATE + at), op.store, word(at))),
  )
}

/** Round `t` of FIPS 180-4 6.2.2 and 6.4.2. The working variables stay in their locals, and their names move. */
function roundCode(width: ShaWidth, t: number): Code {
  const op = opcodes(width)
  const [a, b, c, d, e, f, g, h] = eight.map((at) => WORKING + ((at + 7 * t) & 7)) as unknown as Working
  const w = SCHEDULE + (t & 15)
  const [sigma0, sigma1] = algorithms[width].sigmas
  const choose = [GET, g, GET, e, GET, f, GET, g, op.xor, op.and, op.xor]
  const majority = [GET, a, GET, b, op.and, GET, c, GET, a, GET, b, op.or, op.and, op.or]
  return code(
    t < 16 ? [] : scheduleCode(width, t),
    [GET, h, ...constant(width, roundConstant(width, t)), op.add, GET, w, op.add],
    [...turns(width, e, [...sigma1, op.rotr]), op.add, ...choose, op.add, SET, SUM],
    [GET, d, GET, SUM, op.add, SET, d],
    [GET, SUM, ...turns(width, a, [...sigma0, op.rotr]), op.add, ...majority, op.add, SET, h],
  )
}

type Working = readonly [number, number, number, number, number, number, number, number]

/** Word `t` of the message schedule, in the place of the word sixteen before. */
function scheduleCode(width: ShaWidth, t: number): Code {
  const { add, shr } = opcodes(width)
  const w = (at: number): number => SCHEDULE + (at & 15)
  const [, , sigma0, sigma1] = algorithms[width].sigmas
  const newer = turns(width, w(t - 2), [...sigma1, shr])
  const older = turns(width, w(t - 15), [...sigma0, shr])
  return code(GET, w(t), newer, add, GET, w(t - 7), add, older, add, SET, w(t))
}

/** The word rotated twice, and rotated or shifted once, combined. */
function turns(width: ShaWidth, local: number, [x, y, z, last]: readonly [...Sigma, number]): Code {
  const { rotr, xor } = opcodes(width)
  const turned = (by: number, operation: number): Code => code(GET, local, constant(width, BigInt(by)), operation)
  return code(turned(x, rotr), turned(y, rotr), xor, turned(z, last), xor)
}

/** The word with its octets in the other order, because WebAssembly is little-endian and SHA big-endian. Halves change places. */
function swapped(width: ShaWidth, local: number): Code {
  const { and, or, shl, shr, rotr } = opcodes(width)
  const exchanged = (by: bigint, mask: bigint): Code => {
    const [distance, kept] = [constant(width, by), constant(width, mask)]
    return code(SET, SUM, GET, SUM, kept, and, distance, shl, GET, SUM, distance, shr, kept, and, or)
  }
  const octets = exchanged(8n, 0x00ff_00ff_00ff_00ffn)
  const pairs = width === 64 ? exchanged(16n, 0x0000_ffff_0000_ffffn) : []
  return code(GET, local, octets, pairs, constant(width, BigInt(width / 2)), rotr)
}

function constant(width: ShaWidth, value: bigint): Code {
  return code(opcodes(width).const, signed(BigInt.asIntN(width, value)))
}

/** LEB128 (WebAssembly 1.0, 5.2.2). */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

function signed(value: bigint): Code {
  const low = Number(value & 0x7fn)
  const rest = value >> 7n
  const isLast = (rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40)
  return isLast ? [low] : [low | 0x80, ...signed(rest)]
}
