// What the porter knows about a class of the file.

import { type Param, paramsOf } from './scopes';
import { member, type Node, nameOf } from './tree';

export interface MethodInfo {
  name: string;
  node: Node;
  params: Param[];
  isStatic: boolean;
}

export interface ClassInfo {
  name: string;
  node: Node;
  /** The name as it stands in the file; '' without a parent. */
  parent: string;
  interfaces: string[];
  methods: Map<string, MethodInfo>;
  properties: Map<string, { node: Node; isStatic: boolean }>;
  constants: Set<string>;
}

export const plainName = (name: string) => name.replace(/^.*\\/, '');

export function classInfo(node: Node): ClassInfo {
  const info: ClassInfo = {
    name: nameOf(node),
    node,
    parent: node.kind === 'class' ? nameOf(node.extends) : '',
    interfaces: (member<Node[] | null>(node, node.kind === 'interface' ? 'extends' : 'implements') ?? []).map((one) =>
      nameOf(one),
    ),
    methods: new Map(),
    properties: new Map(),
    constants: new Set(),
  };
  for (const one of member<Node[]>(node, 'body')) {
    if (one.kind === 'method') {
      const name = nameOf(one);
      const params = paramsOf(one);
      info.methods.set(name.toLowerCase(), { name, node: one, params, isStatic: one.isStatic });
      for (const param of params) {
        if (member<number>(param.node, 'flags') !== 0)
          info.properties.set(param.name, { node: param.node, isStatic: false });
      }
    } else if (one.kind === 'propertystatement') {
      for (const property of member<Node[]>(one, 'properties')) {
        info.properties.set(nameOf(property), { node: property, isStatic: one.isStatic });
      }
    } else if (one.kind === 'classconstant') {
      for (const constant of member<Node[]>(one, 'constants')) info.constants.add(nameOf(constant));
    }
  }
  return info;
}
