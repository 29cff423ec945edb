// Computes chains of SHA-256 and SHA-512 digests, each over the one before it, as SHA-crypt has thousands of them. It runs the WebAssembly
// program of sha-program.ts; each thread has its own.

import type { ShaWidth } from './sha-constants.ts'
import { shaProgram } from './sha-program.ts'

/** The input of one digest: the digest before it, between other octets. */
export interface ChainLink {
  readonly before: Uint8Array
  readonly after: Uint8Array
}

export interface Chain {
  /** What the first link takes as the digest before it. */
  readonly first: Uint8Array
  readonly links: readonly ChainLink[]
  /** Number of digests. */
  readonly length: number
  /** The index of the link for digest number `at`, from 0. */
  readonly linkAt: (at: number) => number
}

interface Memory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

/** What is used of the global object; the types of Node.js do not have it. */
declare const WebAssembly: {
  readonly Memory: new (size: Readonly<Record<'initial', number>>) => Memory
  readonly Module: new (program: Uint8Array) => object
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<'m', Readonly<Record<'memory', Memory>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> }
}

interface Kernel {
  readonly memory: Memory
  readonly hash: (input: number, blocks: number, output: number) => void
}

/** Octets of a page of WebAssembly memory. */
const PAGE = 65_536

const kernels = new Map<ShaWidth, Kernel>()

/** The last digest of the chain. `width`: bits of a word, 32 for SHA-256, 64 for SHA-512. */
export function chainDigest(width: ShaWidth, { first, links, length, linkAt }: Chain): Buffer {
  const { memory, hash } = kernelOf(width)
  const size = first.length
  const places = placesOf(width, size, links)
  const end = places.at(-1)?.end ?? size
  if (memory.buffer.byteLength < end) memory.grow(Math.ceil((end - memory.buffer.byteLength) / PAGE))
  const octets = Buffer.from(memory.buffer)
  octets.set(first, 0)
  for (const [index, { before, after }] of links.entries()) {
    const { start, previous, end: linkEnd } = places[index] as LinkPlace
    octets.set(before, start)
    octets.set(after, previous + size)
    // The padding (FIPS 180-4 5.1): a bit, zeros, and the number of bits in two words, of which the lower one is enough.
    octets[previous + size + after.length] = 0x80
    octets.writeUInt32BE((before.length + size + after.length) * 8, linkEnd - 4)
  }
  for (let at = 0; at < length; at++) {
    const { start, previous, blocks } = places[linkAt(at)] as LinkPlace
    octets.copyWithin(previous, 0, size)
    hash(start, blocks, 0)
  }
  const last = Buffer.from(octets.subarray(0, size))
  // No part of a password stays in the memory of the program, and the next chain finds zeros.
  octets.fill(0, 0, end)
  return last
}

interface LinkPlace {
  readonly start: number
  /** Where the digest before it is. */
  readonly previous: number
  readonly blocks: number
  readonly end: number
}

/** The digest is at 0, and the links follow. */
function placesOf(width: ShaWidth, size: number, links: readonly ChainLink[]): LinkPlace[] {
  const block = width * 2
  let start = block
  return links.map(({ before, after }) => {
    const padding = 1 + width / 4
    const blocks = Math.ceil((before.length + size + after.length + padding) / block)
    const place = { start, previous: start + before.length, blocks, end: start + blocks * block }
    start = place.end
    return place
  })
}

function kernelOf(width: ShaWidth): Kernel {
  const known = kernels.get(width)
  if (known) return known
  const memory = new WebAssembly.Memory({ initial: 1 })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(shaProgram(width)), { m: { memory } })
  const kernel: Kernel = { memory, hash: exports['hash'] as Kernel['hash'] }
  kernels.set(width, kernel)
  return kernel
}
