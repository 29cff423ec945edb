// Finds members of types in src that no code reads: knip finds unused exports, but not unused members of interfaces, object types and
// classes. The TypeScript compiler resolves every `.name` and every `{ name }` of a pattern to the declaration that it reads.
//
// TypeScript's types are structural, so code often reads an object through another type. Hence two rules:
// - A method counts as called if a method of its name is called on an object of a type that its own type is assignable to.
// - Any other member counts as read if some code reads a member of that name, because values travel through spreads, JSON and SQL rows.

import { relative, sep } from 'node:path'
import {
  type ClassDeclaration,
  type Identifier,
  type InterfaceDeclaration,
  type MethodDeclaration,
  type Node,
  type PropertySignatureDeclaration,
  type SourceFile,
  SyntaxKind,
  type TypeLiteralNode,
} from 'typescript/unstable/ast'
import {
  isClassDeclaration,
  isElementAccessExpression,
  isIdentifier,
  isIndexedAccessTypeNode,
  isInterfaceDeclaration,
  isLiteralExpression,
  isLiteralTypeNode,
  isObjectBindingPattern,
  isPropertyAccessExpression,
  isTypeLiteralNode,
} from 'typescript/unstable/ast/is'
import { API, type Checker, type Symbol, type Type } from 'typescript/unstable/sync'

type Owner = InterfaceDeclaration | ClassDeclaration | TypeLiteralNode

interface Member {
  readonly name: string
  readonly nameNode: Node
  readonly isMethod: boolean
  readonly owner: Owner
  /** `queue/contract/queue.ts Queue.purge` */
  readonly label: string
}

interface Occurrences {
  readonly members: readonly Member[]
  /** The two parts of `object.name`. */
  readonly accesses: readonly { readonly receiver: Node; readonly name: Identifier }[]
  /** `{ name }` where it takes an object apart. */
  readonly patterns: readonly { readonly node: Node; readonly names: readonly string[] }[]
  /** Objects in `object[key]` and types in `Type[Key]`: a key that is no literal can read every member. */
  readonly indexed: readonly Node[]
}

const memberKinds: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.PropertySignature,
  SyntaxKind.MethodSignature,
  SyntaxKind.PropertyDeclaration,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.GetAccessor,
])

/**
 * Members declared in `root`/src that no file of src reads, as `file Type.member`, sorted. A test beside the code does not count as a
 * reader.
 */
export function unreadMembers(root: string): string[] {
  const api = new API({ cwd: root })
  try {
    const project = api.updateSnapshot({ openProjects: ['tsconfig.json'] }).getProjects()[0]
    if (!project) throw new Error(`found no TypeScript project in ${root}`)
    const { checker, program } = project
    const declared = new Map<string, Member>()
    const read = new Set<string>()
    const receivers = new Map<string, Node[]>()
    const noteReceiver = (name: string, node: Node) => void receivers.set(name, [...(receivers.get(name) ?? []), node])
    for (const file of program.getSourceFileNames()) {
      const path = relative(`${root}${sep}src`, file)
      const source = path.startsWith('..') || path.endsWith('.test.ts') ? undefined : program.getSourceFile(file)
      if (source === undefined) continue
      const { members, accesses, patterns, indexed } = findOccurrences(source, path)
      const nameNodes = members.map(({ nameNode }) => nameNode)
      symbolsAt(checker, nameNodes).forEach((symbol, index) => {
        for (const key of declarationsOf(symbol)) declared.set(key, members[index] as Member)
      })
      const names = accesses.map(({ name }) => name)
      const symbols = [
        symbolsAt(checker, names),
        symbolsOfPatterns(checker, patterns),
        symbolsOfIndexed(checker, indexed),
      ]
      for (const symbol of symbols.flat()) for (const key of declarationsOf(symbol)) read.add(key)
      for (const { receiver, name } of accesses) noteReceiver(name.text, receiver)
      for (const { node, names } of patterns) for (const name of names) noteReceiver(name, node)
    }
    const [readMembers, unread] = divide(declared, read)
    const owners = Map.groupBy(readMembers, ({ name }) => name)
    const isReadAs = (member: Member) => {
      const others = (owners.get(member.name) ?? []).map(({ owner }) => owner)
      if (!member.isMethod) return others.length > 0
      return isAssignableToAny(checker, member.owner, { owners: others, receivers: receivers.get(member.name) ?? [] })
    }
    const labels = unread.filter((member) => !isReadAs(member)).map(({ label }) => label)
    return [...new Set(labels)].toSorted()
  } finally {
    api.close()
  }
}

function findOccurrences(source: SourceFile, path: string): Occurrences {
  const members: Member[] = []
  const accesses: { receiver: Node; name: Identifier }[] = []
  const patterns: { node: Node; names: string[] }[] = []
  const indexed: Node[] = []
  const visit = (node: Node): void => {
    const member = memberOf(node, path)
    if (member) members.push(member)
    if (isPropertyAccessExpression(node) && isIdentifier(node.name))
      accesses.push({ receiver: node.expression, name: node.name })
    if (isObjectBindingPattern(node)) {
      const names = node.elements.flatMap(({ propertyName, name }) => propertyName ?? name ?? [])
      patterns.push({ node, names: names.filter(isIdentifier).map((name) => name.text) })
    }
    if (isElementAccessExpression(node) && !isLiteralExpression(node.argumentExpression)) indexed.push(node.expression)
    if (isIndexedAccessTypeNode(node) && !isLiteralTypeNode(node.indexType)) indexed.push(node.objectType)
    node.forEachChild(visit)
  }
  visit(source)
  return { members, accesses, patterns, indexed }
}

/** Null for other nodes, for members of object literals, and for overrides: a base class calls them. */
function memberOf(node: Node, path: string): Member | null {
  if (!memberKinds.has(node.kind)) return null
  const { name, parent, modifiers } = node as PropertySignatureDeclaration | MethodDeclaration
  const isOwner = isInterfaceDeclaration(parent) || isClassDeclaration(parent) || isTypeLiteralNode(parent)
  if (!isOwner || !isIdentifier(name)) return null
  if (modifiers?.some((modifier) => modifier.kind === SyntaxKind.OverrideKeyword)) return null
  return {
    name: name.text,
    nameNode: name,
    isMethod: node.kind === SyntaxKind.MethodSignature || node.kind === SyntaxKind.MethodDeclaration,
    owner: parent,
    label: `${path} ${nameOfType(parent)}.${name.text}`,
  }
}

/** An anonymous object type has the name of the declaration around it. */
function nameOfType(owner: Owner): string {
  let node: Node = owner
  for (; node.kind !== SyntaxKind.SourceFile; node = node.parent) {
    const { name } = node as { readonly name?: Node }
    if (name && isIdentifier(name)) return name.text
  }
  return '?'
}

function symbolsAt(checker: Checker, nodes: readonly Node[]): readonly (Symbol | undefined)[] {
  return nodes.length === 0 ? [] : checker.getSymbolAtLocation(nodes)
}

function symbolsOfPatterns(checker: Checker, patterns: Occurrences['patterns']): (Symbol | undefined)[] {
  if (patterns.length === 0) return []
  const types = checker.getTypeAtLocation(patterns.map(({ node }) => node))
  return types.flatMap((type, index) =>
    type ? (patterns[index]?.names ?? []).map((name) => checker.getPropertyOfType(type, name)) : [],
  )
}

function symbolsOfIndexed(checker: Checker, nodes: readonly Node[]): Symbol[] {
  if (nodes.length === 0) return []
  return checker.getTypeAtLocation(nodes).flatMap((type) => (type ? checker.getPropertiesOfType(type) : []))
}

/** A member of a union has one declaration in each type of it. */
function declarationsOf(symbol: Symbol | undefined): string[] {
  return (symbol?.declarations ?? []).map(({ path, index }) => `${path} ${index}`)
}

function divide(declared: ReadonlyMap<string, Member>, read: ReadonlySet<string>): [Member[], Member[]] {
  const entries = [...declared]
  const isRead = ([key]: readonly [string, Member]) => read.has(key)
  return [entries.filter(isRead), entries.filter((entry) => !isRead(entry))].map((some) =>
    some.map(([, member]) => member),
  ) as [Member[], Member[]]
}

/** True if an object of the type can be used as one of the types that declare the method, or as an object that it is called on. */
function isAssignableToAny(
  checker: Checker,
  owner: Owner,
  others: { readonly owners: readonly Owner[]; readonly receivers: readonly Node[] },
): boolean {
  const own = typeOf(checker, owner)
  const types = others.owners.map((other) => typeOf(checker, other))
  if (others.receivers.length > 0) types.push(...checker.getTypeAtLocation(others.receivers))
  return [...new Set(types)].some((type) => !own || !type || checker.isTypeAssignableTo(own, type))
}

function typeOf(checker: Checker, owner: Owner): Type | undefined {
  if (isTypeLiteralNode(owner)) return checker.getTypeFromTypeNode(owner)
  const symbol = owner.name && checker.getSymbolAtLocation(owner.name)
  return symbol && checker.getDeclaredTypeOfSymbol(symbol)
}
